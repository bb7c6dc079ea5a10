// The only two things that credentials need of the machine they run on: a small file and a command's
// output. Imported when asked for, so that runtimes without files or processes load neither; what cannot
// be had is undefined.

export async function readLocalFile(path: string): Promise<string | undefined> {
  try {
    const { readFile } = await import('node:fs/promises')
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

export async function runLocalCommand(
  command: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { execFile } = await import('node:child_process')
    return await new Promise<string | undefined>((resolve) => {
      const options = { env: { ...env }, timeout: 10_000, maxBuffer: 1 << 20 }
      execFile(command, parameters, options, (error, stdout) => resolve(error ? undefined : stdout))
    })
  } catch {
    return undefined
  }
}

// The real curl, as the README's lines call it.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface CurlOutcome {
  /** Of the last answer. */
  status: number
  body: string
  /** The status lines and headers, with `-v`'s marks. */
  trace: string
}

/** `curl -LT FILE …`: uploads these bytes from a file, following redirects. */
export async function curlUpload(bytes: Uint8Array, args: string[]): Promise<CurlOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-curl-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'file')
  await writeFile(file, bytes)
  return curl(['-LT', file, ...args])
}

export function curl(args: string[]): Promise<CurlOutcome> {
  const all = ['-sSv', '--noproxy', '*', '-w', '\n%{http_code}', ...args]
  return new Promise((resolve, reject) => {
    execFile('curl', all, { maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error && stdout === '') return reject(error)
      const end = stdout.lastIndexOf('\n')
      resolve({
        status: Number(stdout.slice(end + 1)),
        body: stdout.slice(0, end),
        trace: stderr,
      })
    })
  })
}

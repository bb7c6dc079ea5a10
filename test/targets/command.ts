// A program run to its end, with what it wrote.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export interface Ran {
  code: number | null
  out: string
  error: string
}

export interface Command {
  command: string
  args: readonly string[]
  cwd: string
  env: NodeJS.ProcessEnv
}

export async function runCommand({ command, args, cwd, env }: Command): Promise<Ran> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, out, error }
}

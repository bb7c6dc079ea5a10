// Runs the command line in a folder of its own: as a rule in this process, for speed, and as a process of
// its own where that is the point.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { main } from '../../functions/node/cli.ts'

const CLI = fileURLToPath(new URL('../../functions/node/cli.ts', import.meta.url))
const HERE = process.cwd()

export interface Outcome {
  code: number
  out: string
  bytes: Buffer
  err: string
}

export interface Skein {
  folder: string
  (...args: string[]): Promise<Outcome>
  withInput(input: string | Buffer, ...args: string[]): Promise<Outcome>
  /** In a process of its own. */
  spawned(...args: string[]): Promise<Outcome>
}

export async function newSkein(env: Record<string, string> = {}): Promise<Skein> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-cli-'))
  onTestFinished(async () => {
    process.chdir(HERE)
    await rm(folder, { recursive: true, force: true })
  })
  const run = (...args: string[]) => runHere(folder, env, args)
  return Object.assign(run, {
    folder,
    withInput: (input: string | Buffer, ...args: string[]) => runHere(folder, env, args, input),
    spawned: (...args: string[]) => runSpawned(folder, env, args),
  })
}

async function runHere(
  folder: string,
  env: Record<string, string>,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<Outcome> {
  process.chdir(folder)
  const out = collect()
  const err = collect()
  const code = await main(args, {
    env,
    stdin: Readable.from([Buffer.from(input)], { objectMode: false }),
    stdout: out.stream,
    stderr: err.stream,
  })
  return outcome(code, out.chunks, err.chunks)
}

function runSpawned(
  folder: string,
  env: Record<string, string>,
  args: readonly string[],
): Promise<Outcome> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  })
  const out = collect()
  const err = collect()
  child.stdout.pipe(out.stream)
  child.stderr.pipe(err.stream)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(outcome(code ?? -1, out.chunks, err.chunks)))
  })
}

function collect(): { stream: Writable; chunks: Buffer[] } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { stream, chunks }
}

function outcome(code: number, out: Buffer[], err: Buffer[]): Outcome {
  const bytes = Buffer.concat(out)
  return { code, bytes, out: bytes.toString(), err: Buffer.concat(err).toString() }
}

// Two full servers, and the two that check them: our built command line and rclone, each as a process whose time and
// memory are taken alike.

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { buildTarget } from '../../../functions/build.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Store } from '#shared/storage/store.ts'
import { rcloneVersion } from '../copy/peers.ts'
import type { ServerProcess } from '../../servers/process.ts'
import { startProcess } from '../../servers/process.ts'
import { testCredential } from '../../servers/s3/server.ts'

export interface Side {
  name: 'left' | 'right'
  url: string
  /** As both of our command line and our library name it. */
  uri: string
  store: Store
}

export interface Stage {
  sides: readonly [Side, Side]
  /** Where our records are kept; the servers are of a kind that cannot. */
  records: string
  /** Of `skein` with these arguments. */
  skein: (...args: string[]) => Promise<Run>
  /** Absent where it is not installed. */
  rclone: ((...args: string[]) => Promise<Run>) | undefined
  stop: () => Promise<void>
}

export interface Run {
  seconds: number
  /** The most that was resident. */
  megabytes: number
  code: number
  out: string
  err: string
}

const SERVER = fileURLToPath(new URL('full-server.ts', import.meta.url))
const { accessKeyId, secretAccessKey } = testCredential
const KEYS = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }

export async function openStage(folder: string, count: number): Promise<Stage> {
  const installed = await rcloneVersion()
  const dist = join(folder, 'dist')
  await buildTarget('node', dist)
  const servers = await Promise.all([startFull('left', count), startFull('right', count)])
  const [left, right] = servers.map(({ url }, at) => sideAt(at === 0 ? 'left' : 'right', url))
  // What is set on this machine for real clouds is not for these servers.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'))
  const env = {
    ...Object.fromEntries(own),
    ...KEYS,
    ...remote(left!),
    ...remote(right!),
    NO_COLOR: '1',
  }
  return {
    sides: [left!, right!],
    records: `file:${join(folder, 'records')}`,
    skein: (...args) => run(process.execPath, [join(dist, 'cli.mjs'), ...args], folder, env),
    rclone: installed ? (...args) => run('rclone', args, folder, env) : undefined,
    stop: async () => void (await Promise.all(servers.map(({ server }) => server.stop()))),
  }
}

/** The remotes of rclone are called as the sides are. */
function remote({ name, url }: Side): Record<string, string> {
  const of = `RCLONE_CONFIG_${name.toUpperCase()}`
  return {
    RCLONE_CONFIG: '/dev/null',
    [`${of}_TYPE`]: 's3',
    [`${of}_PROVIDER`]: 'Other',
    [`${of}_ENDPOINT`]: url,
    [`${of}_REGION`]: 'us-east-1',
    [`${of}_ACCESS_KEY_ID`]: accessKeyId,
    [`${of}_SECRET_ACCESS_KEY`]: secretAccessKey,
  }
}

async function startFull(
  name: string,
  count: number,
): Promise<{ server: ServerProcess; url: string }> {
  const args = [SERVER, name, String(count)]
  const server = await startProcess({ command: process.execPath, args, ready: /^\{/ })
  return { server, url: (JSON.parse(server.line) as { url: string }).url }
}

function sideAt(name: Side['name'], url: string): Side {
  const uri = `s3://${name}?endpoint=${url}&region=us-east-1`
  const platform = { env: KEYS, fileSystem: true, now: Date.now }
  return { name, url, uri, store: openStore(uri, platform, { name }) }
}

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Run> {
  const began = performance.now()
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = [collect(child.stdout), collect(child.stderr)]
  const peak = watchMemory(child)
  const [code] = (await once(child, 'close')) as [number | null]
  const seconds = (performance.now() - began) / 1000
  return { seconds, megabytes: (await peak) / 2 ** 20, code: code ?? -1, out: out(), err: err() }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

/** The system's own high mark, asked for as long as the process is there. */
async function watchMemory(child: ChildProcess): Promise<number> {
  let bytes = 0
  while (child.exitCode === null && child.signalCode === null) {
    const text = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(text) ?? []
    if (kilobytes !== undefined) bytes = Math.max(bytes, Number(kilobytes) * 1024)
    await wait(50)
  }
  return bytes
}

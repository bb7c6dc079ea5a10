// The built Node server over folder stores of its own, in a process that can be asked for its memory.

import { createHash, randomBytes } from 'node:crypto'
import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildTarget } from '../../../functions/build.ts'
import { end } from '../../servers/process.ts'

export interface FuzzedServer {
  port: number
  token: string
  rssBytes(): Promise<number>
  /** What it said last, for when it ends. */
  lastWords(): string
  /** True until it ends by itself, which it never should. */
  runs(): boolean
  stop(): Promise<void>
}

export const WORKSPACE = 'demo'

export async function startFuzzedServer(folder: string): Promise<FuzzedServer> {
  const token = `skein_${randomBytes(32).toString('base64url')}`
  const dist = join(folder, 'dist')
  await buildTarget('node', dist)
  const child = fork(join(dist, 'server.mjs'), {
    cwd: folder,
    env: {
      ...process.env,
      PORT: '0',
      SKEIN_CONFIG: JSON.stringify(configuration(token)),
      SKEIN_SECRET: randomBytes(32).toString('base64url'),
    },
    execArgv: ['--expose-gc', '--import', fileURLToPath(new URL('memory.ts', import.meta.url))],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const said: string[] = []
  const port = await listening(child, said)
  return {
    port,
    token,
    async rssBytes() {
      child.send('how much?')
      const [bytes]: unknown[] = await once(child, 'message')
      return Number(bytes)
    },
    lastWords: () => said.join('\n'),
    runs: () => child.exitCode === null && child.signalCode === null,
    stop: () => end(child),
  }
}

/** Keeps the last of what the server says in `said`. */
async function listening(child: ChildProcess, said: string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const hear = (line: string): void => {
    said.push(line)
    if (said.length > 50) said.shift()
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (port !== undefined) resolve(Number(port))
  }
  createInterface(child.stdout!).on('line', hear)
  createInterface(child.stderr!).on('line', hear)
  child.once('exit', (code) => {
    reject(new Error(`The server ended with ${code} as it started: ${said.join('\n')}`))
  })
  return promise
}

function configuration(token: string) {
  const hash = createHash('sha256').update(token).digest('base64url')
  return {
    stores: { main: 'file:./data/main', second: 'file:./data/second' },
    workspaces: {
      [WORKSPACE]: {
        primary: 'main',
        replicas: ['second'],
        uploads: { types: ['image/*', 'text/plain'], maxSize: '1 GiB' },
      },
    },
    access: {
      tokens: [
        {
          name: 'fuzz',
          hash: `sha256:${hash}`,
          workspaces: [WORKSPACE],
          scopes: ['upload', 'download', 'list', 'delete', 'operate'],
        },
      ],
    },
  }
}

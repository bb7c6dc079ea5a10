// Azurite's queue service on a free port: it checks shared keys.

import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startProcess } from './process.ts'

export interface AzuriteQueue {
  /** Ends in the account's name. */
  url: string
  stop: () => Promise<void>
}

export async function startAzuriteQueue(account: string): Promise<AzuriteQueue> {
  const root = dirname(createRequire(import.meta.url).resolve('azurite/package.json'))
  const folder = await mkdtemp(join(tmpdir(), 'skein-azurite-'))
  const server = await startProcess({
    command: process.execPath,
    args: [
      join(root, 'dist/src/queue/main.js'),
      ...['--queueHost', '127.0.0.1', '--queuePort', '0'],
      ...['--inMemoryPersistence', '--silent', '--disableTelemetry', '--skipApiVersionCheck'],
      '--disableProductStyleUrl',
    ],
    cwd: folder,
    ready: /listens on http/,
  })
  const url = /http:\/\/[\d.:]+/.exec(server.line)?.[0]
  if (url === undefined) throw new Error(`Azurite does not say where it listens: ${server.line}`)
  return {
    url: `${url}/${account}`,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

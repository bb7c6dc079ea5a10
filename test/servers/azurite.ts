// Azurite's blob service on a free port, in memory: it checks shared keys and SAS, and knows no versions.

import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess } from './process.ts'

export interface AzuriteServer {
  url: string
  account: string
  accountKey: string
  pid: number
  stop: () => Promise<void>
}

/** What Azurite is known by to everyone; it is no secret. */
const ACCOUNT = 'devstoreaccount1'
const ACCOUNT_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export async function startAzurite(): Promise<AzuriteServer> {
  const { url, pid, stop } = await startAzuriteService('blob')
  return { url: `${url}/${ACCOUNT}`, account: ACCOUNT, accountKey: ACCOUNT_KEY, pid, stop }
}

/** `url` is where it listens, without an account. */
export async function startAzuriteService(
  service: 'blob' | 'queue',
): Promise<{ url: string; pid: number; stop: () => Promise<void> }> {
  const root = dirname(createRequire(import.meta.url).resolve('azurite/package.json'))
  const folder = await mkdtemp(join(tmpdir(), 'skein-azurite-'))
  const server = await startProcess({
    command: process.execPath,
    args: [
      ...['--require', fileURLToPath(new URL('azurite-unswept.cjs', import.meta.url))],
      join(root, `dist/src/${service}/main.js`),
      ...[`--${service}Host`, '127.0.0.1', `--${service}Port`, '0'],
      ...['--inMemoryPersistence', '--silent', '--disableTelemetry', '--skipApiVersionCheck'],
      '--disableProductStyleUrl',
    ],
    cwd: folder,
    ready: /listens on http/,
  })
  const url = /http:\/\/[\d.:]+/.exec(server.line)?.[0]
  if (url === undefined) throw new Error(`Azurite does not say where it listens: ${server.line}`)
  return {
    url,
    pid: server.pid,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

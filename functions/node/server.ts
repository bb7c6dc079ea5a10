// The local process: the whole suite in one, with no account anywhere. `npm start` runs it.

import { serve } from '@hono/node-server'
import { createSkein } from '#shared/app.ts'
import type { Config } from '#shared/config/config.ts'
import { ConfigError } from '#shared/config/problems.ts'
import { localConfig, localPlatform } from './platform.ts'

export interface LocalServer {
  url: string
  close(): Promise<void>
}

export async function startServer(
  config: Config,
  platform = localPlatform(),
  port = config.server.port,
): Promise<LocalServer> {
  const skein = createSkein(config, platform)
  return new Promise((resolve, reject) => {
    const server = serve(
      { fetch: (request) => skein.fetch(request), hostname: config.server.host, port },
      (address) => {
        resolve({
          url: `http://${inAddress(config.server.host)}:${address.port}`,
          close: () => new Promise((done) => server.close(() => done())),
        })
      },
    )
    server.on('error', reject)
  })
}

function inAddress(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function main(): Promise<void> {
  const platform = localPlatform()
  const config = await localConfig(platform)
  const port = Number(process.env['PORT'] ?? config.server.port)
  const server = await startServer(config, platform, port)
  console.log(welcome(server.url, config))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.close().then(() => process.exit(0)))
  }
}

function welcome(url: string, config: Config): string {
  const [first] = config.stores.keys()
  return [
    `Skein is at ${url}, configured ${config.source}.`,
    'Stores:',
    ...[...config.stores.values()].map(({ name, uri }) => `  ${name.padEnd(16)} ${uri}`),
    'Try:',
    `  curl ${url}/healthz`,
    ...(first === undefined
      ? []
      : [
          `  npm run skein -- put README.md ${first}:hello.md`,
          `  npm run -s skein -- presign get ${first}:hello.md`,
        ]),
  ].join('\n')
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return 'The port is taken by another process; choose one with PORT=….'
  if (code === 'EACCES')
    return 'This user may not listen on that port; choose one above 1023 with PORT=….'
  return message
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(explain(error))
    process.exit(1)
  })
}

// The local process: the whole suite in one, with no account anywhere. `npm start` runs it.

import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Skein } from '#shared/app.ts'
import { createSkein } from '#shared/app.ts'
import type { Config } from '#shared/config/config.ts'
import { ConfigError } from '#shared/config/problems.ts'
import type { Platform } from '#shared/platform.ts'
import { SCHEDULES } from '#shared/schedules.ts'
import { openDatabase } from './database.ts'
import { DRAIN_MILLISECONDS, listen } from './listener.ts'
import { withLocalToken } from './local-access.ts'
import { servePage } from './page.ts'
import { STATE_FOLDER, localConfig, localPlatform, withVariable } from './platform.ts'
import { openQueue } from './queue.ts'
import { startSchedules } from './schedules.ts'
import { welcome } from './welcome.ts'
import { startWorker } from './worker.ts'

const LONGEST_END_MILLISECONDS = DRAIN_MILLISECONDS + 5_000

export interface LocalServer {
  url: string
  skein: Skein
  close(): Promise<void>
}

/** The HTTP door, and the page at `/`. Folders sign URLs of where it really listens, unless something stands in front of it. */
export async function startServer(
  config: Config,
  platform = localPlatform(),
  port = config.server.port,
): Promise<LocalServer> {
  const opened = Promise.withResolvers<Skein>()
  const listener = await listen(config.server.host, port, (address) => {
    const publicUrl = platform.env['SKEIN_PUBLIC_URL'] || config.server.publicUrl || address
    const env = withVariable(platform.env, 'SKEIN_PUBLIC_URL', publicUrl)
    const skein = createSkein(config, { ...platform, env })
    opened.resolve(skein)
    return async (request) => (await servePage(request)) ?? skein.fetch(request)
  })
  return { ...listener, skein: await opened.promise }
}

/** All three doors, with the queue and the schedules of this folder. */
async function startAll(config: Config, base: Platform, port: number): Promise<LocalServer> {
  const database = openDatabase(join(STATE_FOLDER, 'local.sqlite'))
  const queue = await openQueue(database)
  const server = await startServer(config, { ...base, queue }, port)
  const { skein } = server
  const { error: log } = console
  const worker = startWorker(queue, (messages) => skein.consume(messages), log)
  const schedules = startSchedules(database, SCHEDULES, (name) => skein.schedule(name), log)
  return {
    ...server,
    async close() {
      await Promise.all([server.close(), schedules.stop(), worker.stop()])
      database.close()
    },
  }
}

async function main(): Promise<void> {
  const platform = localPlatform()
  const { config, token } = withLocalToken(await localConfig(platform))
  const server = await startAll(config, platform, portOf(process.env['PORT'], config))
  // Told again, it goes on: npm, a terminal and a supervisor may each pass the same signal on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(server))
  console.log(welcome(server.url, config, token))
}

let ending: Promise<void> | undefined

/** A task that takes longer than a request may is left: it comes again at the next start. */
function end(server: LocalServer): void {
  ending ??= Promise.race([server.close(), setTimeout(LONGEST_END_MILLISECONDS)]).then(() =>
    process.exit(0),
  )
}

function portOf(given: string | undefined, config: Config): number {
  if (!given) return config.server.port
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given)
  throw new Error(
    `PORT is "${given}", and a port is a whole number up to 65535, or 0 for any that is free.`,
  )
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return 'The port is taken by another process; choose one with PORT=….'
  if (code === 'EACCES' && syscall === 'listen')
    return 'This user may not listen on that port; choose one above 1023 with PORT=….'
  return message
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(explain(error))
    process.exit(1)
  })
}

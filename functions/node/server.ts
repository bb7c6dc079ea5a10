// The local process: the whole suite in one, with no account anywhere. `npm start` runs it.

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Skein } from '#shared/app.ts'
import { createSkein } from '#shared/app.ts'
import type { Config } from '#shared/config/config.ts'
import { ConfigError } from '#shared/config/problems.ts'
import type { Platform, Queue } from '#shared/platform.ts'
import type { Background } from './background.ts'
import { DRAIN_MILLISECONDS, listen } from './listener.ts'
import { withLocalToken } from './local-access.ts'
import { STATE_FOLDER, localConfig, localPlatform, withVariable } from './platform.ts'
import { welcome } from './welcome.ts'

const BACKGROUND_AFTER_MILLISECONDS = 100
/** In a file that is loaded for it alone: `/`, and what lies below `/page/`. */
const OF_PAGE = /^[a-z]+:\/\/[^/]+\/(page\/|\?|$)/
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
    return async (request) => (await page(request)) ?? skein.fetch(request)
  })
  return { ...listener, skein: await opened.promise }
}

/** Undefined for what is no part of it. */
async function page(request: Request): Promise<Response | undefined> {
  if (!OF_PAGE.test(request.url)) return undefined
  const { servePage } = await import('./page.ts')
  return servePage(request)
}

/**
 * All three doors, with the queue and the schedules of this folder. They are opened a moment after it listens, or
 * when a first task is sent, which is acknowledged no sooner: whoever asks first does not wait for them.
 */
async function startAll(config: Config, base: Platform, port: number): Promise<LocalServer> {
  const started = Promise.withResolvers<Skein>()
  let opening: Promise<Background> | undefined
  const open = (): Promise<Background> => (opening ??= openBackground(started.promise))
  const queue: Queue = { send: async (...tasks) => (await open()).queue.send(...tasks) }
  const server = await startServer(config, { ...base, queue }, port)
  started.resolve(server.skein)
  const timer = setTimeout(() => void open(), BACKGROUND_AFTER_MILLISECONDS)
  return {
    ...server,
    async close() {
      clearTimeout(timer)
      await Promise.all([server.close(), opening?.then((background) => background.stop())])
    },
  }
}

/** A process that could keep no task ends. */
async function openBackground(skein: Promise<Skein>): Promise<Background> {
  try {
    const { startBackground } = await import('./background.ts')
    return await startBackground(join(STATE_FOLDER, 'local.sqlite'), await skein)
  } catch (error) {
    return giveUp(error)
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
  ending ??= Promise.race([server.close(), wait(LONGEST_END_MILLISECONDS)]).then(() =>
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

function giveUp(error: unknown): never {
  console.error(explain(error))
  process.exit(1)
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
  main().catch(giveUp)
}

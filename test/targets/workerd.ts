// A built Worker in workerd, entry and chunks as modules of their own, asked over a socket.

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Miniflare } from 'miniflare'
import type { RunningTarget } from '../suites/targets.ts'

const WRANGLER = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))

/** `entry`: a module to start in the Worker's place, which may import what is in the folder. */
export async function startWorker(
  folder: string,
  env: Record<string, string>,
  entry?: string,
): Promise<RunningTarget> {
  const miniflare = new Miniflare({
    modules: await modulesIn(folder, entry),
    modulesRoot: folder,
    ...(await compatibility()),
    bindings: env,
    host: '127.0.0.1',
    port: 0,
    // It has nothing to say that an answer does not.
    handleRuntimeStdio: () => undefined,
  })
  const { origin } = await miniflare.ready
  return {
    send: ({ path, ...init }) => fetch(origin + path, init),
    stop: () => miniflare.dispose(),
  }
}

/** What wrangler.toml asks of the runtime. */
async function compatibility() {
  const toml = await readFile(WRANGLER, 'utf8')
  const [, compatibilityDate = ''] = /^compatibility_date = "(.+)"$/m.exec(toml) ?? []
  const [, flags = ''] = /^compatibility_flags = (\[.*\])$/m.exec(toml) ?? []
  return { compatibilityDate, compatibilityFlags: JSON.parse(flags) as string[] }
}

/** The entry comes first. */
export async function moduleNames(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  const others = names.filter((name) => name.endsWith('.js') && name !== 'worker.js')
  return ['worker.js', ...others.toSorted()]
}

async function modulesIn(folder: string, entry: string | undefined) {
  const names = await moduleNames(folder)
  const modules = names.map(async (name) =>
    toModule(folder, name, await readFile(join(folder, name), 'utf8')),
  )
  const first = entry === undefined ? [] : [toModule(folder, 'entry.js', entry)]
  return [...first, ...(await Promise.all(modules))]
}

function toModule(folder: string, name: string, contents: string) {
  return { type: 'ESModule' as const, path: join(folder, name), contents }
}

// A built Worker in workerd, entry and chunks as modules of their own, asked over a socket; beside it one that
// records what its queues were sent.

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Miniflare } from 'miniflare'
import { vi } from 'vitest'
import { SCHEDULES } from '#shared/schedules.ts'
import { isSetAside } from '../suites/set-aside.ts'
import type { RunningTarget } from '../suites/targets.ts'

const WRANGLER = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))

/** The bindings of wrangler.toml, and the bucket that stands commented out there. */
const BINDINGS = {
  queueProducers: { QUEUE: 'skein-tasks', SET_ASIDE: 'skein-set-aside' },
  r2Buckets: { PHOTOS: 'photos' },
}

const RECORDER = {
  name: 'recorder',
  modules: true,
  script: `const seen = []
  export default {
    async queue({ queue, messages }) { for (const { body } of messages) seen.push({ queue, body }) },
    fetch: () => Response.json(seen),
  }`,
  queueConsumers: {
    'skein-tasks': { maxBatchSize: 100, maxBatchTimeout: 0 },
    'skein-set-aside': { maxBatchSize: 100, maxBatchTimeout: 0 },
  },
}

/** What Miniflare's types leave to a package that is not installed. */
interface WorkerDoors {
  fetch(url: string): Promise<{ json(): Promise<unknown> }>
  queue(
    name: string,
    messages: readonly { id: string; timestamp: Date; attempts: number; body: string }[],
  ): Promise<{ explicitAcks: string[]; retryMessages: { msgId: string; delaySeconds?: number }[] }>
  scheduled(options: { cron: string }): Promise<{ outcome: string }>
}

interface Bucket {
  put(key: string, content: string): Promise<unknown>
}

interface Recorded {
  queue: string
  body: string
}

export interface WorkerTarget extends RunningTarget {
  /** Puts an object where the binding PHOTOS leads. */
  putPhoto(key: string, content: string): Promise<void>
}

/** `entry`: a module to start in the Worker's place, which may import what is in the folder. */
export async function startWorker(
  folder: string,
  env: Record<string, string>,
  entry?: string,
): Promise<WorkerTarget> {
  const skein = {
    name: 'skein',
    modules: await modulesIn(folder, entry),
    modulesRoot: folder,
    ...(await compatibility()),
    ...BINDINGS,
    bindings: env,
  }
  const miniflare = new Miniflare({
    workers: [skein, RECORDER],
    host: '127.0.0.1',
    port: 0,
    // It has nothing to say that an answer does not.
    handleRuntimeStdio: () => undefined,
  })
  const { origin } = await miniflare.ready
  return {
    send: ({ path, ...init }) => fetch(origin + path, { redirect: 'manual', ...init }),
    consume: (bodies) => consume(miniflare, bodies),
    schedule: (name) => schedule(miniflare, name),
    async putPhoto(key, content) {
      const bucket = (await miniflare.getR2Bucket('PHOTOS', 'skein')) as unknown as Bucket
      await bucket.put(key, content)
    },
    stop: () => miniflare.dispose(),
  }
}

async function doorsOf(miniflare: Miniflare, worker: string): Promise<WorkerDoors> {
  return (await miniflare.getWorker(worker)) as unknown as WorkerDoors
}

async function recorded(miniflare: Miniflare, queue: string): Promise<string[]> {
  const recorder = await doorsOf(miniflare, 'recorder')
  const answer = await recorder.fetch('http://recorder/')
  const all = (await answer.json()) as Recorded[]
  return all.filter((one) => one.queue === queue).map(({ body }) => body)
}

/** Comes after all that was set aside before it. */
const LAST = 'the last one, which is no task'

async function consume(miniflare: Miniflare, bodies: readonly string[]): Promise<string[]> {
  const worker = await doorsOf(miniflare, 'skein')
  const messages = [...bodies, LAST].map((body, i) => {
    return { id: `m${i}`, timestamp: new Date(), attempts: 1, body }
  })
  const { explicitAcks, retryMessages } = await worker.queue('skein-tasks', messages)
  const aside = await vi.waitFor(async () => {
    const kept = await recorded(miniflare, 'skein-set-aside')
    if (!kept.some((one) => isSetAside(one, LAST))) throw new Error('The last one is not there.')
    return kept
  })
  return bodies.map((body, i) => {
    const again = retryMessages.find(({ msgId }) => msgId === `m${i}`)
    if (again) return again.delaySeconds === 5 ? 'retry' : `after ${again.delaySeconds} seconds`
    if (!explicitAcks.includes(`m${i}`)) return 'not acknowledged'
    return aside.some((one) => isSetAside(one, body)) ? 'set-aside' : 'done'
  })
}

const CRONS: ReadonlyMap<string, { cron: string }> = new Map(Object.entries(SCHEDULES))

async function schedule(miniflare: Miniflare, name: string): Promise<string[]> {
  const worker = await doorsOf(miniflare, 'skein')
  const { outcome } = await worker.scheduled({ cron: CRONS.get(name)?.cron ?? name })
  if (outcome !== 'ok') throw new Error(`The schedule ended with ${outcome}.`)
  return vi.waitFor(async () => {
    const sent = await recorded(miniflare, 'skein-tasks')
    if (sent.length === 0) throw new Error('Nothing was sent.')
    return sent
  })
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

// The two built Workers in workerd, entries and chunks as modules of their own, asked over a socket; beside them one
// that records what their queues were sent.

import { Buffer } from 'node:buffer'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Miniflare } from 'miniflare'
import { vi } from 'vitest'
import { checkAhead } from '#shared/config/check-ahead.ts'
import { CHECKED_VARIABLE } from '#shared/config/checked.ts'
import { SCHEDULES } from '#shared/schedules.ts'
import { isSetAside } from '../suites/set-aside.ts'
import type { RunningTarget } from '../suites/targets.ts'

const WRANGLER = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))

/** The bindings of both configurations, and the bucket that stands commented out in the one. */
const FRONT_BINDINGS = {
  queueProducers: { QUEUE: 'skein-tasks' },
  serviceBindings: { WORK: 'skein-work' },
}
const WORK_BINDINGS = {
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

export type WorkerName = 'front' | 'behind'

type Environment = Record<string, string>

/** As `skein config prepare` leaves the variables, and as it leaves those whose configuration is wrong. */
export async function prepared(env: Environment): Promise<Environment> {
  const checked = await checkAhead(env).catch(() => undefined)
  return checked === undefined ? env : { ...env, [CHECKED_VARIABLE]: checked }
}

/** `entry`: a module to start in the place of both, which may import what is in the folder of the one behind. */
export async function startWorker(
  folder: string,
  env: Environment,
  entry?: string,
): Promise<WorkerTarget> {
  const common = { ...(await compatibility()), bindings: env }
  const front = {
    ...{ name: 'skein', ...common, ...FRONT_BINDINGS },
    ...(await modulesIn(folder, 'front')),
  }
  const work = {
    ...{ name: 'skein-work', ...common, ...WORK_BINDINGS },
    ...(await modulesIn(folder, 'behind', entry)),
  }
  const miniflare = new Miniflare({
    workers: entry === undefined ? [front, work, RECORDER] : [work, RECORDER],
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
      const bucket = (await miniflare.getR2Bucket('PHOTOS', 'skein-work')) as unknown as Bucket
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
  const worker = await doorsOf(miniflare, 'skein-work')
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
  const worker = await doorsOf(miniflare, 'skein-work')
  const { outcome } = await worker.scheduled({ cron: CRONS.get(name)?.cron ?? name })
  if (outcome !== 'ok') throw new Error(`The schedule ended with ${outcome}.`)
  return vi.waitFor(async () => {
    const sent = await recorded(miniflare, 'skein-tasks')
    if (sent.length === 0) throw new Error('Nothing was sent.')
    return sent
  })
}

/** What wrangler.toml asks of the runtime; the other's asks the same. */
export async function compatibility() {
  const toml = await readFile(WRANGLER, 'utf8')
  const [, compatibilityDate = ''] = /^compatibility_date = "(.+)"$/m.exec(toml) ?? []
  const [, flags = ''] = /^compatibility_flags = (\[.*\])$/m.exec(toml) ?? []
  return { compatibilityDate, compatibilityFlags: JSON.parse(flags) as string[] }
}

/** Of one of the Workers; the entry comes first. */
export async function moduleNames(folder: string, worker: WorkerName): Promise<string[]> {
  const names = await readdir(join(folder, worker), { recursive: true })
  const entry = `${worker}.js`
  const others = names.filter((name) => /\.(js|wasm)$/.test(name) && name !== entry)
  return [entry, ...others.toSorted()]
}

export async function modulesIn(folder: string, worker: WorkerName, entry?: string) {
  const root = join(folder, worker)
  const names = await moduleNames(folder, worker)
  const modules = names.map(async (name) => toModule(root, name, await readFile(join(root, name))))
  const first = entry === undefined ? [] : [toModule(root, 'entry.js', Buffer.from(entry))]
  return { modulesRoot: root, modules: [...first, ...(await Promise.all(modules))] }
}

function toModule(folder: string, name: string, contents: Buffer<ArrayBuffer>) {
  const path = join(folder, name)
  if (name.endsWith('.wasm')) return { type: 'CompiledWasm' as const, path, contents }
  return { type: 'ESModule' as const, path, contents: contents.toString() }
}

// What becomes of each message, and what a schedule begins.

import { expect, test } from 'vitest'
import type { Landscape } from '#shared/events/changes.ts'
import type { Task } from '#shared/platform.ts'
import { createCounters } from '#shared/metrics/counters.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'
import type { TaskSuite } from '#shared/tasks.ts'
import { createTasks } from '#shared/tasks.ts'
import type { SweepStep } from '#shared/uploads/uploads.ts'

interface Behaviour {
  arrived?: (store: string, key: string) => Promise<void>
  sweep?: (cursor: string | undefined) => SweepStep
  queue?: false
  landscape?: Partial<Landscape>
}

const NOTHING = { completed: 0, quarantined: 0, aborted: 0 }

const STORES = { primary: 'main', replicas: ['second'] }

function open({ arrived, sweep, queue, landscape }: Behaviour = {}) {
  const sent: Task[] = []
  const logged: string[] = []
  const told: string[] = []
  const counters = createCounters()
  const suite: TaskSuite = {
    platform: {
      now: Date.now,
      log: (line) => logged.push(line),
      queue: queue === false ? undefined : { send: async (tasks) => void sent.push(...tasks) },
    },
    config: {
      workspaces: new Map([
        ['app', STORES],
        ['demo', { primary: 'third', replicas: [] }],
      ]),
      hooks: new Map([
        ['main', { scan: false }],
        ['third', { scan: true }],
      ]),
      ledger: undefined,
    },
    store: (name) =>
      openStore(`memory:${name}`, { env: {}, fileSystem: false, now: Date.now }, { name }),
    landscape: () => ({ places: [], workspaces: [], stagingPrefix: '', ...landscape }),
    counters,
    workspace: (name) =>
      name === 'app' || name === 'demo'
        ? {
            uploads: {
              async arrived(store, key) {
                await arrived?.(store, key)
                return { became: 'ignored', reason: 'a test' }
              },
              sweep: async ({ cursor }) => sweep?.(cursor) ?? NOTHING,
            },
            jobs: {
              step: async () => [],
              failed: async () => true,
              watch: async () => [],
            },
            replication: {
              step: async () => [],
              seen: async (store, key, { type }) => void told.push(`${type} ${store}:${key}`),
              failed: async () => false,
              resyncStep: async () => [],
              watch: async () => [],
              sendWebhook: async () => undefined,
              rangeStep: async () => [],
              probe: async () => undefined,
              catchUpStep: async () => [],
              sweepTombstones: async () => undefined,
            },
          }
        : undefined,
  }
  return { ...createTasks(suite), sent, logged, told }
}

const message = (body: unknown, attempt = 1) => ({
  id: '1',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attempt,
})

const ARRIVED = { v: 1, kind: 'upload-arrived', workspace: 'app', store: 'main', key: 'a' }

test('each message has its own outcome, in order', async () => {
  const seen: string[] = []
  const tasks = open({
    async arrived(store, key) {
      if (key === 'bad') throw new StorageError('unavailable', 'main does not answer.')
      seen.push(`${store}:${key}`)
    },
  })
  const outcomes = await tasks.consume([
    message(ARRIVED),
    message({ ...ARRIVED, key: 'bad' }),
    message({ ...ARRIVED, key: 'b' }),
  ])
  expect(outcomes.map(({ result }) => result)).toEqual(['done', 'retry', 'done'])
  expect(seen).toEqual(['main:a', 'main:b'])
})

test.each<[string, unknown, string]>([
  ['no JSON', '{"v":', 'is no JSON object'],
  ['another version', { ...ARRIVED, v: 2 }, 'version 2'],
  ['an unknown kind', { v: 1, kind: 'dance' }, 'No task is of the kind "dance"'],
  ['a kind of every object', { v: 1, kind: 'constructor' }, 'No task is of the kind'],
  ['fields that are missing', { v: 1, kind: 'upload-arrived', workspace: 'app' }, 'store, key'],
  ['a workspace that is gone', { ...ARRIVED, workspace: 'gone' }, '"gone", which is not here'],
])('%s is set aside with the reason', async (_, body, reason) => {
  const { logged, ...tasks } = open()
  expect(await tasks.consume([message(body)])).toEqual([
    { result: 'set-aside', reason: expect.stringContaining(reason) as string },
  ])
  expect(logged).toEqual([expect.stringContaining('set-aside')])
})

test('a failure that will never pass is set aside, any other is tried again, ever later', async () => {
  const fail = (error: Error) =>
    open({
      async arrived() {
        throw error
      },
    })
  const denied = fail(new StorageError('denied', 'No.'))
  expect(await denied.consume([message(ARRIVED)])).toEqual([{ result: 'set-aside', reason: 'No.' }])

  for (const error of [new StorageError('throttled', 'Slow.'), new TypeError('a bug')]) {
    const delays: (number | undefined)[] = []
    for (let attempt = 1; attempt < 12; attempt++) {
      const [outcome] = await fail(error).consume([message(ARRIVED, attempt)])
      delays.push(outcome?.result === 'retry' ? outcome.afterSeconds : undefined)
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900])
    expect(await fail(error).consume([message(ARRIVED, 12)])).toMatchObject([
      { result: 'set-aside', reason: expect.stringContaining('after 12 attempts') as string },
    ])
  }
})

test('a provider that says when to come again is heard', async () => {
  const error = new StorageError('throttled', 'Slow.', { retryAfterSeconds: 60 })
  const tasks = open({ arrived: () => Promise.reject(error) })
  expect(await tasks.consume([message(ARRIVED)])).toMatchObject([{ afterSeconds: 60 }])
})

test('a sweep is a step for each workspace, and goes on from its cursor', async () => {
  const { sent, ...tasks } = open({
    sweep: (cursor) => (cursor === 'end' ? NOTHING : { ...NOTHING, cursor: 'end' }),
  })
  await tasks.schedule('sweep')
  expect(sent).toEqual([
    { v: 1, kind: 'sweep-uploads', workspace: 'app' },
    { v: 1, kind: 'sweep-uploads', workspace: 'demo' },
    { v: 1, kind: 'sweep-tombstones', workspace: 'app' },
    { v: 1, kind: 'sweep-copies', store: 'main' },
    { v: 1, kind: 'sweep-copies', store: 'second' },
  ])
  expect(await tasks.consume([message(sent[0])])).toEqual([{ result: 'done' }])
  expect(sent.at(-1)).toEqual({ v: 1, kind: 'sweep-uploads', workspace: 'app', cursor: 'end' })
  expect(await tasks.consume([message(sent.at(-1))])).toEqual([{ result: 'done' }])
  expect(sent).toHaveLength(6)
})

test('without a queue a schedule does the work itself, and no more than it may', async () => {
  const seen: (string | undefined)[] = []
  const tasks = open({
    queue: false,
    sweep(cursor) {
      seen.push(cursor)
      return { ...NOTHING, cursor: 'on' }
    },
  })
  await tasks.schedule('sweep')
  // The other sweeps have had their turns.
  expect(seen).toHaveLength(97)
})

test('a workspace that fails does not keep the others from being swept', async () => {
  let swept = 0
  const tasks = open({
    queue: false,
    sweep() {
      swept++
      throw new StorageError('unavailable', `main does not answer ${swept}.`)
    },
  })
  await expect(tasks.schedule('sweep')).rejects.toThrow('does not answer 1')
  expect(swept).toBe(2)
})

test.each(['', 'Sweep', 'toString'])('there is no schedule %j', async (name) => {
  await expect(open().schedule(name)).rejects.toThrow(
    `There is no schedule "${name}", only sweep, watch, probe, scan.`,
  )
})

const CHANGED = {
  v: 1,
  kind: 'object-changed',
  store: 'main',
  key: 'a',
  event: { type: 'created' },
}

test('a change is looked at for each workspace that has the store, and its copies are told', async () => {
  const seen: string[] = []
  const tasks = open({ arrived: async (store, key) => void seen.push(`${store}:${key}`) })
  const outcomes = await tasks.consume([
    message(CHANGED),
    message({ ...CHANGED, store: 'second' }),
    message({ ...CHANGED, store: 'nobodys' }),
    message({ ...CHANGED, event: { type: 'deleted' } }),
    message({ ...CHANGED, event: { type: 'missing' } }),
  ])
  expect(outcomes).toEqual(outcomes.map(() => ({ result: 'done' })))
  expect(seen).toEqual(['main:a', 'second:a'])
  expect(tasks.told).toContain('missing main:a')
  expect(tasks.told).toHaveLength(4)
})

function s3Message(...keys: string[]) {
  const Records = keys.map((key) => ({
    ...{ eventSource: 'aws:s3', eventName: 'ObjectCreated:Put' },
    s3: { bucket: { name: 'photos' }, object: { key } },
  }))
  return message({ Records })
}

const PLACES = [{ store: 'main', address: parseStoreUri('s3://photos?region=eu-west-1') }]

test('what a provider tells the queue of one change is done at once, of several each by itself', async () => {
  const seen: string[] = []
  const tasks = open({
    arrived: async (_, key) => void seen.push(key),
    landscape: { places: PLACES },
  })
  expect(
    await tasks.consume([s3Message('one'), s3Message('two', 'three'), s3Message()]),
  ).toMatchObject([
    { result: 'done' },
    { result: 'done' },
    // Records of nothing are no notification, and are kept where people see them.
    { result: 'set-aside' },
  ])
  expect(seen).toEqual(['one'])
  expect(tasks.sent).toMatchObject([{ key: 'two' }, { key: 'three' }])
})

test('a provider’s change that fails comes again as it came', async () => {
  const down = new StorageError('unavailable', 'main does not answer.')
  const tasks = open({
    arrived: () => Promise.reject(down),
    landscape: { places: PLACES },
  })
  expect(await tasks.consume([s3Message('one')])).toMatchObject([{ result: 'retry' }])
})

test('a store that tells nothing is scanned by schedule, step by step', async () => {
  const tasks = open()
  await tasks.schedule('scan')
  expect(tasks.sent).toEqual([{ v: 1, kind: 'scan-store', store: 'third' }])
  expect(await tasks.consume([message(tasks.sent[0])])).toEqual([{ result: 'done' }])
  const cursor = { cleaning: true }
  expect(tasks.sent.slice(1)).toMatchObject([{ kind: 'scan-store', store: 'third', cursor }])
  expect(await tasks.consume([message({ ...tasks.sent[0], cursor: { after: 1 } })])).toMatchObject([
    { result: 'set-aside', reason: expect.stringContaining('cursor') as string },
  ])
})

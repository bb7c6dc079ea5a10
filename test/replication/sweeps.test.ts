// What the schedules see to: copies in parts that nobody ended, and probes where writes fail over by themselves.

import { expect, test } from 'vitest'
import { createCounters } from '#shared/metrics/counters.ts'
import type { Task } from '#shared/platform.ts'
import { replicationRules } from '#shared/replication/rules.ts'
import type { TaskSuite } from '#shared/tasks.ts'
import { createTasks } from '#shared/tasks.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

const DAY = 86_400_000

function open(replication: Parameters<typeof replicationRules>[0] = {}) {
  const stores = new Map(['main', 'west'].map((name) => [name, memoryStore(name)]))
  const sent: Task[] = []
  const clock = { ahead: 0 }
  const rules = replicationRules(replication)
  const suite: TaskSuite = {
    platform: {
      now: () => Date.now() + clock.ahead,
      queue: { send: async (tasks) => void sent.push(...tasks) },
    },
    config: {
      workspaces: new Map([['app', { primary: 'main', replicas: ['west'], replication: rules }]]),
      ...{ hooks: new Map(), ledger: undefined },
    },
    counters: createCounters(),
    store: (name) => stores.get(name)!,
    landscape: () => ({ places: [], workspaces: [], stagingPrefix: '' }),
    workspace: () => undefined,
  }
  const tasks = createTasks(suite)
  const work = (task: Task) => tasks.consume([{ id: 'm', body: JSON.stringify(task), attempt: 1 }])
  const schedule = (name: string) => tasks.schedule(name)
  return { schedule, work, sent, clock, west: stores.get('west')! }
}

test('a copy that nobody ended is dropped after a week, with its upload', async () => {
  const { schedule, work, sent, clock, west } = open()
  const uploadId = await west.groups.multipart.begin('a')
  const reserved = west.reserved()
  const state = { v: 1, identity: 'x', partBytes: 8, uploadId, toKey: 'a' }
  await reserved.put('.skein/copies/one/copy', JSON.stringify(state))
  await reserved.put('.skein/copies/one/parts/00001.x', '')
  await schedule('sweep')
  const sweep = sent.find(({ kind, store }) => kind === 'sweep-copies' && store === 'west')
  const left = async () => (await reserved.list({ prefix: '.skein/copies/' })).objects.length
  expect(await work(sweep!)).toEqual([{ result: 'done' }])
  expect(await left()).toBe(2)
  clock.ahead = 8 * DAY
  expect(await work(sweep!)).toEqual([{ result: 'done' }])
  expect(await left()).toBe(0)
  expect((await west.groups.multipart.listUploads()).uploads).toEqual([])
})

test.each([
  [{}, []],
  [{ failover: { to: ['west'] } }, []],
  [{ failover: { to: ['west'], automatic: true } }, ['probe-truth']],
])('with %j the probe sends %j', async (rules, kinds) => {
  const { schedule, sent } = open(rules)
  await schedule('probe')
  expect(sent.map(({ kind }) => kind)).toEqual(kinds)
})

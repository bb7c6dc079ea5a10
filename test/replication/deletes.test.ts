// Deletions by each policy, and the brake that asks a person when there are suddenly too many.

import { afterEach, expect, test, vi } from 'vitest'
import type { Cloud, CloudOptions } from './cloud.ts'
import { now, openCloud } from './cloud.ts'
import { storeWith } from './faulty-store.ts'

const DAY = 86_400_000

afterEach(() => void vi.useRealTimers())

async function copied(keys: readonly string[], options: CloudOptions = {}): Promise<Cloud> {
  const cloud = openCloud(options)
  for (const key of keys) {
    await cloud.primary.put(key, 'one')
    await cloud.replication.changed(key, now())
  }
  await cloud.work()
  return cloud
}

async function keysAt(store: Cloud['primary']): Promise<string[]> {
  return (await store.list()).objects.map(({ key }) => key)
}

test('what the rules keep stays at the replicas', async () => {
  const { replication, primary, replica, work } = await copied(['a'], {
    rules: { deletes: 'keep' },
  })
  await replication.remove('a', {})
  await work({ delayed: true })
  expect(await keysAt(primary)).toEqual([])
  expect(await keysAt(replica)).toEqual(['a'])
  const { problems } = await replication.status()
  expect(problems).toEqual([])
})

test('a deletion that waits reaches the replica when its time has come, and not before', async () => {
  const rules = { deletes: 'delay', deleteAfter: '7d' } as const
  const { replication, replica, work, clock } = await copied(['a'], { rules })
  await replication.remove('a', {})
  await work()
  await replication.watch()
  await work()
  expect(await keysAt(replica)).toEqual(['a'])
  clock.ahead = 6.9 * DAY
  await replication.watch()
  await work()
  expect(await keysAt(replica)).toEqual(['a'])
  clock.ahead = 7.2 * DAY
  await replication.watch()
  await work()
  expect(await keysAt(replica)).toEqual([])
})

test('what was put back meanwhile is not deleted', async () => {
  const rules = { deletes: 'delay', deleteAfter: '7d' } as const
  const { replication, primary, replica, work, clock } = await copied(['a'], { rules })
  await replication.remove('a', {})
  await work()
  await primary.put('a', 'again')
  await replication.changed('a', now())
  clock.ahead = 8 * DAY
  await replication.watch()
  await work()
  expect(await keysAt(replica)).toEqual(['a'])
})

test('too many at once wait for a person, and go when he says so', async () => {
  const keys = Array.from({ length: 130 }, (_, i) => `k${String(i).padStart(3, '0')}`)
  const { replication, primary, replica, work } = await copied(keys)
  for (const key of keys) {
    await primary.delete(key)
    await replication.seen('main', key, { type: 'deleted' })
  }
  await work()
  expect(await keysAt(replica)).toHaveLength(30)
  expect(await replication.status()).toMatchObject({ heldDeletes: 30 })
  expect(await replication.replay({})).toEqual({ replayed: 0, deletes: 0, more: false })
  await work()
  expect(await keysAt(replica)).toHaveLength(30)
  expect(await replication.replay({ deletes: true })).toMatchObject({ deletes: 30 })
  await work()
  expect(await keysAt(replica)).toEqual([])
  expect(await replication.status()).toMatchObject({ heldDeletes: 0 })
})

test('another process’s deletions count as well', async () => {
  const keys = Array.from({ length: 110 }, (_, i) => `k${String(i).padStart(3, '0')}`)
  const first = await copied(keys)
  const second = openCloud({ stores: [first.primary, first.replica] })
  for (const [index, key] of keys.entries()) {
    await first.primary.delete(key)
    const { replication, work } = index % 2 === 0 ? first : second
    await replication.seen('main', key, { type: 'deleted' })
    await work()
  }
  expect(await keysAt(first.replica)).toHaveLength(10)
})

test('a listing that lacks a key is no sign of a deletion', async () => {
  // A memory keeps delete markers, which are one.
  const stores = ['main', 'west'].map((name) =>
    storeWith(name, async () => undefined, { versions: false, tags: null }),
  )
  const { replication, primary, replica, work } = await copied(['a'], { stores })
  await primary.delete('a')
  await replication.seen('main', 'a', { type: 'deleted', by: 'scan' })
  await work()
  expect(await keysAt(replica)).toEqual(['a'])
  expect((await replication.status()).problems).toMatchObject([{ kind: 'bare-absence', key: 'a' }])
})

test('a tombstone says nothing of what was written again, and then vanished', async () => {
  const stores = ['main', 'west'].map((name) =>
    storeWith(name, async () => undefined, { versions: false, tags: null }),
  )
  const { replication, primary, replica, work } = await copied(['a'], { stores })
  await replication.remove('a', {})
  await work({ delayed: true })
  await primary.put('a', 'again')
  await replication.changed('a', now())
  await work()
  await primary.delete('a')
  await replication.changed('a', now())
  await work()
  expect(await keysAt(replica)).toEqual(['a'])
})

test('what was found gone is found once, and no more when its deletion is told of', async () => {
  const { replication, primary, replica, work } = await copied(['a'])
  const { version } = await primary.head('a')
  await primary.delete([{ key: 'a', ...(version !== undefined && { version }) }])
  for (let i = 0; i < 2; i++) {
    await replication.changed('a', { since: Date.now() + i })
    await work()
  }
  expect((await replication.status()).problems).toMatchObject([{ kind: 'bare-absence', key: 'a' }])
  const told = Date.now() + 60_000
  await replication.changed('a', { since: told, deleted: told })
  await work()
  expect(await keysAt(replica)).toEqual([])
  expect((await replication.status()).problems).toEqual([])
})

test('a deletion of before says nothing of what others wrote and the truth took over since', async () => {
  const quiet = { versions: false }
  const [main, west, east] = ['main', 'west', 'east'].map((name) =>
    storeWith(name, async () => undefined, quiet),
  ) as [Cloud['primary'], Cloud['primary'], Cloud['primary']]
  const { replication, work } = openCloud({
    stores: [main, west, east],
    rules: { conflict: 'latest' },
  })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) + 7 })
  await west.put('a', 'theirs')
  vi.advanceTimersByTime(100)
  const deleted = { type: 'deleted', at: new Date().toISOString() } as const
  vi.advanceTimersByTime(100)
  await replication.seen('west', 'a', { type: 'created' })
  await work()
  expect(await keysAt(east)).toEqual(['a'])
  // Both are lost without a trace, and the event of an earlier deletion comes late.
  await main.delete('a')
  await west.delete('a')
  await replication.seen('main', 'a', deleted)
  await work()
  expect(await keysAt(east)).toEqual(['a'])
  const { problems } = await replication.status()
  expect(problems).toMatchObject([{ kind: 'bare-absence', store: 'east', key: 'a' }])
})

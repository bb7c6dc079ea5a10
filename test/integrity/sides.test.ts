// Which side is wrong: by the provider's own digest, by Skein's record of that very version, by a majority of three.
// What nobody can decide is left to a person, and the primary is mended only where that is asked for.

import { inject, expect, test, vi } from 'vitest'
import type { Store } from '#shared/storage/store.ts'
import { bytesAt } from '../copy/opened.ts'
import { gcsStore, s3Store } from '../copy/stores.ts'
import { createControl } from '../suites/storage/control.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'
import { bytesOf, named, openSweeping } from './sweeping.ts'

// On a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const servers = inject('servers')

interface Rotting {
  store: Store
  rot(key: string): Promise<void>
}

function openRotting(description: StoreDescription, name: string): Rotting {
  const { url, bucket } = description.control!
  const store = createHarness(
    { ...description, options: { ...description.options, name } },
    { fetch },
  ).open()
  return {
    store,
    async rot(key) {
      const body = JSON.stringify({ bucket, key: store.fullKey(key), flipByteAt: 3 })
      const answer = await fetch(`${url}/__control/corrupt`, { method: 'POST', body })
      if (!answer.ok) throw new Error(await answer.text())
    },
  }
}

const SIZES = { small: 500, large: 200 * 1024 }

for (const [name, make] of Object.entries({ s3: s3Store, gcs: gcsStore })) {
  for (const [size, count] of Object.entries(SIZES)) {
    test(`a ${size} object that rots at a primary of ${name} is mended from the replica when asked`, async () => {
      const main = openRotting(await make(servers, 'main'), 'main')
      const { write, sweep, replica } = openSweeping({ stores: [main.store, memoryStore('west')] })
      const bytes = bytesOf('a', count)
      await write('a', bytes)
      await write('b', bytesOf('b', count))
      await sweep()
      await main.rot('a')
      expect(named(await sweep())).toEqual([])
      expect(named(await sweep({ mode: 'deep' }))).toEqual(['corrupt main a'])
      const refused = await sweep({ mode: 'deep', repair: 'automatic' })
      expect(refused.repairs.items).toMatchObject([{ outcome: 'left', key: 'a' }])
      const mended = await sweep({ mode: 'deep', repair: 'automatic', repairPrimary: true })
      expect(mended.repairs.items).toMatchObject([{ outcome: 'mended', from: 'west' }])
      expect(Buffer.compare(await bytesAt(main.store, 'a'), bytes)).toBe(0)
      // Its copies are still copies of it.
      const after = await sweep({ mode: 'deep' })
      expect(named(after).filter((one) => !one.startsWith('quarantined'))).toEqual([])
      expect(Buffer.compare(await bytesAt(replica, 'a'), bytes)).toBe(0)
    })
  }
}

test('the record of two decides where their providers tell nothing', async () => {
  const { write, sweep, primary } = openSweeping()
  await write('a', 'right')
  await sweep({ mode: 'deep' })
  const { metadata } = await primary.head('a')
  await primary.put('a', 'wrong', { metadata })
  // Overwritten where the truth is, it is a new version, and the copy is the old one.
  expect(named(await sweep({ mode: 'deep' }))).toEqual(['stale west a'])
})

test('of three without a record, the two that agree are right', async () => {
  const stores = ['main', 'west', 'east'].map(memoryStore)
  const { sweep } = openSweeping({ stores })
  for (const store of stores) await store.put('a', 'right')
  for (const store of stores) await store.put('b', 'right')
  await stores[0]!.put('a', 'wrong')
  await stores[2]!.put('b', 'wrong')
  expect(named(await sweep({ mode: 'deep' }))).toEqual(['corrupt east b', 'corrupt main a'])
})

test('of two without a record nobody is right, and nothing is mended', async () => {
  const { sweep, primary, replica } = openSweeping()
  await primary.put('a', 'one')
  await replica.put('a', 'two')
  const report = await sweep({ mode: 'deep', repair: 'automatic' })
  expect(named(report)).toEqual(['differs west a'])
  expect(report.repairs.counts).toMatchObject({ mended: 0 })
  expect(new TextDecoder().decode(await bytesAt(replica, 'a'))).toBe('two')
})

test('a replica is healed from a replica when the primary is wrong too', async () => {
  const main = openRotting(await s3Store(servers, 'main'), 'main')
  const [west, east] = [memoryStore('west'), memoryStore('east')]
  const { write, sweep } = openSweeping({ stores: [main.store, west, east] })
  const bytes = bytesOf('a', 700)
  await write('a', bytes)
  await sweep()
  await main.rot('a')
  const { metadata } = await west.head('a')
  await west.put('a', bytesOf('other', 700), { metadata })
  expect(named(await sweep({ mode: 'deep' }))).toEqual(['corrupt main a', 'corrupt west a'])
  const mended = await sweep({ mode: 'deep', repair: 'automatic', repairPrimary: true })
  expect(mended.repairs.counts).toMatchObject({ mended: 2 })
  for (const store of [main.store, west, east]) {
    expect(Buffer.compare(await bytesAt(store, 'a'), bytes)).toBe(0)
  }
})

test('a finding without a right copy left is critical', async () => {
  const main = openRotting(await s3Store(servers, 'main'), 'main')
  const west = openRotting(await s3Store(servers, 'west'), 'west')
  const { write, sweep } = openSweeping({ stores: [main.store, west.store] })
  await write('a', bytesOf('a', 100))
  await sweep()
  await main.rot('a')
  await west.rot('a')
  expect(await sweep({ mode: 'deep' })).toMatchObject({ state: 'critical' })
})

test('one store by itself is held against its own digests and records', async () => {
  const main = openRotting(await s3Store(servers, 'main'), 'main')
  const { sweep } = openSweeping({ stores: [main.store, memoryStore('west')] })
  for (const key of ['a', 'b']) await main.store.put(key, bytesOf(key, 100))
  const alone = { mode: 'deep' as const, stores: [{ store: 'main' }] }
  expect(await sweep(alone)).toMatchObject({ findings: [], same: { attested: 2 } })
  await main.rot('b')
  expect(named(await sweep(alone))).toEqual(['corrupt main b'])
})

test('what a store refuses to give is told, and never written over', async () => {
  const description = await s3Store(servers, 'west')
  const west = openRotting(description, 'west')
  const { write, sweep } = openSweeping({ stores: [memoryStore('main'), west.store] })
  for (const key of ['a', 'b']) await write(key, bytesOf(key, 100))
  await sweep()
  const { etag } = await west.store.head('a')
  const control = createControl(description.control!, fetch)
  const keyPrefix = west.store.fullKey('a')
  const action = { status: 403, code: 'AccessDenied' }
  await control.fault({ operation: 'GetObject', keyPrefix, times: 100, action })
  const report = await sweep({ mode: 'deep', repair: 'automatic' })
  expect(named(report)).toEqual(['unreadable west a'])
  expect(report.repairs.counts).toMatchObject({ mended: 0 })
  await control.clear()
  expect((await west.store.head('a')).etag).toBe(etag)
  expect(named(await sweep({ mode: 'deep' }))).toEqual([])
})

test('one copy of each object is read where that is asked for, and the others where it is wrong', async () => {
  const main = openRotting(await s3Store(servers, 'main'), 'main')
  const { write, sweep, replica } = openSweeping({ stores: [main.store, memoryStore('west')] })
  for (const key of ['a', 'b', 'c']) await write(key, bytesOf(key, 100))
  await sweep()
  const cheapest = { mode: 'deep', read: 'cheapest' } as const
  // Memory costs nothing to read; of tags it tells only whoever asks.
  const well = await sweep(cheapest)
  const told = { same: { attested: 3 }, requests: { get: 3 + 3 }, readBytes: 300 }
  expect(well).toMatchObject({ findings: [], ...told })
  const { metadata } = await replica.head('b')
  await replica.put('b', bytesOf('x', 100), { metadata })
  const ill = await sweep(cheapest)
  expect(named(ill)).toEqual(['corrupt west b'])
  expect(ill.readBytes).toBe(500)
})

test('a sweep without money reads nothing, and says what would do', async () => {
  const main = openRotting(await s3Store(servers, 'main'), 'main')
  const { write, sweep } = openSweeping({ stores: [main.store, memoryStore('west')] })
  await write('a', bytesOf('a', 100))
  const report = await sweep({ mode: 'deep', coverageDays: 30, budgetUsd: 0 })
  expect(report).toMatchObject({ readBytes: 0, findings: [], coverage: { never: 1 } })
  expect(report.plan).toMatchObject({ holds: false, objects: 1 })
})

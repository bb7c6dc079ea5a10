// The truth moves to a replica and back: nothing that was written before, meanwhile or late is lost, nothing that
// was deleted comes back, and who stays away is caught up with when he returns.

import { expect, test } from 'vitest'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Cloud } from './cloud.ts'
import { now, openCloud, textAt } from './cloud.ts'
import { storeWith } from './faulty-store.ts'

const DAY = 86_400_000
const FAILOVER = { failover: { to: ['west'] } }

interface Moving extends Cloud {
  main: Store
  west: Store
  east: Store
  /** Those that answer nobody. */
  down: Set<string>
  /** The keys and texts of a store. */
  all: (store: Store) => Promise<Record<string, string>>
  /** The schedule's look, and all that follows. */
  tick: () => Promise<void>
}

function open(rules: Parameters<typeof openCloud>[0] = {}): Moving {
  const down = new Set<string>()
  const [main, west, east, ledger] = ['main', 'west', 'east', 'ledger'].map((name) =>
    storeWith(name, async () => {
      if (down.has(name)) throw new StorageError('unavailable', `${name} is down.`, { store: name })
    }),
  ) as [Store, Store, Store, Store]
  const stores = [main, west, east]
  const cloud = openCloud({ stores, ledger, ...rules, rules: { ...FAILOVER, ...rules.rules } })
  return {
    ...{ ...cloud, main, west, east, down },
    async all(store) {
      const texts: Record<string, string> = {}
      for await (const { key } of store.listAll()) texts[key] = await textAt(store, key)
      return texts
    },
    async tick() {
      cloud.waiting.push(
        ...(await cloud.replication.watch()).map((task) => ({ task, delaySeconds: 0 })),
      )
      await cloud.work()
    },
  }
}

async function put(cloud: Moving, store: Store, key: string, text: string): Promise<void> {
  await store.put(key, text)
  await cloud.replication.seen(store.name, key, { type: 'created' })
}

const modeOf = async ({ replication }: Cloud) => (await replication.status()).failover?.mode

/** Until all is as it was configured. */
async function comeHome(cloud: Moving): Promise<void> {
  await cloud.replication.failBack({}, 'tests')
  await cloud.work()
  await cloud.tick()
  cloud.clock.ahead += DAY
  await cloud.tick()
  expect(await modeOf(cloud)).toBe('normal')
}

test('what the lost store had and nobody else is taken over when it returns', async () => {
  const cloud = open()
  const { main, west, east, down, replication, work, all } = cloud
  await put(cloud, main, 'a', 'first')
  await work()
  await main.put('a', 'second')
  await main.put('b', 'never copied')
  down.add('main')
  const status = await replication.failOver({ to: 'west', reason: 'main is down' }, 'somebody')
  expect(status).toMatchObject({ epoch: 1, acting: 'west', mode: 'failed-over' })
  expect(status.changes).toMatchObject([
    { what: 'failed-over', from: 'main', to: 'west', by: 'somebody', reason: 'main is down' },
  ])
  await put(cloud, west, 'c', 'meanwhile')
  await work()
  expect(await textAt(east, 'c')).toBe('meanwhile')
  down.clear()
  await cloud.tick()
  const wanted = { a: 'second', b: 'never copied', c: 'meanwhile' }
  for (const store of [main, west, east]) expect(await all(store)).toEqual(wanted)
  await comeHome(cloud)
  for (const store of [main, west, east]) expect(await all(store)).toEqual(wanted)
})

test('deletions of before and of meanwhile reach the store that was away', async () => {
  const cloud = open()
  const { main, west, east, down, replication, work, all } = cloud
  for (const key of ['a', 'b', 'c']) await put(cloud, main, key, key)
  await work()
  // Deleted at the truth, and the copies are still to follow.
  down.add('west').add('east')
  await replication.remove('a', {})
  down.clear()
  down.add('main')
  await replication.failOver({ to: 'west' }, 'somebody')
  const { stores } = await replication.remove('b', {})
  expect(stores).toMatchObject([
    { store: 'west', deleted: true },
    { store: 'east', deleted: true },
  ])
  down.clear()
  await cloud.tick()
  await comeHome(cloud)
  for (const store of [main, west, east]) expect(await all(store)).toEqual({ c: 'c' })
})

test('a version that had not been copied gives way to what was written meanwhile, and is kept', async () => {
  const cloud = open()
  const { main, west, replication, work } = cloud
  await put(cloud, main, 'a', 'first')
  await work()
  await main.put('a', 'never copied')
  await replication.failOver({ to: 'west' }, 'somebody')
  await put(cloud, west, 'a', 'meanwhile')
  await work()
  await comeHome(cloud)
  expect(await textAt(main, 'a')).toBe('meanwhile')
  const { objects } = await main.reserved().list({ prefix: '.skein/conflict/' })
  const kept = await Promise.all(objects.map(({ key }) => textAt(main.reserved(), key)))
  expect(kept).toEqual(['never copied'])
})

test('writes go on during the way back, and late ones are taken over until none can come', async () => {
  const cloud = open()
  const { main, west, replication, work } = cloud
  await replication.failOver({ to: 'west' }, 'somebody')
  await put(cloud, west, 'a', 'before')
  await replication.failBack({ reason: 'main is well' }, 'somebody')
  expect(await modeOf(cloud)).toBe('returning')
  await put(cloud, west, 'b', 'during')
  await work()
  expect(await modeOf(cloud)).toBe('draining')
  // By a URL of before; its completion tells of it, or nobody does.
  await put(cloud, west, 'c', 'late')
  await west.put('d', 'late and silent')
  await work()
  expect(await cloud.all(main)).toEqual({ a: 'before', b: 'during', c: 'late' })
  cloud.clock.ahead += DAY
  await cloud.tick()
  expect(await modeOf(cloud)).toBe('normal')
  for (const store of [main, west, cloud.east]) {
    expect(await cloud.all(store)).toMatchObject({ c: 'late', d: 'late and silent' })
  }
})

test('a store is no stranger for having been the truth', async () => {
  const cloud = open()
  const { main, west, replication, work } = cloud
  await replication.failOver({ to: 'west' }, 'somebody')
  await put(cloud, west, 'a', 'of west')
  await put(cloud, west, 'b', 'of west')
  await work()
  await comeHome(cloud)
  await put(cloud, main, 'a', 'of main')
  await replication.remove('b', {})
  await work()
  expect(await cloud.all(west)).toEqual({ a: 'of main' })
  const { objects } = await west.reserved().list({ prefix: '.skein/conflict/' })
  expect(objects).toEqual([])
  expect((await replication.status()).problems).toEqual([])
})

test('the primary is not the truth again before it holds all', async () => {
  const cloud = open()
  const { west, down, replication, work } = cloud
  await replication.failOver({ to: 'west' }, 'somebody')
  await put(cloud, west, 'a', 'meanwhile')
  down.add('main')
  await replication.failBack({}, 'somebody')
  await work()
  await cloud.tick()
  expect(await modeOf(cloud)).toBe('returning')
  down.clear()
  await cloud.tick()
  expect(await modeOf(cloud)).toBe('draining')
  expect(await textAt(cloud.main, 'a')).toBe('meanwhile')
})

test('each move is told to the webhooks, once', async () => {
  const told: { type: string; data: { epoch: number; to: string } }[] = []
  const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='
  const cloud = open({
    rules: { webhooks: [{ url: 'https://hooks.example.com/skein', secrets: [secret] }] },
    async fetch(_, init) {
      told.push(JSON.parse(init?.body as string))
      return new Response()
    },
  })
  await cloud.replication.failOver({ to: 'west' }, 'somebody')
  await cloud.work()
  await cloud.tick()
  await comeHome(cloud)
  expect(told.map(({ type, data: { epoch, to } }) => [type, epoch, to])).toEqual([
    ['workspace.failed-over', 1, 'west'],
    ['workspace.failed-back', 3, 'main'],
  ])
})

test.each([
  [
    'a store of elsewhere',
    { to: 'north' },
    'do not go to "north"; its `failover` allows main, west',
  ],
  ['the one that is it', { to: 'main' }, 'main is the store that the workspace app writes to'],
])('the truth does not move to %s', async (_, request, sentence) => {
  await expect(open().replication.failOver(request, 'somebody')).rejects.toThrow(sentence)
})

test('without rules for it, nothing moves', async () => {
  const { replication } = openCloud()
  await expect(replication.failOver({ to: 'west' }, 'x')).rejects.toThrow('may not fail over')
  expect((await replication.status()).failover).toBeUndefined()
})

test('of two who move it at once, both are heard one after the other', async () => {
  const cloud = open()
  const moves = await Promise.allSettled([
    cloud.replication.failOver({ to: 'west' }, 'one'),
    cloud.replication.failOver({ to: 'west' }, 'two'),
  ])
  expect(moves.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect((await cloud.replication.status()).failover?.epoch).toBe(1)
})

const AUTOMATIC = { failover: { to: ['west'], automatic: { failures: 3, over: '2m' } } }

test('probes that fail in a row, over a time, move the truth by themselves', async () => {
  const cloud = open({ rules: AUTOMATIC })
  const { down, replication, clock } = cloud
  const acting = async () => (await replication.status()).failover?.acting
  down.add('main')
  await replication.probe()
  await replication.probe()
  await replication.probe()
  // Often enough, and not for long enough.
  expect(await acting()).toBe('main')
  down.clear()
  await replication.probe()
  down.add('main')
  clock.ahead += 60_000
  await replication.probe()
  clock.ahead += 130_000
  await replication.probe()
  // An answer in between begins the count anew.
  expect(await acting()).toBe('main')
  await replication.probe()
  expect(await acting()).toBe('west')
  expect((await replication.status()).failover?.changes).toMatchObject([
    { by: 'skein', reason: expect.stringContaining('main is down') },
  ])
})

test('the truth stays where no stand-in answers, and where nobody has asked for probes', async () => {
  const cloud = open({ rules: AUTOMATIC })
  cloud.down.add('main').add('west')
  const other = open()
  other.down.add('main')
  for (let i = 0; i < 4; i++) {
    for (const { clock, replication } of [cloud, other]) {
      await replication.probe()
      clock.ahead += 60_000
    }
  }
  expect((await cloud.replication.status()).failover?.epoch).toBe(0)
  expect((await other.replication.status()).failover?.epoch).toBe(0)
})

test('tombstones go when nobody can need them, and none while a store may come back', async () => {
  const cloud = open()
  const { replication, ledger, clock } = cloud
  await cloud.main.put('a', 'a')
  await replication.remove('a', {})
  const count = async () => (await ledger.list('tombstones/app/')).entries.length
  await replication.sweepTombstones(undefined)
  expect(await count()).toBe(1)
  clock.ahead += 100 * DAY
  await replication.failOver({ to: 'west' }, 'somebody')
  await replication.sweepTombstones(undefined)
  expect(await count()).toBe(1)
  await cloud.work()
  await comeHome(cloud)
  await replication.sweepTombstones(undefined)
  expect(await count()).toBe(0)
})

test('a replica’s task of before the failover brings over what it was about', async () => {
  const cloud = open()
  const { main, west, replication, work } = cloud
  await main.put('a', 'acknowledged')
  await replication.changed('a', now())
  await replication.failOver({ to: 'west' }, 'somebody')
  await work()
  expect(await textAt(west, 'a')).toBe('acknowledged')
})

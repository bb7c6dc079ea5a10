// Orders in which a deletion, a write and a move of the truth have met, each held by hand: what Skein itself takes
// away is nobody's deletion, and what lands after a deletion is not the newest.

import { expect, test } from 'vitest'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Cloud } from './cloud.ts'
import { openCloud, textAt } from './cloud.ts'
import { storeWith } from './faulty-store.ts'

const DAY = 86_400_000
const RULES = { failover: { to: ['west'], automatic: { failures: 3, over: 120 } } }

interface Held extends Cloud {
  main: Store
  west: Store
  east: Store
  /** Done once, right before that operation on that key at that store. */
  before: (what: string, act: () => Promise<unknown>) => void
  tick: () => Promise<void>
}

function open(): Held {
  const acts = new Map<string, () => Promise<unknown>>()
  const [main, west, east, ledger] = ['main', 'west', 'east', 'ledger'].map((name) =>
    storeWith(name, async (operation, key) => {
      const what = `${operation} ${key} at ${name}`
      const act = acts.get(what)
      acts.delete(what)
      await act?.()
    }),
  ) as [Store, Store, Store, Store]
  const cloud = openCloud({ stores: [main, west, east], ledger, rules: RULES })
  return {
    ...{ ...cloud, main, west, east },
    before: (what, act) => void acts.set(what, act),
    async tick() {
      const tasks = await cloud.replication.watch()
      cloud.waiting.push(...tasks.map((task) => ({ task, delaySeconds: 0 })))
      await cloud.work({ delayed: true })
    },
  }
}

async function everywhere(
  { main, west, east }: Held,
  key: string,
): Promise<(string | undefined)[]> {
  const stores = [main, west, east]
  return Promise.all(
    stores.map(async (store) => ((await store.find(key)) ? textAt(store, key) : undefined)),
  )
}

async function putAndCopy({ main, replication, work }: Held, text: string): Promise<void> {
  await main.put('a', text)
  await replication.seen('main', 'a', { type: 'created' })
  await work()
}

test('a copy that Skein deleted before the truth moved says nothing of what was written meanwhile', async () => {
  const cloud = open()
  const { main, west, replication, work, clock } = cloud
  await putAndCopy(cloud, 'first')
  await main.delete('a')
  // Nobody is told of it, and the copy of the first goes after it was written.
  cloud.before('delete a at west', () => main.put('a', 'second'))
  clock.ahead += 1
  await replication.seen('main', 'a', { type: 'deleted', at: at(clock.ahead) })
  await work()
  expect(await west.find('a')).toBeUndefined()
  const gone = at(0)
  clock.ahead += DAY
  await replication.failOver({ to: 'west' }, 'somebody')
  await replication.seen('west', 'a', { type: 'deleted', at: gone })
  await cloud.tick()
  expect(await everywhere(cloud, 'a')).toEqual(['second', 'second', 'second'])
})

test('nor does one that it deleted at the primary before that came back', async () => {
  const cloud = open()
  const { main, west, replication, work, clock } = cloud
  await putAndCopy(cloud, 'first')
  clock.ahead -= DAY
  await replication.failOver({ to: 'west' }, 'somebody')
  await work()
  clock.ahead = 1
  await west.delete('a')
  cloud.before('delete a at main', () => west.put('a', 'second'))
  await replication.seen('west', 'a', { type: 'deleted', at: at(clock.ahead) })
  await work()
  expect(await main.find('a')).toBeUndefined()
  const gone = at(0)
  clock.ahead += DAY
  // By one who had compared all before the second was written.
  cloud.before('head a at west', async () => undefined)
  await replication.failOver({ to: 'main' }, 'somebody')
  await replication.seen('main', 'a', { type: 'deleted', at: gone })
  await cloud.tick()
  expect(await everywhere(cloud, 'a')).toEqual(['second', 'second', 'second'])
})

test('what somebody deletes at the acting store is deleted where the truth was', async () => {
  const cloud = open()
  const { west, replication, clock } = cloud
  await putAndCopy(cloud, 'first')
  clock.ahead -= 60_000
  await replication.failOver({ to: 'west' }, 'somebody')
  clock.ahead = 1
  await west.delete('a')
  await replication.seen('west', 'a', { type: 'deleted', at: at(clock.ahead) })
  await cloud.tick()
  expect(await everywhere(cloud, 'a')).toEqual([undefined, undefined, undefined])
})

test('what was on its way to the acting store when it was deleted is deleted at the first look', async () => {
  const cloud = open()
  const { main, west, replication, work, clock } = cloud
  await replication.failOver({ to: 'west' }, 'somebody')
  await main.put('a', 'never copied')
  clock.ahead += 60_000
  cloud.before('put a at west', async () => {
    const { stores } = await replication.remove('a', {})
    expect(stores[0]).toMatchObject({ store: 'west', deleted: true })
  })
  await work()
  clock.ahead += 60_000
  await cloud.tick()
  expect(await everywhere(cloud, 'a')).toEqual([undefined, undefined, undefined])
  const kept: string[] = []
  for (const store of [main, west]) {
    const reserved = store.reserved()
    for await (const { key } of reserved.listAll({ prefix: '.skein/conflict/' })) {
      kept.push(await textAt(reserved, key))
    }
  }
  expect(new Set(kept)).toEqual(new Set(['never copied']))
})

test('a comparison that could not be sent is begun by the next schedule', async () => {
  const cloud = open()
  const { main, replication, queue } = cloud
  await main.put('a', 'never copied')
  queue.down = true
  await replication.failOver({ to: 'west' }, 'somebody')
  queue.down = false
  await cloud.tick()
  expect(await everywhere(cloud, 'a')).toEqual(['never copied', 'never copied', 'never copied'])
})

test('a probe that failed while somebody moved the truth moves it nowhere', async () => {
  const cloud = open()
  const { replication, clock } = cloud
  const fails = async () => {
    throw new StorageError('unavailable', 'main is down.', { store: 'main' })
  }
  for (let minute = 0; minute < 3; minute++) {
    cloud.before('put .skein/probe/app at main', fails)
    cloud.before('put .skein/probe/app at west', async () => {
      await replication.failOver({ to: 'west' }, 'somebody')
      await replication.failOver({ to: 'main' }, 'somebody')
    })
    await replication.probe()
    clock.ahead += 60_000
  }
  const { failover } = await replication.status()
  expect(failover).toMatchObject({ acting: 'main', epoch: 2 })
  expect(failover?.changes.map(({ by }) => by)).toEqual(['somebody', 'somebody'])
})

function at(ahead: number): string {
  return new Date(Date.now() + ahead).toISOString()
}

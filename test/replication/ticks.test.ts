// Stores whose clocks tell whole seconds, as those of S3 and Azure do: what was written within the second in which the
// truth moved, or somebody deleted, is not taken for older than it is.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Driver, ListedObject } from '#shared/storage/contract.ts'
import { createOpening } from '#shared/storage/open.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'
import { openCloud, textAt } from './cloud.ts'

const SECOND = Date.UTC(2026, 10, 21, 12, 0, 10)

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: SECOND }))
afterEach(() => void vi.useRealTimers())

const at = (milliseconds: number): void => void vi.setSystemTime(SECOND + milliseconds)

let count = 0

/** Of a store that tells whole seconds, or all that it knows. */
function clocked(name: string, ticks: number): Store {
  const platform = { env: {}, fileSystem: false, now: () => Date.now() }
  const opening = createOpening(`memory:ticks-${name}-${++count}`, platform, { name })
  const memory = createMemoryDriver(opening)
  const told = <T extends ListedObject>(info: T): T => {
    const modified = new Date(Math.floor(info.modified.getTime() / ticks) * ticks)
    return { ...info, modified }
  }
  const driver: Driver = {
    ...memory,
    head: async (...given) => told(await memory.head(...given)),
    async get(...given) {
      const result = await memory.get(...given)
      return { ...result, info: told(result.info) }
    },
    put: async (...given) => told(await memory.put(...given)),
    async list(given) {
      const page = await memory.list(given)
      return { ...page, objects: page.objects.map(told) }
    },
  }
  return new Store({ opening, driver: async () => driver })
}

function open(ofWest = 1000) {
  const [main, west] = [clocked('main', 1000), clocked('west', ofWest)]
  const ledger = clocked('ledger', 1)
  const rules = { failover: { to: ['west'] } }
  const cloud = openCloud({ stores: [main, west], ledger, rules })
  const put = async (store: Store, key: string, text: string) => {
    await store.put(key, text)
    await cloud.replication.seen(store.name, key, { type: 'created' })
  }
  return { ...cloud, main, west, put }
}

/** Over to the west an hour ago, and home again within this very second. */
async function home(cloud: ReturnType<typeof open>, meanwhile: () => Promise<void>): Promise<void> {
  at(-3_600_000)
  await cloud.put(cloud.main, 'a', 'first')
  await cloud.work()
  await cloud.replication.failOver({ to: 'west' }, 'tests')
  await cloud.work()
  at(400)
  await meanwhile()
  await cloud.work()
  at(500)
  await cloud.replication.failBack({}, 'tests')
  await cloud.work()
  expect((await cloud.replication.status()).failover).toMatchObject({ acting: 'main' })
  at(600)
}

test.each([1, 1000])(
  'what is written again at home is not deleted, with ticks of %i ms elsewhere',
  async (ticks) => {
    const cloud = open(ticks)
    await home(cloud, async () => void (await cloud.replication.remove('a', {})))
    await cloud.put(cloud.main, 'a', 'again')
    await cloud.work({ delayed: true })
    expect(await textAt(cloud.main, 'a')).toBe('again')
    expect(await textAt(cloud.west, 'a')).toBe('again')
  },
)

test.each([1, 1000])(
  'what is written at home stands, with ticks of %i ms elsewhere',
  async (ticks) => {
    const cloud = open(ticks)
    await home(cloud, async () => {
      await cloud.west.put('a', 'of the west')
    })
    await cloud.put(cloud.main, 'a', 'of home')
    await cloud.work({ delayed: true })
    expect(await textAt(cloud.main, 'a')).toBe('of home')
    expect(await textAt(cloud.west, 'a')).toBe('of home')
  },
)

test('what was deleted at home a moment after it was written there stays deleted', async () => {
  const cloud = open()
  await home(cloud, async () => undefined)
  await cloud.put(cloud.main, 'a', 'again')
  await cloud.work()
  at(700)
  await cloud.replication.remove('a', {})
  await cloud.work({ delayed: true })
  expect(await cloud.main.find('a')).toBeUndefined()
  expect(await cloud.west.find('a')).toBeUndefined()
})

test('what was deleted before it had been copied stays deleted', async () => {
  const cloud = open()
  at(100)
  // Nobody tells of it.
  await cloud.main.put('a', 'seen at the old store')
  await cloud.replication.failOver({ to: 'west' }, 'tests')
  at(200)
  await cloud.replication.remove('a', {})
  await cloud.work({ delayed: true })
  expect(await cloud.main.find('a')).toBeUndefined()
  expect(await cloud.west.find('a')).toBeUndefined()
})

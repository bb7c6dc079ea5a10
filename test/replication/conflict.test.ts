// Two versions that nobody derived from each other, by each rule: one stays at the key, and the other is kept.

import { expect, test } from 'vitest'
import { StorageError } from '#shared/storage/errors.ts'
import { storeWith } from './faulty-store.ts'
import { now, openCloud, textAt } from './cloud.ts'

const HOUR = 3_600_000
const none = async () => undefined

/** Stores whose clocks a test sets, by what it puts there. */
function open(conflict: 'latest' | 'keep-both') {
  const stores = ['main', 'west'].map((name) => storeWith(name, none))
  return openCloud({ stores, rules: { conflict } })
}

async function put(cloud: ReturnType<typeof open>, store: 'primary' | 'replica', at: number) {
  const text = `of the ${store}`
  const clock = Date.now
  Date.now = () => at
  try {
    await cloud[store].put('report.pdf', text)
  } finally {
    Date.now = clock
  }
}

async function asideIn(store: ReturnType<typeof open>['primary']): Promise<string[]> {
  const reserved = store.reserved()
  const { objects } = await reserved.list({ prefix: '.skein/conflict/' })
  return Promise.all(objects.map(({ key }) => textAt(reserved, key)))
}

test('the later one becomes the truth, and the other is kept aside', async () => {
  const cloud = open('latest')
  await put(cloud, 'primary', Date.now() - HOUR)
  await put(cloud, 'replica', Date.now())
  await cloud.replication.changed('report.pdf', now())
  await cloud.work()
  expect(await textAt(cloud.primary, 'report.pdf')).toBe('of the replica')
  expect(await textAt(cloud.replica, 'report.pdf')).toBe('of the replica')
  expect(await asideIn(cloud.primary)).toEqual(['of the primary'])
  const { etag } = await cloud.primary.head('report.pdf')
  await cloud.replication.changed('report.pdf', now())
  await cloud.work()
  expect((await cloud.primary.head('report.pdf')).etag).toBe(etag)
})

test('an earlier one at the replica gives way, and is kept aside', async () => {
  const cloud = open('latest')
  await put(cloud, 'replica', Date.now() - HOUR)
  await put(cloud, 'primary', Date.now())
  await cloud.replication.changed('report.pdf', now())
  await cloud.work()
  expect(await textAt(cloud.replica, 'report.pdf')).toBe('of the primary')
  expect(await asideIn(cloud.replica)).toEqual(['of the replica'])
})

test.each(['latest', 'keep-both'] as const)(
  '%s keeps both of one moment, side by side',
  async (rule) => {
    const cloud = open(rule)
    const at = Date.now()
    await put(cloud, 'primary', at)
    await put(cloud, 'replica', at)
    await cloud.replication.changed('report.pdf', now())
    await cloud.work()
    for (const store of [cloud.primary, cloud.replica]) {
      const keys = (await store.list()).objects.map(({ key }) => key)
      expect(keys).toEqual([
        expect.stringMatching(/^report\.conflict-west-[0-9a-f]{8}\.pdf$/),
        'report.pdf',
      ])
      expect(await textAt(store, 'report.pdf')).toBe('of the primary')
      expect(await textAt(store, keys[0]!)).toBe('of the replica')
    }
  },
)

test('what others write at a replica reaches the truth where they may, and every other replica', async () => {
  const stores = ['main', 'west', 'east'].map((name) => storeWith(name, none))
  const cloud = openCloud({ stores, rules: { conflict: 'latest' } })
  await cloud.replica.put('new', 'from the west')
  await cloud.replication.seen('west', 'new', { type: 'created' })
  await cloud.work()
  for (const store of stores) expect(await textAt(store, 'new')).toBe('from the west')
  expect(cloud.waiting).toEqual([])
})

test('the same bytes are no conflict', async () => {
  const cloud = openCloud()
  await cloud.primary.put('a', 'the same')
  const { etag } = await cloud.replica.put('a', 'the same')
  await cloud.replication.changed('a', now())
  await cloud.work()
  expect((await cloud.replica.head('a')).etag).toBe(etag)
  expect(await asideIn(cloud.replica)).toEqual([])
})

test('a copy of Skein’s own starts no further round', async () => {
  const cloud = openCloud()
  await cloud.primary.put('a', 'one')
  await cloud.replication.changed('a', now())
  await cloud.work()
  await cloud.replication.seen('west', 'a', { type: 'created' })
  expect(cloud.waiting).toEqual([])
})

test('where no write can be held to what was seen, whoever wrote looks whether the source moved on', async () => {
  let overtake = false
  const main = storeWith('main', none)
  const west = storeWith(
    'west',
    async (operation, key) => {
      if (!overtake || operation !== 'put' || key !== 'a') return
      overtake = false
      await main.put('a', 'newer')
    },
    { put: { create: false, match: false }, delete: { match: false } },
  )
  const cloud = openCloud({ stores: [main, west] })
  await main.put('a', 'older')
  overtake = true
  await cloud.replication.changed('a', now())
  await cloud.work()
  expect(await textAt(west, 'a')).toBe('newer')
})

test('what was deleted while another’s version was taken over does not come back in its place', async () => {
  let meanwhile: (() => Promise<void>) | undefined
  let isActing = false
  const main = storeWith('main', none)
  const west = storeWith('west', async (operation, key) => {
    if (key !== 'report.pdf' || !meanwhile) return
    if (operation === 'delete') throw new StorageError('unavailable', 'West is busy.')
    if (operation === 'get' && !isActing) await meanwhile()
  })
  const cloud = openCloud({ stores: [main, west], rules: { conflict: 'latest' } })
  await put(cloud, 'replica', Date.now() - HOUR)
  meanwhile = async () => {
    isActing = true
    await put(cloud, 'primary', Date.now() - HOUR / 2)
    await cloud.replication.changed('report.pdf', now())
    await cloud.work()
    await cloud.replication.remove('report.pdf', {})
    expect(await textAt(west, 'report.pdf')).toBe('of the primary')
    meanwhile = undefined
  }
  await cloud.replication.seen('west', 'report.pdf', { type: 'created' })
  await cloud.work({ delayed: true })
  expect(await main.find('report.pdf')).toBeUndefined()
  expect(await west.find('report.pdf')).toBeUndefined()
})

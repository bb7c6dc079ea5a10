// What a plan says that moving costs, against bills worked out by hand from the vendors' lists, and what an
// inventory finds on real listings.

import { expect, test } from 'vitest'
import { planCosts } from '#shared/migration/plan-costs.ts'
import { addCount, addObject, countOf, newStock } from '#shared/migration/stock.ts'
import type { Stock } from '#shared/migration/stock.ts'
import { openStore } from '#shared/storage/open.ts'
import { openToday } from '../prices/open.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

const prices = await openToday()
const platform = { env: {}, fileSystem: true, now: Date.now }
const keys = { accessKeyId: 'K', secretAccessKey: 'S' }
const virginia = placeOf('s3://source?region=us-east-1', { credentials: keys })
const eastUs = placeOf('az://account/target', {
  credentials: { accountKey: 'a2V5' },
})

function placeOf(uri: string, options: object) {
  return {
    store: openStore(uri, platform, {
      name: uri.startsWith('az') ? 'azure' : uri.split(':')[0]!,
      ...options,
    }),
    base: '',
  }
}

interface Heap {
  objects: number
  bytes: number
  storageClass?: string
}

function stockOf(heap: Heap): Stock {
  const stock = newStock()
  const { objects, bytes, storageClass = 'STANDARD' } = heap
  const object = { key: 'k', size: bytes, etag: 'e', modified: new Date(0) }
  addObject(stock, object, storageClass)
  const cell = Object.values(stock.sizes)[0]!
  addCount(cell, bytes * (objects - 1), objects - 1)
  addCount(stock.total, bytes * (objects - 1), objects - 1)
  return stock
}

function whole(stock: Stock): Stock {
  const { objects, bytes } = stock.total
  return { ...stock, ways: { whole: { objects, bytes, puts: objects, parts: 0, gets: objects } } }
}

function lines(stock: Stock) {
  const ends = { from: virginia, to: eastUs }
  const { once, monthly, totals } = planCosts(prices, ends, stock, {})
  const shown = [...once, ...monthly.before, ...monthly.after]
  return { by: Object.fromEntries(shown.map(({ what, usd }) => [what, usd])), totals, shown }
}

test('a million objects of 100 KiB from S3 in Virginia to Azure in East US', () => {
  const { by, totals, shown } = lines(whole(stockOf({ objects: 1_000_000, bytes: 100 * KIB })))
  expect(by).toEqual({
    // 95.37 GiB, and 100 are free in a month.
    'bytes sent out of s3': '0.000000',
    // 1,000,000 GETs at 0.0004 and 3 × 1,000 lists at 0.005 a thousand.
    'requests at s3': '0.415000',
    // 1,000,000 writes and 3 × 200 lists at 0.005 a thousand.
    'requests at azure': '5.003000',
    // 102.4 × 10⁹ / 2³⁰ = 95.367432 GiB at 0.023.
    'kept at s3 (STANDARD)': '2.193451',
    // The same at 0.0208, the price of East US, which stands in where no region is known.
    'kept at azure (Hot)': '1.983643',
  })
  expect(totals).toEqual({
    ...{ onceUsd: '5.418000', beforeUsd: '2.193451', afterUsd: '1.983643', unknown: 0 },
  })
  for (const { prices: rests } of shown) {
    expect(rests.length).toBeGreaterThan(0)
    for (const { from, usd, unit } of rests) expect([from, usd, unit]).not.toContain('')
  }
})

test('a thousand GiB that leave: what is free in a month is taken off once', () => {
  const stock = stockOf({ objects: 1000, bytes: GIB })
  const parts = { objects: 1000, bytes: 1000 * GIB, puts: 2000, parts: 128_000, gets: 128_000 }
  const { by } = lines({ ...stock, ways: { parts } })
  // (1,000 − 100) × 0.09.
  expect(by['bytes sent out of s3']).toBe('81.000000')
  // 128,000 GETs at 0.0004 and 3 lists at 0.005 a thousand.
  expect(by['requests at s3']).toBe('0.051215')
})

test('cold objects: read for a fee, and left early for another', () => {
  const stock = whole(stockOf({ objects: 100, bytes: MIB, storageClass: 'STANDARD_IA' }))
  addCount(countOf(stock.early, 'STANDARD_IA 20'), 100 * MIB, 100)
  const { by } = lines(stock)
  // 100 / 1,024 GiB at 0.01.
  expect(by['reading from STANDARD_IA']).toBe('0.000977')
  // 100 / 1,024 GiB at 0.0125, for 20 days of 30.
  expect(by['deleting early from STANDARD_IA']).toBe('0.000814')
})

test('what has no known price is said, and is not in the sum', () => {
  const unknown = {
    ...eastUs,
    store: openStore('minio://target?endpoint=http://127.0.0.1:9', platform, {
      name: 'own',
      credentials: keys,
    }),
  }
  const stock = whole(stockOf({ objects: 10, bytes: KIB }))
  const { once, totals, monthly } = planCosts(prices, { from: virginia, to: unknown }, stock, {})
  const there = once.find(({ what }) => what === 'requests at own')
  expect(there).toMatchObject({ usd: null, note: expect.stringContaining('file of prices') })
  expect(monthly.after[0]?.usd).toBeNull()
  expect(totals.unknown).toBe(2)
})

test('what lies on this machine costs nothing, and no line says so', () => {
  const folder = placeOf('file:///srv/somewhere', {})
  const stock = whole(stockOf({ objects: 10, bytes: KIB }))
  const { once, totals } = planCosts(prices, { from: folder, to: folder }, stock, {})
  expect(once).toEqual([])
  expect(totals).toEqual({
    onceUsd: '0.000000',
    beforeUsd: '0.000000',
    afterUsd: '0.000000',
    unknown: 0,
  })
})

// Whole bills of a workspace, worked out by hand from the vendors' lists, to the cent, and each provider's
// traps one by one.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chargeItems } from '#shared/cost/account.ts'
import { compareElsewhere, PROVIDERS } from '#shared/cost/compare.ts'
import { demandOf } from '#shared/cost/demand.ts'
import type { Report } from '#shared/cost/report.ts'
import { reportOf } from '#shared/cost/report.ts'
import { openRegions } from '#shared/cost/regions.ts'
import { isKnown } from '#shared/prices/figure.ts'
import { NOTHING, compareMoney, formatUsd, plus } from '#shared/prices/money.ts'
import { openToday } from '../prices/open.ts'
import { seeded } from '../seeds.ts'
import type { Heap } from './sample.ts'
import { GIB, KIB, TODAY, inventoryOf, placesAt, usageFrom } from './sample.ts'

const prices = await openToday()
const regions = await openRegions()

function report(providers: readonly string[], heaps: readonly Heap[], usage = usageFrom()): Report {
  const places = placesAt(...providers)
  const inventory = inventoryOf(places, heaps)
  return reportOf({ prices, places, inventory, growth: undefined, usage, now: TODAY })
}

function shown(rows: readonly { name: string; forecast: Parameters<typeof formatUsd>[0] }[]) {
  return Object.fromEntries(rows.map(({ name, forecast }) => [name, formatUsd(forecast, 4)]))
}

test('1,000 GiB in S3 Standard, and a copy in B2: the copy is what redundancy costs', () => {
  const { forecast, by, replicas } = report(
    ['s3', 'b2'],
    [{ objects: 1000, objectBytes: GIB, placement: ['STANDARD', 'STANDARD'] }],
  )
  // 1,000 × 0.023; B2 by GB of 10⁹: (1,073.741824 − 10) × 0.00695.
  expect(shown(by.store)).toEqual({ 's3-store': '23.0000', 'b2-store': '7.3930' })
  expect(formatUsd(forecast.amount)).toBe('30.39')
  expect(replicas.map(({ store, forecast: one }) => [store, formatUsd(one)])).toEqual([
    ['b2-store', '7.39'],
  ])
})

test('the parts of a bill add up to it exactly, however it is cut', () => {
  const { forecast, soFar, by, lines, sources } = report(
    ['s3', 'r2', 'spaces'],
    [
      { prefix: 'a/', objects: 7, objectBytes: 12_345_678, placement: ['STANDARD_IA', null, null] },
      {
        prefix: 'b/',
        objects: 999,
        objectBytes: 77_777,
        placement: ['STANDARD', 'STANDARD', null],
      },
      {
        prefix: 'c/',
        objects: 3,
        objectBytes: GIB,
        ageDays: 3,
        placement: ['STANDARD', null, 'STANDARD'],
      },
    ],
    usageFrom([{ prefix: 'b/', counts: { get: 12_345 }, sentBytes: 250 * GIB }]),
  )
  for (const rows of Object.values(by)) {
    expect(plus(...rows.map((row) => row.forecast))).toEqual(forecast.amount)
    expect(plus(...rows.map((row) => row.soFar))).toEqual(soFar.amount)
  }
  expect(plus(...lines.map((line) => line.forecast))).toEqual(forecast.amount)
  // Each line that costs anything says on which prices it rests, and each price is some line's.
  expect(lines.filter((line) => line.sources.length === 0)).toEqual([])
  const used = new Set(lines.flatMap((line) => line.sources))
  expect([...used].toSorted((a, b) => a - b)).toEqual(sources.map((_, index) => index + 1))
})

test('reads out of Standard-IA: requests, retrieval, and what is sent beyond 100 GB', () => {
  const usage = usageFrom([{ counts: { get: 300_000 }, sentBytes: 300 * GIB }], 30)
  const { by } = report(
    ['s3'],
    [{ objects: 300, objectBytes: GIB, placement: ['STANDARD_IA'] }],
    usage,
  )
  // 300 × 0.0125; 300 × 0.001; 300 × 0.01; 200 × 0.09.
  expect(shown(by.charge)).toEqual({
    ...{ egress: '18.0000', storage: '3.7500', retrieval: '3.0000', requests: '0.3000' },
  })
})

test('small objects in Standard-IA are billed as 128 KiB', () => {
  const heap = { objects: 1_000_000, objectBytes: 16 * KIB, placement: ['STANDARD_IA'] }
  expect(formatUsd(report(['s3'], [heap]).forecast.amount, 3)).toBe('1.526')
})

test('Glacier adds 40 KB an object, of which 8 at the standard rate', () => {
  const heap = { objects: 1_000_000, objectBytes: 16 * KIB, placement: ['DEEP_ARCHIVE'] }
  expect(formatUsd(report(['s3'], [heap]).forecast.amount, 3)).toBe('0.221')
})

test('R2 bills whole GB, and gives allowances to Standard alone', () => {
  const standard = { objects: 1, objectBytes: 10 * 1e9 + 1, placement: ['STANDARD'] }
  const cool = { objects: 1, objectBytes: 1e9, placement: ['STANDARD_IA'] }
  expect(formatUsd(report(['r2'], [standard]).forecast.amount, 3)).toBe('0.015')
  expect(formatUsd(report(['r2'], [cool]).forecast.amount, 3)).toBe('0.010')
})

test('Wasabi bills a TB at least, on a line of its own, and Spaces its subscription', () => {
  const heap = { objects: 1, objectBytes: GIB, placement: ['STANDARD', 'STANDARD'] }
  const { by, forecast } = report(['wasabi', 'spaces'], [heap])
  expect(formatUsd(forecast.amount, 2)).toBe('12.99')
  expect(shown(by.charge)['standing']).toBe('12.9822')
})

test('B2 sends three times what it keeps for nothing', () => {
  const usage = usageFrom([{ store: 'b2-store', counts: { get: 5 }, sentBytes: 5000 * 1e9 }], 30)
  const heap = { objects: 1000, objectBytes: 1e9, placement: ['STANDARD'] }
  const { by } = report(['b2'], [heap], usage)
  expect(shown(by.charge)).toMatchObject({ storage: '6.8805', egress: '20.0000' })
})

interface HandBill {
  provider: string
  region: string
  redundancy?: string
  kept: [objects: number, objectBytes: number, storageClass: string]
  read: [gets: number, sentBytes: number]
  charges: Record<string, string>
}

const GB = 1e9

/** Whole bills from the vendors' lists. */
const BILLS: HandBill[] = [
  // 51,200 × 0.0245 + 10,240 × 0.0235; 1,900 × 0.09; 2,000 thousand × 0.00043.
  {
    ...{ provider: 's3', region: 'eu-central-1', kept: [61_440, GIB, 'STANDARD'] },
    ...{ read: [2_000_000, 2000 * GIB] },
    charges: { storage: '1495.0400', egress: '171.0000', requests: '0.8600', retrieval: '0.0000' },
  },
  // 10,000 × 0.01; 4,900 × 0.12; 5,000 × 0.01; 950 thousand × 0.001.
  {
    ...{ provider: 'gcs', region: 'us-east1', kept: [10_000, GIB, 'NEARLINE'] },
    ...{ read: [1_000_000, 5000 * GIB] },
    charges: { storage: '100.0000', egress: '588.0000', requests: '0.9500', retrieval: '50.0000' },
  },
  // 5,000 × 0.0152; 200 × 0.087; 300 × 0.01; a hundred times ten thousand × 0.01.
  {
    ...{ provider: 'azure', region: 'eastus', redundancy: 'LRS', kept: [5000, GIB, 'Cool'] },
    ...{ read: [1_000_000, 300 * GIB] },
    charges: { storage: '76.0000', egress: '17.4000', requests: '1.0000', retrieval: '3.0000' },
  },
  // 500 × 0.01; nothing for what is sent; three begun millions × 0.90; 200 × 0.01.
  {
    ...{ provider: 'r2', region: 'auto', kept: [500, GB, 'STANDARD_IA'] },
    ...{ read: [2_500_000, 200 * GB] },
    charges: { storage: '5.0000', egress: '0.0000', requests: '2.7000', retrieval: '2.0000' },
  },
  // 150 beyond 250 × 0.02; 476 beyond 1,024 × 0.01; the subscription.
  {
    ...{ provider: 'spaces', region: 'nyc3', kept: [400, GIB, 'STANDARD'] },
    ...{ read: [1000, 1500 * GIB] },
    charges: { storage: '3.0000', egress: '4.7600', standing: '5.0000' },
  },
  // 9,990 × 0.00695; 10,000 beyond three times 10,000 × 0.01.
  {
    ...{ provider: 'b2', region: 'us-east-005', kept: [10_000, GB, 'STANDARD'] },
    ...{ read: [1000, 40_000 * GB] },
    charges: { storage: '69.4305', egress: '100.0000', requests: '0.0000' },
  },
]

test.each(BILLS)('$provider in $region, by hand', ({ provider, region, redundancy, ...bill }) => {
  const places = placesAt(provider).map((place) => ({ ...place, region, redundancy }))
  const [objects, objectBytes, storageClass] = bill.kept
  const [get, sentBytes] = bill.read
  const inventory = inventoryOf(places, [{ objects, objectBytes, placement: [storageClass] }])
  const usage = usageFrom([{ store: places[0]!.name, counts: { get }, sentBytes }])
  const made = reportOf({ prices, places, inventory, growth: undefined, usage, now: TODAY })
  expect(made.unknown).toEqual([])
  expect(shown(made.by.charge)).toMatchObject(bill.charges)
  const sum = Object.values(bill.charges).reduce((all, one) => all + Number(one), 0)
  expect(Number(formatUsd(made.forecast.amount, 4))).toBeCloseTo(sum, 4)
})

test('bringing new objects to a replica costs what the primary sends', () => {
  const heap = { objects: 100, objectBytes: GIB, ageDays: 2, placement: ['STANDARD', 'STANDARD'] }
  const { by, replicas } = report(['s3', 'b2'], [heap])
  // All of it is within the 100 GB that S3 sends for nothing; B2 takes nothing for requests.
  expect(shown(by.charge)['egress for copies']).toBe('0.0000')
  expect(replicas.map(({ store }) => store)).toEqual(['b2-store', 'sending to all of them'])
  const { by: more } = report(['s3', 'b2'], [{ ...heap, objects: 200 }])
  expect(shown(more.charge)['egress for copies']).toBe('9.0000')
})

test('so far: storage by the days that have passed, requests as they were counted', () => {
  const usage = usageFrom([{ counts: { get: 1_000_000 }, sentBytes: 0 }], 20)
  const heap = { objects: 300, objectBytes: GIB, placement: ['STANDARD'] }
  const { soFar, forecast } = report(['s3'], [heap], usage)
  // 20 of 30 days: 6.90 × 2/3 + 0.40; at the end 6.90 + 0.60.
  expect([formatUsd(soFar.amount), formatUsd(forecast.amount)]).toEqual(['5.00', '7.50'])
})

test('early in a month the forecast is of what the month has seen and of the last thirty days', () => {
  const places = placesAt('s3')
  const inventory = inventoryOf(places, [
    { objects: 300, objectBytes: GIB, placement: ['STANDARD'] },
  ])
  const now = Date.parse('2026-11-01T01:00:00Z')
  const usage = { ...usageFrom([{ counts: { get: 1_000_000 }, sentBytes: 0 }]), days: 1 }
  const lately = usageFrom([{ counts: { get: 30_000_000 }, sentBytes: 0 }], 30)
  const early = { prices, places, inventory, growth: undefined, usage, now }
  const { forecast, soFar } = reportOf({ ...early, lately })
  // 6.90, and 0.40 for the million that was; a million a day for 29 days and 23 hours.
  expect(formatUsd(forecast.amount, 3)).toBe('19.283')
  expect(formatUsd(soFar.amount, 3)).toBe('0.410')
  const few = reportOf({ ...early, lately: { ...lately, days: 3.25 } })
  expect(few.coverage.at(-1)).toContain('the last 3.3 days alone')
})

test('few reads of many kinds of objects are not rounded away', () => {
  const heaps = [1, 40, 70, 100, 200, 400, 800].map((ageDays) => {
    return { objects: 1000, objectBytes: KIB, ageDays, placement: ['STANDARD'] }
  })
  const places = placesAt('s3')
  const inventory = inventoryOf(places, heaps)
  const rates = [{ store: 's3-store', prefix: '', counts: { get: 3 }, sentBytes: 5 }]
  const items = demandOf({ inventory, places, rates })
  const gets = items.flatMap((one) => {
    return one.charge === 'requests' && one.operation === 'get' ? [one.count] : []
  })
  const sent = items.flatMap((one) => (one.charge === 'egress' ? [one.bytes] : []))
  const sum = (all: readonly number[]) => all.reduce((one, more) => one + more, 0)
  expect([sum(gets), sum(sent)]).toEqual([3, 5])
})

test('uploads accrue by the day, and are not counted twice where a log has them', () => {
  const heap = { objects: 1_000_000, objectBytes: 0, ageDays: 3, placement: ['STANDARD'] }
  const { soFar, forecast } = report(['s3'], [heap])
  // A million puts at $5 a million; 20 of 30 days.
  expect([formatUsd(forecast.amount), formatUsd(soFar.amount)]).toEqual(['5.00', '3.33'])
  const usage = usageFrom([{ counts: { put: 100_000, get: 1 }, sentBytes: 0 }], 30)
  expect(formatUsd(report(['s3'], [heap], usage).forecast.amount)).toBe('0.50')
})

test('a store grows: the forecast is of the middle of the month', () => {
  const places = placesAt('s3')
  const inventory = inventoryOf(places, [
    { objects: 300, objectBytes: GIB, placement: ['STANDARD'] },
  ])
  const growth = { bytesADay: 3 * GIB, objectsADay: 3, from: '', to: '' }
  const now = Date.parse('2026-11-06T00:00:00Z')
  const early = { ...inventory, takenAt: new Date(now).toISOString() }
  const usage = usageFrom()
  const { forecast } = reportOf({ prices, places, inventory: early, growth, usage, now })
  // Ten days to the middle: 330 GiB.
  expect(formatUsd(forecast.amount)).toBe('7.59')
})

test('an unknown price is said, and no part of it counts as nothing', () => {
  const { unknown, by, forecast } = report(
    ['s3', 'minio'],
    [{ objects: 1, objectBytes: GIB, placement: ['STANDARD', 'STANDARD'] }],
  )
  expect(unknown).toEqual([expect.stringContaining('minio-store, storage: What "minio" costs')])
  expect(shown(by.store)['s3-store']).toBe('0.0230')
  expect(formatUsd(forecast.amount, 3)).toBe('0.023')
})

test('a class that nobody has a price for is unknown too', () => {
  const heap = { objects: 1, objectBytes: GIB, placement: ['REDUCED_REDUNDANCY_X'] }
  expect(report(['s3'], [heap]).unknown).toEqual([expect.stringContaining('REDUCED_REDUNDANCY_X')])
})

test('every figure of a report names its source', () => {
  const heap = { objects: 1, objectBytes: GIB, placement: ['STANDARD'] }
  const { sources } = report(['s3'], [heap])
  expect(sources).toEqual([
    expect.objectContaining({ usd: '0.023', source: expect.stringContaining('AWS') }),
  ])
})

test('elsewhere: seven providers and all their classes, the cheapest first, unknown last', () => {
  const places = placesAt('s3')
  const inventory = inventoryOf(places, [
    { objects: 1_000_000, objectBytes: 1024 * KIB, placement: ['STANDARD'] },
  ])
  const rates = [
    { store: 's3-store', prefix: '', counts: { get: 1_000_000 }, sentBytes: 1024 * GIB },
  ]
  const rows = compareElsewhere({ prices, regions, places, inventory, rates })
  expect(new Set(rows.map(({ provider }) => provider))).toEqual(new Set(PROVIDERS))
  const named = new Map(rows.map((row) => [`${row.provider} ${row.class}`, row]))
  const totalAt = (name: string) => {
    const month = named.get(name)?.month
    return month && 'total' in month ? formatUsd(month.total) : month?.unknown
  }
  // 976.5625 GiB × 0.023 + 0.40 + 924 × 0.09; R2 1,049 GB rounded up less 10, × 0.015; Wasabi its TB.
  expect(totalAt('s3 STANDARD')).toBe('106.02')
  expect(totalAt('r2 STANDARD')).toBe('15.59')
  expect(totalAt('wasabi STANDARD')).toBe('7.99')
  const costs = rows.flatMap(({ month }) => ('total' in month ? [formatUsd(month.total, 6)] : []))
  expect(costs.map(Number)).toEqual(costs.map(Number).toSorted((a, b) => a - b))
  const isUnknown = rows.map(({ month }) => Number('unknown' in month))
  expect(isUnknown).toEqual(isUnknown.toSorted((a, b) => a - b))
})

test('all of an account is charged to its items, and warnings come along', () => {
  const places = placesAt('wasabi')
  const inventory = inventoryOf(places, [{ objects: 1, objectBytes: GIB, placement: ['STANDARD'] }])
  const rates = [{ store: 'wasabi-store', prefix: '', counts: {}, sentBytes: 3 * GIB }]
  const rows = chargeItems(prices, places, demandOf({ inventory, places, rates }))
  const warnings = rows.flatMap(({ cost }) => (isKnown(cost) ? cost.warnings : []))
  expect(warnings).toContainEqual(expect.stringContaining('may limit'))
})

const heap: fc.Arbitrary<Heap> = fc.record({
  prefix: fc.constantFrom('a/', 'b/c/', ''),
  objects: fc.integer({ min: 0, max: 100_000 }),
  objectBytes: fc.integer({ min: 0, max: 2 ** 33 }),
  ageDays: fc.integer({ min: 31, max: 900 }),
  placement: fc.constantFrom(
    ...[
      ['STANDARD', 'STANDARD', null],
      ['STANDARD_IA', null, 'Hot'],
      ['GLACIER', null, null],
    ],
  ),
})

test('more is never cheaper, and nothing costs less than nothing', () => {
  fc.assert(
    fc.property(fc.array(heap, { maxLength: 6 }), heap, (heaps, more) => {
      const some = report(['s3', 'wasabi', 'azure'], heaps).forecast.amount
      const all = report(['s3', 'wasabi', 'azure'], [...heaps, more]).forecast.amount
      expect(compareMoney(some, NOTHING)).toBeGreaterThanOrEqual(0)
      expect(compareMoney(all, some)).toBeGreaterThanOrEqual(0)
    }),
    seeded(),
  )
})

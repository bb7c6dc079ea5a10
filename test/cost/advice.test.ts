// Advice: no better assignment exists on small cases, nothing recommended breaks a constraint or is worse than
// doing nothing, and each of the providers' traps is walked around.

import { expect, test } from 'vitest'
import type { Advice, AdviceInput } from '#shared/cost/advice/advise.ts'
import { advise } from '#shared/cost/advice/advise.ts'
import { openRegions } from '#shared/cost/regions.ts'
import { compareMoney, formatUsd, plus, times } from '#shared/prices/money.ts'
import { openToday } from '../prices/open.ts'
import { randomFrom } from '../seeds.ts'
import { randomCase } from './advice-cases.ts'
import { bruteForce } from './brute-force.ts'
import type { Heap } from './sample.ts'
import { GIB, KIB, MIB, inventoryOf, placesAt } from './sample.ts'

const prices = await openToday()
const regions = await openRegions()

function totalOf({ monthAfter, once, months }: Advice) {
  return plus(times(monthAfter, months), once)
}

test('no assignment is better, whatever the allowances, tiers and minimum charges', () => {
  const random = randomFrom(20_261_121)
  for (let at = 0; at < 40; at++) {
    const input = randomCase(random, 1 + (at % 3))
    const { best } = bruteForce(input)
    const advice = advise(input)
    const told = `case ${at}: ${formatUsd(totalOf(advice), 8)} and ${formatUsd(best, 8)}`
    expect([told, compareMoney(totalOf(advice), best)]).toEqual([told, 0])
    expect([told, advice.gapPercent]).toEqual([told, 0])
  }
})

test('advice is never worse than doing nothing, and its recommendations fit what is asked', () => {
  const random = randomFrom(7)
  for (let at = 0; at < 60; at++) {
    const input = randomCase(random, 12)
    const advice = advise(input)
    const now = times(advice.monthNow, advice.months)
    expect(compareMoney(totalOf(advice), now)).toBeLessThanOrEqual(0)
    for (const { prefix, steps } of advice.recommendations) {
      const cell = input.inventory.cells.find((one) => one.prefix === prefix)!
      const after = input.places.map(({ name }, store) => {
        const step = steps.find((one) => one.store === name)
        return step ? step.to : cell.placement[store]
      })
      const count = (list: readonly unknown[]) => list.filter((one) => one !== null).length
      expect(count(after)).toBe(count(cell.placement))
      expect(after[0]).not.toBeNull()
    }
  }
})

function adviceFor(
  providers: readonly string[],
  heaps: readonly Heap[],
  more: Partial<AdviceInput> = {},
): Advice {
  const places = placesAt(...providers)
  const inventory = inventoryOf(places, heaps)
  const constraints = {}
  return advise({ prices, regions, places, inventory, rates: [], constraints, ...more })
}

function stepsOf({ recommendations }: Advice): string[] {
  return recommendations.flatMap(({ steps }) =>
    steps.map(({ store, from, to }) => `${store}: ${from} to ${to}`),
  )
}

test('a million objects of 16 KiB stay out of cool and archive classes', () => {
  const heap = { objects: 1_000_000, objectBytes: 16 * KIB, placement: ['STANDARD'] }
  expect(stepsOf(adviceFor(['s3'], [heap], { constraints: { atOnce: 'all' } }))).toEqual([])
})

test('large objects that nobody reads go to Glacier Instant Retrieval, which pays back', () => {
  const heap = { objects: 1000, objectBytes: GIB, placement: ['STANDARD'] }
  const advice = adviceFor(['s3'], [heap])
  expect(stepsOf(advice)).toEqual(['s3-store: STANDARD to GLACIER_IR'])
  const [one] = advice.recommendations
  // 1,000 × (0.023 − 0.004) a month, for 1,000 × 0.02 / 1,000 once.
  expect([formatUsd(one!.monthNow), formatUsd(one!.monthAfter)]).toEqual(['23.00', '4.00'])
  expect(formatUsd(one!.once, 4)).toBe('0.0200')
  expect(one!.payBackMonths).toBeCloseTo(0.02 / 19, 6)
  expect(one!.risks).toContainEqual(expect.stringContaining('90 days'))
  expect(one!.lines.map(({ usd }) => usd)).toEqual(
    expect.arrayContaining(['0.023', '0.004', '0.02']),
  )
})

test('what is read every day stays where reading is cheap', () => {
  const heap = { prefix: 'hot/', objects: 1000, objectBytes: GIB, placement: ['STANDARD'] }
  const rates = [
    { store: 's3-store', prefix: 'hot/', counts: { get: 30_000 }, sentBytes: 30_000 * GIB },
  ]
  expect(stepsOf(adviceFor(['s3'], [heap], { rates }))).toEqual([])
})

test('to leave a class too early is counted', () => {
  const heap = { objects: 1000, objectBytes: GIB, ageDays: 1, placement: ['STANDARD_IA'] }
  const advice = adviceFor(['s3'], [heap], { months: 3, constraints: { keptDays: 40 } })
  expect(stepsOf(advice)).toEqual([])
  const older = adviceFor(['s3'], [{ ...heap, ageDays: 400 }], { months: 12 })
  expect(stepsOf(older)).toEqual(['s3-store: STANDARD_IA to GLACIER_IR'])
})

test('the replica may be archived while the primary answers at once', () => {
  const heap = { objects: 100, objectBytes: GIB, placement: ['STANDARD', 'Hot'] }
  const advice = adviceFor(['s3', 'azure'], [heap])
  expect(stepsOf(advice)).toEqual([
    ...['s3-store: STANDARD to GLACIER_IR', 'azure-store: Hot to Archive'],
  ])
  const atOnce = adviceFor(['s3', 'azure'], [heap], { constraints: { atOnce: 'all' } })
  expect(stepsOf(atOnce)).toEqual([
    ...['s3-store: STANDARD to GLACIER_IR', 'azure-store: Hot to Cold'],
  ])
  expect(advice.recommendations[0]!.risks).toContainEqual(expect.stringContaining('restored'))
})

test('Wasabi is not opened for a few GB, since its TB is charged whatever there is', () => {
  const heap = { objects: 100, objectBytes: GIB, placement: ['STANDARD', null] }
  const constraints = { keepPrimary: false, atOnce: 'all' as const }
  const places = placesAt('s3', 'wasabi').map((place) => ({ ...place, classes: ['STANDARD'] }))
  const inventory = inventoryOf(places, [heap])
  const input = { prices, regions, places, inventory, rates: [], constraints }
  expect(stepsOf(advise(input))).toEqual([])
  const large = inventoryOf(places, [{ ...heap, objects: 5000 }])
  const advice = advise({ ...input, inventory: large, months: 36 })
  expect(stepsOf(advice)).toEqual(['s3-store: STANDARD to null', 'wasabi-store: null to STANDARD'])
})

test('data that must stay in the EU does', () => {
  const heap = { objects: 5000, objectBytes: GIB, placement: ['STANDARD', null] }
  const [s3, b2] = placesAt('s3', 'b2')
  const frankfurt = { ...s3!, region: 'eu-central-1', classes: ['STANDARD'] }
  const inventory = inventoryOf([s3!, b2!], [heap])
  const constraints = { keepPrimary: false, within: ['EU'] }
  const input = { prices, regions, inventory, rates: [], constraints, months: 36 }
  const away = { ...input, places: [frankfurt, { ...b2!, region: 'us-west-004' }] }
  expect(stepsOf(advise(away))).toEqual([])
  const near = { ...input, places: [frankfurt, { ...b2!, region: 'eu-central-003' }] }
  expect(stepsOf(advise(near))).toHaveLength(2)
})

test('more copies are asked for than there are: they are made where that is cheapest, and it is said', () => {
  const heap = { objects: 100, objectBytes: MIB, placement: ['STANDARD', null] }
  const places = placesAt('s3', 'b2').map((place) => ({ ...place, classes: ['STANDARD'] }))
  const inventory = inventoryOf(places, [heap])
  const constraints = { copies: 2, providers: 2 }
  const advice = advise({ prices, regions, places, inventory, rates: [], constraints })
  expect(stepsOf(advice)).toEqual(['b2-store: null to STANDARD'])
  expect(formatUsd(advice.recommendations[0]!.costs, 4)).not.toBe('0.0000')
  expect(advice.remarks).toContainEqual(expect.stringContaining('constraints are not met now'))
})

test('what is archived stays: it cannot be copied before it is restored', () => {
  const heap = { objects: 1000, objectBytes: GIB, placement: ['DEEP_ARCHIVE'] }
  expect(stepsOf(adviceFor(['s3'], [heap]))).toEqual([])
})

test('an option without a price is none, and said', () => {
  const heap = { objects: 1000, objectBytes: GIB, placement: ['STANDARD', 'STANDARD'] }
  const advice = adviceFor(['s3', 'minio'], [heap])
  expect(advice.remarks).toContainEqual(
    expect.stringContaining('minio-store, STANDARD is not considered'),
  )
  expect(advice.remarks).toContainEqual(
    expect.stringContaining('1000 objects lie in a class without'),
  )
  expect(stepsOf(advice)).toEqual([])
})

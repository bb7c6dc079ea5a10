// What holds of every price list: nothing costs less than nothing, more never costs less, tiers meet, and how
// a month is cut makes no difference to its sum.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Pile } from '#shared/prices/costs.ts'
import { billableBytes, egressCost, storageCost } from '#shared/prices/costs.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Ladder } from '#shared/prices/ladder.ts'
import { climb } from '#shared/prices/ladder.ts'
import { NOTHING, compareMoney, plus, times } from '#shared/prices/money.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import { seeded } from '../seeds.ts'
import { known, openToday } from './open.ts'

const prices = await openToday()

function endless(ladder: Ladder): boolean {
  return ladder.at(-1)?.upTo === undefined
}

const WAYS = [
  ...['us-east-1', 'sa-east-1', 'ap-northeast-1'].map((region) => ({ provider: 's3', region })),
  ...['europe-west1', 'us-east1', 'asia'].map((region) => ({ provider: 'gcs', region })),
  ...['eastus', 'japaneast', 'swedencentral'].map((region) => ({ provider: 'azure', region })),
  ...['r2', 'b2', 'wasabi', 'spaces', 'file'].map((provider) => ({ provider, region: 'any' })),
]

const SHELVES: Shelf[] = WAYS.flatMap((place) => {
  const provider = known(prices.provider(place.provider))
  return Object.keys(provider.classes ?? {}).map((name) => ({ ...place, class: name }))
}).filter((shelf) => isKnown(prices.storage(shelf)))

const bytes = fc.bigInt(0n, 2n ** 60n)
const way = fc.constantFrom(...WAYS)
const shelf = fc.constantFrom(...SHELVES)
const pile = fc.record({
  objectBytes: fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.integer({ min: 0, max: 2 ** 40 })),
  objects: fc.integer({ min: 0, max: 1_000_000 }),
})

function sent(from: (typeof WAYS)[number], count: bigint, usedBytes = 0n) {
  const storedBytes = 10n ** 13n
  return known(egressCost(prices, { from, to: 'internet', bytes: count, usedBytes, storedBytes }))
    .amount
}

function kept(on: Shelf, piles: readonly Pile[], usedBytes = 0n) {
  return known(storageCost(prices, { shelf: on, piles, usedBytes })).amount
}

test('the lists under test are many, and without end', () => {
  expect(SHELVES.length).toBeGreaterThan(35)
  const ending = WAYS.filter((from) => !endless(known(prices.egress(from, 'internet')).ladder))
  expect(ending).toEqual([])
})

test('what is sent never costs less than nothing, nor less than a part of it', () => {
  fc.assert(
    fc.property(way, bytes, bytes, (from, some, more) => {
      expect(compareMoney(sent(from, some), NOTHING)).toBeGreaterThanOrEqual(0)
      expect(compareMoney(sent(from, some + more), sent(from, some))).toBeGreaterThanOrEqual(0)
    }),
    seeded(),
  )
})

test('a month sent in two parts costs exactly what it costs in one', () => {
  fc.assert(
    fc.property(way, bytes, bytes, (from, first, then) => {
      const parts = plus(sent(from, first), sent(from, then, first))
      expect(parts).toEqual(sent(from, first + then))
    }),
    seeded(),
  )
})

test('tiers meet: one byte more never costs more than the dearest byte', () => {
  for (const from of WAYS) {
    const { ladder } = known(prices.egress(from, 'internet'))
    const dearest = ladder
      .map(({ figure }) => times(figure.value, 1n, figure.unitSize))
      .toSorted(compareMoney)
      .at(-1)!
    for (const { upTo } of ladder) {
      if (upTo === undefined) continue
      for (const at of [upTo - 1n, upTo, upTo + 1n]) {
        const below = known(climb(ladder, 0n, at)).amount
        const above = known(climb(ladder, 0n, at + 1n)).amount
        expect(compareMoney(above, below)).toBeGreaterThanOrEqual(0)
        expect(compareMoney(above, plus(below, dearest))).toBeLessThanOrEqual(0)
      }
    }
  }
})

test('what is kept never costs less than nothing, nor less than a part of it', () => {
  fc.assert(
    fc.property(shelf, pile, pile, (on, some, more) => {
      const part = kept(on, [some])
      expect(compareMoney(part, NOTHING)).toBeGreaterThanOrEqual(0)
      expect(compareMoney(kept(on, [some, more]), part)).toBeGreaterThanOrEqual(0)
    }),
    seeded(),
  )
})

test('what is kept in two heaps costs exactly what one heap of both costs', () => {
  fc.assert(
    fc.property(shelf, pile, pile, (on, first, then) => {
      const before = billableBytes([first], known(prices.rules(on)))
      expect(plus(kept(on, [first]), kept(on, [then], before))).toEqual(kept(on, [first, then]))
    }),
    seeded(),
  )
})

test('a month kept half and half costs what the whole costs', () => {
  fc.assert(
    fc.property(shelf, pile, fc.integer({ min: 0, max: 31 }), (on, some, days) => {
      const share = (part: number) =>
        known(storageCost(prices, { shelf: on, piles: [some], share: { days: part, ofDays: 31 } }))
          .amount
      expect(plus(share(days), share(31 - days))).toEqual(kept(on, [some]))
    }),
    seeded(),
  )
})

test('many small objects never cost less than one of the same bytes', () => {
  fc.assert(
    fc.property(
      shelf,
      fc.integer({ min: 1, max: 131_071 }),
      fc.integer({ min: 1, max: 9999 }),
      (on, size, objects) => {
        const apart = kept(on, [{ objectBytes: size, objects }])
        const together = kept(on, [{ objectBytes: size * objects, objects: 1 }])
        // Only what is watched by the object can be dearer in one piece.
        const watched = known(prices.rules(on)).monitoredFromBytes !== undefined
        expect(watched || compareMoney(apart, together) >= 0).toBe(true)
      },
    ),
    seeded(),
  )
})

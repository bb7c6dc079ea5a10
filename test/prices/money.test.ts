// Money is exact: no order of sums, no size and no smallness of a price makes a difference.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  NOTHING,
  compareMoney,
  formatUsd,
  fraction,
  plus,
  shortfall,
  times,
  usd,
} from '#shared/prices/money.ts'
import { seeded } from '../seeds.ts'

const amounts = fc
  .tuple(fc.bigInt(0n, 10n ** 30n), fc.bigInt(1n, 10n ** 18n))
  .map(([over, under]) => fraction(over, under))

test('a decimal is taken as it is written', () => {
  expect(usd('0.1')).toEqual(fraction(1, 10))
  expect(usd(0.00000003)).toEqual(fraction(3n, 10n ** 8n))
  expect(usd(1.25e-7)).toEqual(fraction(125n, 10n ** 9n))
  expect(usd('12')).toEqual(fraction(12))
})

test.each(['', '-1', '1.', '.5', '1,5', 'NaN', '1e3', 'Infinity', '0x1'])(
  '"%s" is no amount',
  (text) => {
    expect(() => usd(text)).toThrow(RangeError)
  },
)

test('every decimal goes in and comes out', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 1, max: 12 }), (units, places) => {
      const digits = String(units).padStart(places + 1, '0')
      const text = `${digits.slice(0, -places)}.${digits.slice(-places)}`
      expect(formatUsd(usd(text), places)).toBe(text)
    }),
    seeded(),
  )
})

test('a tenth and two tenths are three tenths', () => {
  expect(plus(usd('0.1'), usd('0.2'))).toEqual(usd('0.3'))
})

test('no order of a sum makes a difference', () => {
  fc.assert(
    fc.property(amounts, amounts, amounts, (a, b, c) => {
      expect(plus(a, b, c)).toEqual(plus(c, plus(b, a)))
      expect(plus(a, NOTHING)).toEqual(a)
    }),
    seeded(),
  )
})

test('parts of a unit make the unit again', () => {
  fc.assert(
    fc.property(
      amounts,
      fc.bigInt(1n, 10n ** 15n),
      fc.bigInt(0n, 10n ** 15n),
      (price, of, part) => {
        const cut = part % of
        expect(plus(times(price, cut, of), times(price, of - cut, of))).toEqual(price)
      },
    ),
    seeded(),
  )
})

test('what is missing until an amount, added, makes it; nothing is missing beyond', () => {
  fc.assert(
    fc.property(amounts, amounts, (target, amount) => {
      const [missing, order] = [shortfall(target, amount), compareMoney(amount, target)]
      expect(order < 0 ? plus(amount, missing) : missing).toEqual(order < 0 ? target : NOTHING)
    }),
    seeded(),
  )
})

test('an amount is rounded half up, once, when it is written', () => {
  expect(formatUsd(usd('0.005'))).toBe('0.01')
  expect(formatUsd(usd('0.00499999'))).toBe('0.00')
  expect(formatUsd(fraction(2, 3), 4)).toBe('0.6667')
  expect(formatUsd(usd('1999.5'), 0)).toBe('2000')
})

test('there is no negative amount', () => {
  expect(() => fraction(-1)).toThrow(RangeError)
  expect(() => fraction(1, 0)).toThrow(RangeError)
  expect(() => times(usd('1'), -1)).toThrow(RangeError)
})

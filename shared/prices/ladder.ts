// Prices by steps: so much for the first bytes of a month, less for those above. What a step costs depends
// on what went before it in the month, so the sum of two climbs is the climb of their sum.

import type { Figure, Flag, Unknown } from './figure.ts'
import { weakened } from './figure.ts'
import type { Count, Money } from './money.ts'
import { NOTHING, plus, times } from './money.ts'

export interface Rung {
  /** Bytes or requests of a month, from its beginning; undefined: without end. */
  upTo: bigint | undefined
  figure: Figure
}

/** In ascending order. A last rung that ends says that nothing is known above it. */
export type Ladder = readonly Rung[]

/** An amount, and every figure that it rests on. */
export interface Cost {
  amount: Money
  figures: readonly Figure[]
  /** Of all those figures together. */
  flags: readonly Flag[]
  /** What is not in the amount and should be said with it. */
  warnings: readonly string[]
}

export const FREE: Cost = { amount: NOTHING, figures: [], flags: [], warnings: [] }

/** The price of `count` more, after `used` of the same month. */
export function climb(ladder: Ladder, used: Count, count: Count): Cost | Unknown {
  const from = BigInt(used)
  const to = from + BigInt(count)
  const steps = ladder.map((rung, at) => ({
    ...rung,
    units: overlap(from, to, ladder[at - 1]?.upTo ?? 0n, rung.upTo ?? to),
  }))
  const top = ladder.at(-1)?.upTo
  if (top !== undefined && to > top) {
    return { reason: `What lies above ${top} in a month has no known price (${unitOf(ladder)}).` }
  }
  return addCosts(...steps.filter(({ units }) => units > 0n).map(costOf))
}

function overlap(from: bigint, to: bigint, below: bigint, above: bigint): bigint {
  const start = from > below ? from : below
  const end = to < above ? to : above
  return end > start ? end - start : 0n
}

function unitOf(ladder: Ladder): string {
  return ladder.at(-1)?.figure.unit ?? 'no price at all'
}

function costOf({ figure, units }: { figure: Figure; units: bigint }): Cost {
  return costAt(figure, units)
}

/** `count` bytes, requests or objects at one price. */
export function costAt(figure: Figure, count: Count): Cost {
  const amount = times(figure.value, count, figure.unitSize)
  return { amount, figures: [figure], flags: figure.flags, warnings: [] }
}

/** Unknown as soon as one of them is: a sum without a part of it would pass for the whole. */
export function addCosts(...costs: readonly (Cost | Unknown)[]): Cost | Unknown {
  const known: Cost[] = []
  for (const cost of costs) {
    if ('reason' in cost) return cost
    known.push(cost)
  }
  return {
    amount: plus(...known.map(({ amount }) => amount)),
    figures: [...new Set(known.flatMap(({ figures }) => figures))],
    flags: [...new Set(known.flatMap(({ flags }) => flags))],
    warnings: [...new Set(known.flatMap(({ warnings }) => warnings))],
  }
}

/** The first `units` of a month at `figure`, an allowance; the tiers of the rest begin after it. */
export function afterAllowance(ladder: Ladder, units: Count, figure: Figure): Ladder {
  const free = BigInt(units)
  if (free === 0n) return ladder
  const shifted = ladder.map((rung) => ({
    ...rung,
    upTo: rung.upTo === undefined ? undefined : rung.upTo + free,
  }))
  return [{ upTo: free, figure }, ...shifted]
}

export function weakenedLadder(ladder: Ladder, flags: readonly Flag[], note?: string): Ladder {
  return ladder.map((rung) => ({ ...rung, figure: weakened(rung.figure, flags, note) }))
}

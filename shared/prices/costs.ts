// What something costs, with every figure it rests on: bytes kept, requests, bytes sent, a class left too
// early. Exact; a cost with an unknown part is unknown. Allowances of a month are taken off where the caller
// does not say that something else has used them up.

import type { Operation } from './catalogue.ts'
import type { ClassRules } from './classes.ts'
import type { Figure, Unknown } from './figure.ts'
import { isKnown } from './figure.ts'
import { freeEgressBytes, freeStorageBytes } from './allowances.ts'
import type { Destination } from './egress.ts'
import type { Cost, Ladder } from './ladder.ts'
import { FREE, addCosts, afterAllowance, climb, costAt } from './ladder.ts'
import type { Count } from './money.ts'
import { NOTHING, times } from './money.ts'
import type { Place } from './place.ts'
import type { Prices } from './prices.ts'
import type { Shelf } from './shelf.ts'

/** So many objects of one size. */
export interface Pile {
  objectBytes: Count
  objects: Count
}

export interface Kept {
  shelf: Shelf
  piles: readonly Pile[]
  /** Already kept in that class and region: the tiers go on from there. */
  usedBytes?: Count
  /** What part of the month; all of it where nothing is said. */
  share?: { days: Count; ofDays: Count }
  /** What is left of the month's allowance; all of it where nothing is said. */
  freeBytes?: Count
}

export interface Sent {
  from: Place
  to: Destination
  bytes: Count
  /** Sent before in the same month. */
  usedBytes?: Count
  /** Kept on average in the month: some providers measure what is free by it. */
  storedBytes?: Count
  freeBytes?: Count
}

/** Bytes, padded to the class's minimum, its overhead for each object, and the fee for watching it. */
export function storageCost(prices: Prices, kept: Kept): Cost | Unknown {
  const { shelf, piles, usedBytes = 0n, share = { days: 1n, ofDays: 1n } } = kept
  const rules = prices.rules(shelf)
  const ladder = prices.storage(shelf)
  if (!isKnown(rules)) return rules
  if (!isKnown(ladder)) return ladder
  const allowance = freeStorageBytes(prices, shelf)
  const free = kept.freeBytes ?? allowance?.value ?? 0n
  const steps = allowance ? afterAllowance(ladder, free, zero(allowance)) : ladder
  const bytes = billableBytes(piles, rules)
  const month = addCosts(
    climb(steps, usedBytes, bytes),
    standardOverheadCost(prices, shelf, piles, rules),
    monitoringCost(prices, shelf, piles, rules),
    bytes === sum(piles, bytesOf) ? FREE : resting(rules.minimumObjectBytes),
  )
  return isKnown(month)
    ? { ...month, amount: times(month.amount, share.days, share.ofDays) }
    : month
}

/** What the class's own rate is taken for. */
export function billableBytes(piles: readonly Pile[], rules: ClassRules): bigint {
  const least = BigInt(rules.minimumObjectBytes.value)
  const beside = BigInt(rules.overhead?.classRateBytes.value ?? 0)
  return sum(piles, ({ objectBytes, objects }) => {
    const size = BigInt(objectBytes)
    return ((size > least ? size : least) + beside) * BigInt(objects)
  })
}

function bytesOf({ objectBytes, objects }: Pile): bigint {
  return BigInt(objectBytes) * BigInt(objects)
}

function countOf({ objects }: Pile): bigint {
  return BigInt(objects)
}

function sum(piles: readonly Pile[], of: (pile: Pile) => bigint): bigint {
  return piles.reduce((total, pile) => total + of(pile), 0n)
}

/** Nothing in money; a rule that made a cost what it is weakens it as a price does. */
function resting({ flags }: Figure<number>): Cost {
  return { ...FREE, flags }
}

/** At the standard class's first price, whatever else lies there: it is a few KB for an object. */
function standardOverheadCost(
  prices: Prices,
  shelf: Shelf,
  piles: readonly Pile[],
  { overhead }: ClassRules,
): Cost | Unknown {
  if (overhead === undefined) return FREE
  const ladder = prices.storage({ ...shelf, class: undefined, tier: undefined })
  if (!isKnown(ladder)) return ladder
  const bytes = sum(piles, countOf) * BigInt(overhead.standardRateBytes.value)
  return addCosts(costAt(ladder[0]!.figure, bytes), resting(overhead.standardRateBytes))
}

function monitoringCost(
  prices: Prices,
  shelf: Shelf,
  piles: readonly Pile[],
  { monitoredFromBytes }: ClassRules,
): Cost | Unknown {
  if (monitoredFromBytes === undefined) return FREE
  const watched = piles.filter(({ objectBytes }) => BigInt(objectBytes) >= monitoredFromBytes)
  return costOfEach(prices.monitoring(shelf), sum(watched, countOf))
}

/** So many bytes, requests or objects at one price. */
export function costOfEach(figure: Figure | Unknown, count: Count): Cost | Unknown {
  return isKnown(figure) ? costAt(figure, count) : figure
}

function zero(allowance: Figure<unknown>): Figure {
  return { ...allowance, value: NOTHING, unit: 'USD per byte within the allowance', unitSize: 1 }
}

export function requestCost(
  prices: Prices,
  shelf: Shelf,
  counts: Readonly<Partial<Record<Operation, Count>>>,
): Cost | Unknown {
  const asked = Object.entries(counts) as [Operation, Count][]
  return addCosts(
    ...asked.map(([operation, count]) => costOfEach(prices.request(shelf, operation), count)),
  )
}

export function egressCost(prices: Prices, sent: Sent): Cost | Unknown {
  const { from, to, bytes, usedBytes = 0n, storedBytes } = sent
  const found = prices.egress(from, to)
  if (!isKnown(found)) return found
  const ladder = found.internet ? afterFreeEgress(prices, sent, found.ladder) : found.ladder
  const cost = climb(ladder, usedBytes, bytes)
  if (!isKnown(cost) || !found.internet || storedBytes === undefined) return cost
  const sentBytes = BigInt(usedBytes) + BigInt(bytes)
  const warnings = fairUseWarnings(prices, { provider: from.provider, sentBytes, storedBytes })
  return { ...cost, warnings }
}

function afterFreeEgress(prices: Prices, sent: Sent, ladder: Ladder): Ladder {
  const allowance = freeEgressBytes(prices, sent.from, sent.storedBytes)
  if (allowance === undefined) return ladder
  return afterAllowance(ladder, sent.freeBytes ?? allowance.value, zero(allowance))
}

/** What a provider gives no price for but may stop: a warning, since it is no cost. */
export function fairUseWarnings(
  prices: Prices,
  { provider, sentBytes, storedBytes }: { provider: string; sentBytes: bigint; storedBytes: Count },
): string[] {
  const found = prices.provider(provider)
  const rule = isKnown(found) ? found.egress?.fairUse : undefined
  if (rule === undefined) return []
  const limit = BigInt(storedBytes) * BigInt(Math.round(rule.timesStored * 100))
  if (sentBytes * 100n <= limit) return []
  return [rule.note ?? `More was sent than "${provider}" allows for what is stored there.`]
}

/** Moved by a lifecycle rule: one transition for each object, at the rate of the class it leads to. */
export function transitionCost(prices: Prices, into: Shelf, objects: Count): Cost | Unknown {
  return costOfEach(prices.transition(into), objects)
}

/** Deleted, overwritten or moved at that age: the days that are missing until the class's minimum. */
export function earlyDeletionCost(
  prices: Prices,
  { shelf, piles, ageDays }: { shelf: Shelf; piles: readonly Pile[]; ageDays: number },
): Cost | Unknown {
  const rules = prices.rules(shelf)
  if (!isKnown(rules)) return rules
  const missing = rules.minimumDays.value - Math.floor(ageDays)
  if (missing <= 0) return FREE
  const month = costOfEach(prices.earlyDeletion(shelf), billableBytes(piles, rules))
  if (!isKnown(month)) return month
  return addCosts(
    { ...month, amount: times(month.amount, missing, 30n) },
    resting(rules.minimumDays),
  )
}

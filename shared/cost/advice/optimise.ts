// The best assignment of all groups together, as the bill counts it, and how far from the best it can be at most.
// Accounts with standing charges are tried open and closed, in every combination; within one, straight lines at
// the present totals give an assignment, whose totals give new lines, until nothing changes. Lines below the bill
// bound what is possible; where a gap is left and the groups are few, all that the bound leaves open is searched.

import type { Money } from '#shared/prices/money.ts'
import { compareMoney, plus, times } from '#shared/prices/money.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Lines, Most } from './lines.ts'
import { linesAt, standingStores } from './lines.ts'
import { billedBytes } from './options.ts'
import { searchAll } from './search.ts'
import type { Assignment, Rates, SolverInput } from './solve.ts'
import { solve } from './solve.ts'
import type { Totals } from './totals.ts'
import { asNumber, monthUsd, onceUsd, totalsOf } from './totals.ts'
import type { Weights } from './weights.ts'
import { createWeights } from './weights.ts'

export interface OptimiseInput extends SolverInput {
  prices: Prices
  /** Groups up to which the search may close a gap. */
  searchUpTo?: number
}

export interface Solved extends Pick<Assignment, 'codes' | 'served'> {
  totals: Totals
  /** Of a month after the change, and once. */
  month: Money
  once: Money
  /** Over the horizon. */
  usd: Money
}

export interface Optimum {
  now: Solved
  best: Solved
  /** The best is at most so many percent above the least that is possible; 0: it is the least. */
  gapPercent: number
  /** What the next byte costs at the best. */
  rates: Rates
}

/** Passes over all groups: with all accounts open, and for each set of accounts that is given up. */
const ROUNDS = { open: 12, closed: 5 }
/** With so many groups a pass takes a second, and weights matter little. */
const MANY_GROUPS = 100_000
const ROUNDS_OF_MANY = { open: 8, closed: 2 }
const SEARCH_UP_TO = 10
/** Closer than this is rounding. */
const CLOSED_PERCENT = 1e-7

export function optimise(input: OptimiseInput): Optimum {
  const { prices, choice, groups, searchUpTo = SEARCH_UP_TO } = input
  const most = mostOf(input)
  const now = evaluate(input, presentAssignment(input))
  let best = now
  const take = (assignment: Pick<Assignment, 'codes' | 'served'>): Solved => {
    const solved = evaluate(input, assignment)
    if (fits(input, solved, now) && isBetter(solved, best, now, input)) best = solved
    return solved
  }
  const searches: Lines[] = []
  let weights: Weights | undefined
  let least = Number.POSITIVE_INFINITY
  for (const closed of closedSets(standingStores(prices, choice))) {
    weights = createWeights(prices, choice, weights)
    const bound = boundOf({ ...input, most, closed, from: now, weights, take, best: () => best })
    if (!bound) continue
    least = Math.min(least, bound.usd)
    searches.push(bound.lines)
  }
  const gap = gapOf(best, least)
  const mayClose = gap > CLOSED_PERCENT && groups.count <= searchUpTo
  const bestUsd = () => asNumber(best.usd)
  const isClosed = mayClose && searchAll({ ...input, searches, take, bestUsd }).complete
  const gapPercent = isClosed || gap <= CLOSED_PERCENT ? 0 : gap
  return { now, best, gapPercent, rates: ratesAt(input, most, best) }
}

function ratesAt({ prices, choice }: OptimiseInput, most: Most, { totals }: Solved): Rates {
  const weights = createWeights(prices, choice)
  return linesAt({ prices, choice, most, totals, weights, closed: 0, tiers: 'next' }).rates
}

interface BoundInput extends OptimiseInput {
  most: Most
  closed: number
  from: Solved
  weights: Weights
  take: (assignment: Assignment) => Solved
  best: () => Solved
}

/**
 * Assignments on the way to the best that is possible without some accounts, and what none can be below. Nothing
 * where a group has no place left.
 */
function boundOf(input: BoundInput): { usd: number; lines: Lines } | undefined {
  const { prices, choice, most, closed, from, weights, months, take, best } = input
  let found: { usd: number; lines: Lines } | undefined
  let { totals } = from
  const rounds = input.groups.count > MANY_GROUPS ? ROUNDS_OF_MANY : ROUNDS
  for (let round = 0; round < (closed === 0 ? rounds.open : rounds.closed); round++) {
    const lines = linesAt({ prices, choice, most, totals, weights, closed, tiers: 'below' })
    const solved = solve(input, lines.rates)
    if (!Number.isFinite(solved.usd)) return undefined
    const usd = solved.usd + months * lines.constant
    if (!found || usd > found.usd) found = { usd, lines }
    ;({ totals } = take(solved))
    // What cannot become better than what is known need not be looked at further.
    if (found.usd >= asNumber(best().usd)) break
    if (!weights.learn(totals)) break
  }
  const next = linesAt({ prices, choice, most, totals, weights, closed, tiers: 'next' })
  take(solve(input, next.rates))
  return found
}

function gapOf(best: Solved, least: number): number {
  const usd = asNumber(best.usd)
  if (usd <= 0) return 0
  return Math.max(0, ((usd - Math.max(0, least)) / usd) * 100)
}

/** Each combination of accounts that are given up, as a mask of stores; the first gives up none. */
function closedSets(accounts: readonly number[]): number[] {
  return Array.from({ length: 2 ** accounts.length }, (_, set) =>
    accounts.reduce((mask, stores, at) => ((set & (1 << at)) === 0 ? mask : mask | stores), 0),
  )
}

/** Where everything lies now. */
function presentAssignment({ groups, tables, servedNow }: OptimiseInput) {
  const of = (group: number) => tables[groups.placement[group]!]!
  const { count: length } = groups
  return {
    codes: Int32Array.from({ length }, (_, group) => of(group).code),
    served: servedNow,
  }
}

export function evaluate(
  input: OptimiseInput,
  { codes, served }: Pick<Assignment, 'codes' | 'served'>,
): Solved {
  const totals = totalsOf(input, { codes, served })
  const month = monthUsd(input.prices, input.choice, totals)
  if (!isKnown(month)) throw new TypeError(`An option without a price was offered: ${month.reason}`)
  const once = onceUsd(input, totals)
  return { codes, served, totals, month, once, usd: plus(times(month, input.months), once) }
}

/** What meets the constraints comes before what does not, whatever it costs. */
function isBetter(solved: Solved, best: Solved, now: Solved, input: OptimiseInput): boolean {
  if (best === now && !fits(input, now, now)) return true
  return compareMoney(solved.usd, best.usd) < 0
}

/** Whether every group that can meet the constraints does. */
function fits({ groups, tables }: OptimiseInput, { codes }: Solved, now: Solved): boolean {
  for (let group = 0; group < groups.count; group++) {
    const { fits: already, canFit } = tables[groups.placement[group]!]!
    if (!already && canFit && codes[group] === now.codes[group]) return false
  }
  return true
}

function mostOf({ groups, choice }: OptimiseInput): Most {
  const billed = new Float64Array(choice.options.length)
  let readBytes = 0
  for (let group = 0; group < groups.count; group++) {
    readBytes += groups.readBytes[group]!
    for (const option of choice.options)
      billed[option.index]! += billedBytes(option, groups.bytes[group]!, groups.objects[group]!)
  }
  return { billed, readBytes }
}

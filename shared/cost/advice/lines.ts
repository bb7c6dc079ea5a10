// An account's month is not a sum over objects: the first GB may be free, the next tier cheaper, and a minimum is
// charged whatever there is. Here it is replaced by straight lines, at which each group can be decided by itself.
// An allowance has two, nothing and the price less what it is worth; between them lies a line for each weight, and
// none of these is above the bill. Tiers have the price of the next byte, or the least that a byte can come to.

import type { Ladder } from '#shared/prices/ladder.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Own } from './accounts.ts'
import { accountsOf, egressOf, standingOf, storedOf } from './accounts.ts'
import type { Choice } from './options.ts'
import { perOne } from './options.ts'
import type { Rates } from './solve.ts'
import type { Totals } from './totals.ts'
import type { Weights } from './weights.ts'

export interface Lines {
  rates: Rates
  /** Of a month, to be added to what the groups cost at these rates. */
  constant: number
}

/** The most there could be of each, if everything were there. */
export interface Most {
  /** By option. */
  billed: Float64Array
  readBytes: number
}

export interface LinesInput {
  prices: Prices
  choice: Choice
  most: Most
  totals: Totals
  weights: Weights
  /** Stores that are left out. */
  closed: number
  /** `below`: tiers at the least that a byte can come to, so that nothing is above the bill. */
  tiers: 'next' | 'below'
}

export function linesAt(input: LinesInput): Lines {
  const { choice, closed } = input
  const { stores, options } = choice
  const rates: Rates = {
    storage: new Float64Array(options.length),
    get: new Float64Array(options.length),
    egress: new Float64Array(stores.length),
    credit: new Float64Array(stores.length),
    closed,
  }
  let constant = 0
  for (const [provider, own] of accountsOf(choice, closed)) {
    const weight = input.weights.of(provider)
    constant -= storageLines(input, own, weight.storage, rates)
    constant -= requestLines(own, weight.gets, rates)
    constant -= egressLines(input, own, weight.egress, rates)
    constant += standingLine(input.prices, provider, own, weight.standing, rates)
  }
  return { rates, constant }
}

/** Gives what the shared allowance is worth. */
function storageLines(
  { most, totals, tiers }: LinesInput,
  own: readonly Own[],
  weight: number,
  { storage }: Rates,
): number {
  let worth = 0
  for (const option of own.flatMap(({ store }) => store.options)) {
    const { index, storage: ladder, freeBytes } = option
    const paid = storedOf(option, totals) - freeBytes
    const price =
      tiers === 'below' ? leastOf(ladder, most.billed[index]! * own.length) : nextOf(ladder, paid)
    storage[index] = freeBytes > 0 ? weight * price : price
    worth = Math.max(worth, storage[index] * freeBytes)
  }
  return worth
}

function requestLines(own: readonly Own[], weight: number, { get }: Rates): number {
  let worth = 0
  for (const { index, get: figure, freeGets } of own.flatMap(({ store }) => store.options)) {
    get[index] = freeGets > 0 ? weight * perOne(figure) : perOne(figure)
    worth = Math.max(worth, get[index] * freeGets)
  }
  return worth
}

function egressLines(
  { most, totals, tiers }: LinesInput,
  own: readonly Own[],
  weight: number,
  { egress, credit }: Rates,
): number {
  const { sent, free } = egressOf(own, totals)
  const { freeEgressBytes, freeTimesStored } = own[0]!.store
  const isShared = freeEgressBytes > 0 || freeTimesStored > 0
  let dearest = 0
  for (const { store, index } of own) {
    const price =
      tiers === 'below' ? leastOf(store.egress, most.readBytes) : nextOf(store.egress, sent - free)
    egress[index] = isShared ? weight * price : price
    dearest = Math.max(dearest, egress[index])
  }
  for (const { index } of own) credit[index] = dearest * freeTimesStored
  return dearest * freeEgressBytes
}

/** A subscription comes on top. What stays below a minimum charge is free, where nothing but these lines is charged for. */
function standingLine(
  prices: Prices,
  id: string,
  own: readonly Own[],
  weight: number,
  rates: Rates,
): number {
  const { subscriptionMonthUsd, minimumMonthUsd } = standingOf(prices.provider(id))
  if (subscriptionMonthUsd >= minimumMonthUsd) return subscriptionMonthUsd
  for (const { index, store } of own) {
    rates.egress[index]! *= weight
    rates.credit[index]! *= weight
    for (const option of store.options) {
      rates.storage[option.index]! *= weight
      rates.get[option.index]! *= weight
    }
  }
  return (1 - weight) * minimumMonthUsd
}

/** What the next byte costs after so many. */
function nextOf(ladder: Ladder, bytes: number): number {
  const rung = ladder.find(({ upTo }) => upTo === undefined || bytes < Number(upTo))
  const found = rung ?? ladder.at(-1)
  return found ? perOne(found.figure) : 0
}

/** The least that a byte costs on average, however many of `most` there are: tiers grow cheaper upwards. */
function leastOf(ladder: Ladder, most: number): number {
  let usd = 0
  let below = 0
  let least = Number.POSITIVE_INFINITY
  for (const { upTo, figure } of ladder) {
    const above = Math.min(most, upTo === undefined ? most : Number(upTo))
    if (above <= below) break
    usd += (above - below) * perOne(figure)
    least = Math.min(least, usd / above)
    below = above
  }
  return Number.isFinite(least) ? least : nextOf(ladder, 0)
}

/** Accounts that charge for being there at all, as masks of their stores. */
export function standingStores(prices: Prices, choice: Choice): number[] {
  return [...accountsOf(choice, 0)].flatMap(([provider, own]) => {
    const { subscriptionMonthUsd, minimumMonthUsd } = standingOf(prices.provider(provider))
    if (subscriptionMonthUsd + minimumMonthUsd === 0) return []
    return [own.reduce((mask, { index }) => mask | (1 << index), 0)]
  })
}

// How much an account's allowances and minimum charge weigh: 1 where they are used up, so that the next byte is
// paid for, 0 where it is not, and in between where the best use of all is just as much as is free. What the bill
// has above its lines is the sum of what each weight is wrong by: the one that is wrong by most is halved next.

import type { Prices } from '#shared/prices/prices.ts'
import type { Own } from './accounts.ts'
import { accountsOf, egressOf, standingOf, storedOf } from './accounts.ts'
import type { Choice, Option } from './options.ts'
import { perOne } from './options.ts'
import type { Totals } from './totals.ts'

export interface AccountWeights {
  storage: number
  gets: number
  egress: number
  standing: number
}

export interface Weights {
  of(provider: string): AccountWeights
  /** Takes note of what was used under these weights; false when none of them is wrong. */
  learn(totals: Totals): boolean
}

const KINDS = ['storage', 'gets', 'egress', 'standing'] as const

interface Weight {
  at: number
  low: number
  high: number
  /** The end that it began at; 2: both have been tried. */
  tried: number
}

/** A hundredth of a cent a month is no gap. */
const CLOSE_USD = 1e-4

/** `from`: where others have come to, which is near. */
export function createWeights(prices: Prices, choice: Choice, from?: Weights): Weights {
  const accounts = [...accountsOf(choice, 0)].map(([provider, own]) => {
    // What grows with what is stored is worth much where nothing of it is sent: it is tried last.
    const egress = own.some(({ store }) => store.freeTimesStored > 0) ? 0 : 1
    const near = from?.of(provider)
    const weights = near
      ? weightsNear(near)
      : {
          ...{ storage: weightAt(1), gets: weightAt(1) },
          ...{ egress: weightAt(egress), standing: weightAt(1) },
        }
    return { provider, own, weights }
  })

  function learnOne(totals: Totals): boolean {
    let worst: { weight: Weight; over: number } | undefined
    let gap = CLOSE_USD
    for (const { provider, own, weights } of accounts) {
      const over = overOf(prices, provider, own, totals)
      for (const kind of KINDS) {
        const weight = weights[kind]
        const wrong = over[kind] > 0 ? (1 - weight.at) * over[kind] : -weight.at * over[kind]
        if (wrong <= gap) continue
        gap = wrong
        worst = { weight, over: over[kind] }
      }
    }
    if (worst) halve(worst.weight, worst.over > 0)
    return worst !== undefined
  }

  return {
    of(provider) {
      const { storage, gets, egress, standing } = accounts.find(
        (account) => account.provider === provider,
      )!.weights
      return { storage: storage.at, gets: gets.at, egress: egress.at, standing: standing.at }
    },
    learn: learnOne,
  }
}

function weightsNear({ storage, gets, egress, standing }: AccountWeights) {
  return {
    ...{ storage: weightAt(storage), gets: weightAt(gets) },
    ...{ egress: weightAt(egress), standing: weightAt(standing) },
  }
}

function weightAt(at: number): Weight {
  return { at, low: 0, high: 1, tried: at }
}

/**
 * Too low where too much is used; the other end is tried before what lies between. Others have changed since its
 * bounds were found: they give way where they must.
 */
function halve(weight: Weight, isOver: boolean): void {
  if (isOver) {
    weight.low = weight.at
    if (weight.high <= weight.at) weight.high = 1
  } else {
    weight.high = weight.at
    if (weight.low >= weight.at) weight.low = 0
  }
  const end = isOver ? 1 : 0
  const isUntried = weight.tried !== end && weight.tried !== 2
  weight.tried = isUntried ? 2 : weight.tried
  weight.at = isUntried ? end : (weight.low + weight.high) / 2
}

/** By how many dollars of a month each allowance is exceeded; below zero where some of it is left. */
function overOf(
  prices: Prices,
  provider: string,
  own: readonly Own[],
  totals: Totals,
): AccountWeights {
  const options = own.flatMap(({ store }) => store.options)
  const stored = options.filter(({ freeBytes }) => freeBytes > 0)
  const read = options.filter(({ freeGets }) => freeGets > 0)
  const { sent, free } = egressOf(own, totals)
  const [way] = own[0]!.store.egress
  const { minimumMonthUsd, subscriptionMonthUsd } = standingOf(prices.provider(provider))
  const hasMinimum = minimumMonthUsd > subscriptionMonthUsd
  return {
    storage: exceeding(
      stored,
      ({ freeBytes }) => freeBytes,
      storageUsd,
      (option) => storedOf(option, totals),
    ),
    gets: exceeding(
      read,
      ({ freeGets }) => freeGets,
      ({ get }) => perOne(get),
      ({ index }) => totals.reads[index]!,
    ),
    egress: way && free > 0 ? (sent - free) * perOne(way.figure) : 0,
    standing: hasMinimum ? usedUsd(options, own, totals) - minimumMonthUsd : 0,
  }
}

function exceeding(
  options: readonly Option[],
  free: (option: Option) => number,
  price: (option: Option) => number,
  used: (option: Option) => number,
): number {
  const [first] = options
  if (!first) return 0
  return (options.reduce((sum, option) => sum + used(option), 0) - free(first)) * price(first)
}

function storageUsd({ storage }: Option): number {
  return perOne(storage[0]!.figure)
}

/** At first prices, for a minimum charge to be held against. */
function usedUsd(options: readonly Option[], own: readonly Own[], totals: Totals): number {
  const kept = options.reduce((sum, option) => {
    return sum + storedOf(option, totals) * storageUsd(option)
  }, 0)
  const [first] = own[0]!.store.egress
  return kept + (first ? egressOf(own, totals).sent * perOne(first.figure) : 0)
}

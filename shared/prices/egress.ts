// What it costs to send bytes out: to the internet, to another provider, which is the internet to the one that
// sends, or to another region of the same. A direction has its own price, and some places cost more.

import type { EgressTiers, Evidence, ProviderPrices } from './catalogue.ts'
import type { Unit, Witness } from './evidence.ts'
import type { Figure, Unknown } from './figure.ts'
import { CONFIGURED, isKnown, weakened } from './figure.ts'
import type { Ladder } from './ladder.ts'
import { weakenedLadder } from './ladder.ts'
import { usd } from './money.ts'
import type { Place } from './place.ts'
import { findLine, groupOf, lineOf } from './place.ts'
import { gbOf, ladderOf } from './units.ts'

/** `place` is a part of the world where some providers charge more: `Australia`, `China`. */
export type Destination = 'internet' | { place: string } | Place

export interface Egress {
  ladder: Ladder
  /** Whether the provider counts it as internet traffic: allowances hold for that alone. */
  internet: boolean
}

type Provider = (id: string) => ProviderPrices | Unknown

export function createEgressPrices(provider: Provider, witness: Witness) {
  function toInternet(prices: ProviderPrices, from: Place, place?: string): Egress | Unknown {
    const dearer = lineOf(prices.egress?.places, place)
    if (dearer) return { ladder: tiersOf(prices, dearer), internet: true }
    const found = findLine(prices.egress?.internet ?? {}, prices, from)
    if (!isKnown(found)) return found
    const ladder = weakenedLadder(tiersOf(prices, found.line), [], prices.egress?.fairUse?.note)
    return { ladder: flagged(ladder, found.assumed), internet: true }
  }

  function tiersOf(prices: ProviderPrices, line: EgressTiers): Ladder {
    return ladderOf(line.tiers, gbOf(prices), line, 'tiers', witness)
  }

  function within(prices: ProviderPrices, from: Place, to: Place): Egress | Unknown {
    const { sameRegion, between = [] } = prices.egress ?? {}
    if (sameRegion && from.region !== undefined && from.region === to.region) {
      return flat(witness.figure(usd(sameRegion.usd), gbOf(prices), sameRegion, 'usd'))
    }
    const found = ruleFor(prices, from.region, to.region)
    if (found) return flat(figureOf(found, gbOf(prices), witness))
    if (between.length === 0) return toInternet(prices, from)
    return { reason: `What "${from.provider}" takes ${named(from, to)} is not known.` }
  }

  return function egress(from: Place, to: Destination): Egress | Unknown {
    const prices = provider(from.provider)
    if (!isKnown(prices)) return prices
    if (to === 'internet') return toInternet(prices, from)
    if ('place' in to) return toInternet(prices, from, to.place)
    if (to.provider === from.provider) return within(prices, from, to)
    return toInternet(prices, from, placeOf(provider(to.provider), to.region))
  }
}

function flat(figure: Figure): Egress {
  return { ladder: [{ upTo: undefined, figure }], internet: false }
}

function flagged(ladder: Ladder, assumed: string | undefined): Ladder {
  return assumed === undefined ? ladder : weakenedLadder(ladder, ['region-assumed'], assumed)
}

function placeOf(prices: ProviderPrices | Unknown, region: string | undefined): string | undefined {
  return region !== undefined && isKnown(prices) ? groupOf(prices, region) : undefined
}

function named(from: Place, to: Place): string {
  return `from ${from.region ?? 'a region nobody named'} to ${to.region ?? 'one that nobody named'}`
}

interface Rule {
  price: number
  evidence: Evidence
  assumed: string | undefined
}

/** The first that fits both ends; where the source has none, that of the region that stands in for it. */
function ruleFor(
  prices: ProviderPrices,
  from: string | undefined,
  to: string | undefined,
): Rule | undefined {
  const standIn = prices.assume?.[from === undefined ? 'anywhere' : (groupOf(prices, from) ?? '')]
  const exact = firstRule(prices, from, to)
  const found = exact ?? (standIn === undefined ? undefined : firstRule(prices, standIn, to))
  if (found === undefined) return undefined
  const [, , price, source = CONFIGURED] = found
  const assumed = exact
    ? undefined
    : `the price of ${standIn} stands in for ${from ?? 'any region'}`
  return { price, evidence: { source }, assumed }
}

function firstRule(prices: ProviderPrices, from: string | undefined, to: string | undefined) {
  return prices.egress?.between?.find(
    ([source, target]) => lies(prices, from, source) && lies(prices, to, target),
  )
}

function lies(prices: ProviderPrices, region: string | undefined, place: string): boolean {
  if (place === 'any') return true
  return region !== undefined && (region === place || groupOf(prices, region) === place)
}

function figureOf({ price, evidence, assumed }: Rule, unit: Unit, witness: Witness): Figure {
  const figure = witness.figure(usd(price), unit, evidence, 'usd')
  return assumed === undefined ? figure : weakened(figure, ['region-assumed'], assumed)
}

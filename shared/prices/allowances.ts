// What a provider gives for nothing in a month. Each is for the whole account, whoever asks: a caller that
// counts several things of one account has to use it up himself.

import type { ProviderPrices } from './catalogue.ts'
import type { Figure } from './figure.ts'
import { isKnown } from './figure.ts'
import type { Count } from './money.ts'
import type { Place } from './place.ts'
import type { Prices } from './prices.ts'
import type { Shelf } from './shelf.ts'
import { bytesOf, gbBytesOf } from './units.ts'

const BYTES_A_MONTH = { unit: 'bytes a month', unitSize: 1 }
const REQUESTS_A_MONTH = { unit: 'requests a month', unitSize: 1 }

interface Where {
  regions?: readonly string[] | undefined
  classes?: readonly string[] | undefined
}

function holds({ regions, classes }: Where, shelf: Shelf, prices: ProviderPrices): boolean {
  const standard = Object.keys(prices.classes ?? {})[0]
  const inClass = classes === undefined || classes.includes(shelf.class ?? standard ?? '')
  return inClass && (regions === undefined || regions.includes(shelf.region ?? ''))
}

export function freeStorageBytes(prices: Prices, shelf: Shelf): Figure<bigint> | undefined {
  const provider = prices.provider(shelf.provider)
  if (!isKnown(provider)) return undefined
  const rule = provider.allowances?.storage
  if (rule === undefined || !holds(rule, shelf, provider)) return undefined
  const bytes = bytesOf(rule.gb, gbBytesOf(provider))
  return prices.witness.figure(bytes, BYTES_A_MONTH, rule, 'gb')
}

/** For internet traffic. Where it is measured by what is stored, and nobody says how much, there is none. */
export function freeEgressBytes(
  prices: Prices,
  from: Place,
  storedBytes: Count | undefined,
): Figure<bigint> | undefined {
  const provider = prices.provider(from.provider)
  if (!isKnown(provider)) return undefined
  const rule = provider.allowances?.egress
  if (rule === undefined || !holds(rule, from, provider)) return undefined
  const { gb = 0, timesStored = 0 } = rule
  const fixed = bytesOf(gb, gbBytesOf(provider))
  const measured = (BigInt(storedBytes ?? 0) * BigInt(Math.round(timesStored * 1000))) / 1000n
  return prices.witness.figure(fixed + measured, BYTES_A_MONTH, rule, gb > 0 ? 'gb' : 'timesStored')
}

/** By the provider's own kind of request, such as `class-a`. */
export function freeRequests(
  prices: Prices,
  shelf: Shelf,
  meter: string,
): Figure<bigint> | undefined {
  const provider = prices.provider(shelf.provider)
  if (!isKnown(provider)) return undefined
  const rule = provider.allowances?.requests
  const count = rule?.of[meter]
  if (rule === undefined || count === undefined || !holds(rule, shelf, provider)) return undefined
  return prices.witness.figure(BigInt(count), REQUESTS_A_MONTH, rule, `of.${meter}`)
}

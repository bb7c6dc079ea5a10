// The units of prices: a GB is as many bytes as the provider says, requests and objects go by the thousand.

import type { Evidence, ProviderPrices, Tier } from './catalogue.ts'
import type { Unit, Witness } from './evidence.ts'
import type { Ladder } from './ladder.ts'
import { usd } from './money.ts'

export const GIGABYTE = 1_000_000_000

export const PER_1000_REQUESTS: Unit = { unit: 'USD per 1,000 requests', unitSize: 1000 }
export const PER_1000_OBJECTS: Unit = { unit: 'USD per 1,000 objects', unitSize: 1000 }
export const PER_1000_OBJECTS_MONTH: Unit = {
  unit: 'USD per 1,000 objects and month',
  unitSize: 1000,
}

/** The decimal GB where nobody said otherwise: the dearer reading. */
export function gbBytesOf({ gbBytes = GIGABYTE }: ProviderPrices): number {
  return gbBytes
}

export function gbOf(prices: ProviderPrices): Unit {
  const bytes = gbBytesOf(prices)
  return { unit: `USD per GB (${bytes} bytes)`, unitSize: bytes }
}

/** `gb`: how many of them a price is for, as Wasabi's is for 1,024. */
export function gbMonthOf(prices: ProviderPrices, gb = 1): Unit {
  const unitSize = gb * gbBytesOf(prices)
  return { unit: `USD per ${gb === 1 ? '' : `${gb} `}GB (${unitSize} bytes) and month`, unitSize }
}

/** Limits of tiers are in GB, whatever the unit of their prices. */
export function ladderOf(
  tiers: readonly Tier[],
  unit: Unit,
  group: Evidence,
  field: string,
  witness: Witness,
  gbBytes = unit.unitSize,
): Ladder {
  return tiers.map(([upToGb, price, source]) => ({
    upTo: upToGb === null ? undefined : bytesOf(upToGb, gbBytes),
    figure: witness.figure(
      usd(price),
      unit,
      source === undefined ? group : { source, note: group.note },
      field,
    ),
  }))
}

/** A limit in GB, a fraction of one perhaps, as whole bytes. */
export function bytesOf(gb: number, gbBytes: number): bigint {
  return Number.isInteger(gb) ? BigInt(gb) * BigInt(gbBytes) : BigInt(Math.round(gb * gbBytes))
}

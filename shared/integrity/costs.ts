// What it costs to ask and to read, at each store, by the catalogue of prices: as if whoever sweeps sat on the
// internet, which is the dearest place to sit. What nobody knows the price of is said, and counted as nothing.

import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Spent } from './look.ts'

/** In billionths of a dollar, so that sums of many small ones are whole numbers as far as anybody cares. */
export interface ReadPrice {
  store: string
  list: number
  head: number
  get: number
  /** For each byte read. */
  byte: number
  /** Why it is not known. */
  unknown?: string | undefined
}

export const NANO = 1e9

export async function readPrices(
  stores: readonly Store[],
  open: () => Promise<Prices>,
): Promise<ReadPrice[]> {
  if (stores.every(isFree)) return stores.map(freeOf)
  const prices = await open()
  return stores.map((store) => (isFree(store) ? freeOf(store) : priceOf(store, prices)))
}

/** What lies on this machine costs nothing. */
export function isFree({ row }: Store): boolean {
  return row.wire === 'file' || row.wire === 'memory'
}

function freeOf({ name }: Store): ReadPrice {
  return { store: name, list: 0, head: 0, get: 0, byte: 0 }
}

function priceOf({ name, row, region }: Store, prices: Prices): ReadPrice {
  const shelf = { provider: row.id, region }
  const known: Record<'list' | 'head' | 'get', Figure | Unknown> = {
    list: prices.request(shelf, 'list'),
    head: prices.request(shelf, 'head'),
    get: prices.request(shelf, 'get'),
  }
  const sent = prices.egressToInternet(row.id, region)
  const retrieved = prices.retrieval(shelf)
  const missing = [...Object.values(known), sent].find((one) => !isKnown(one))
  return {
    store: name,
    list: nanos(known.list),
    head: nanos(known.head),
    get: nanos(known.get),
    byte: nanos(sent) + nanos(retrieved),
    ...(missing && !isKnown(missing) && { unknown: missing.reason }),
  }
}

/** Billionths of a dollar; nothing where it is not known. */
export function nanos(figure: Figure | Unknown): number {
  if (!isKnown(figure)) return 0
  const { value, unitSize } = figure
  return (Number(value.numerator) / Number(value.denominator) / unitSize) * NANO
}

/** Of reading an object once, at one store. */
function readingCost({ get, byte }: ReadPrice, size: number): number {
  return get + byte * size
}

/** The same at several stores, by their numbers. */
export function costOfReading(
  prices: readonly ReadPrice[],
  reads: readonly number[],
  objects: readonly ({ size: number } | undefined)[],
): number {
  return reads.reduce((sum, at) => sum + readingCost(prices[at]!, objects[at]?.size ?? 0), 0)
}

export function spentOn({ head, get, byte }: ReadPrice, spent: Spent): number {
  return head * spent.heads + get * spent.gets + byte * spent.bytes
}

/** The copy that is cheapest to read; what costs nobody knows what is never taken for cheap. */
export function cheapestOf(prices: readonly ReadPrice[], among: readonly number[]): number {
  const rank = (at: number) => (prices[at]?.unknown ? Number.POSITIVE_INFINITY : prices[at]!.byte)
  return among.toSorted((a, b) => rank(a) - rank(b))[0] ?? 0
}

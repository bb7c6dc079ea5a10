// The stores' listings and the records of their pairs side by side, every key once, without holding any of them.

import { joinByKey } from '#shared/compare/join.ts'
import type { Keyed } from '#shared/compare/join.ts'
import type { KeyRange, Place } from '#shared/compare/listing.ts'
import { listInOrder } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { classify } from '#shared/compare/pair.ts'
import { asFarAsReadable } from '#shared/compare/pair-records.ts'
import type { Bounds } from '#shared/compare/splicing.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { SweepContext } from './context.ts'

export interface SweepRow {
  key: string
  /** At each store. */
  objects: readonly (ListedObject | undefined)[]
  /** Of each pair. */
  records: readonly (PairRecord | undefined)[]
}

export interface RowsOptions {
  range: KeyRange
  signal: AbortSignal
  /** Told of each page of a store's listing, by the store's number. */
  onPage: (store: number) => void
  onUnreadable: (error: unknown) => void
}

export async function* rowsOf(
  { places, order, records }: Pick<SweepContext, 'places' | 'order' | 'records'>,
  { range, signal, onPage, onUnreadable }: RowsOptions,
): AsyncGenerator<SweepRow[]> {
  const listings = places.map((place, at) => counted(listed(place), () => onPage(at)))
  const bounds = boundsOf(range)
  const known = records.map((pair) => asFarAsReadable(pair.read({ bounds, signal }), onUnreadable))
  const streams: AsyncIterable<readonly Keyed[]>[] = [...listings, ...known]
  for await (const rows of joinByKey<Keyed[]>(streams, order.compare)) {
    yield rows.map(({ key, at }) => ({
      key,
      objects: at.slice(0, places.length) as (ListedObject | undefined)[],
      records: at.slice(places.length) as (PairRecord | undefined)[],
    }))
  }

  function listed(place: Place): AsyncGenerator<ListedObject[]> {
    return listInOrder(place, order, { range, signal })
  }
}

async function* counted<T>(pages: AsyncIterable<T>, onPage: () => void): AsyncGenerator<T> {
  for await (const page of pages) {
    onPage()
    yield page
  }
}

/** Behind every key that a store lists where it sorts, and before those that one keeps by another name. */
const LAST_PROPER = '\u{10fffd}'.repeat(16)

/** Of the records of a range: strays have theirs behind all others. */
export function boundsOf({ after, upTo, strays }: KeyRange): Bounds {
  if (strays === 'without') return { after, upTo: upTo ?? LAST_PROPER }
  return strays === 'only' ? { after: after ?? LAST_PROPER, upTo } : { after, upTo }
}

/** What is left of a range after a key that was come to. */
export function restOf(range: KeyRange, after: string | undefined, isStray: boolean): KeyRange {
  if (after === undefined) return range
  return { ...range, after, strays: isStray ? 'only' : range.strays }
}

/** A record of what lay there before says nothing of when what lies there now was read. */
export function holding({
  objects,
  records,
}: Pick<SweepRow, 'objects' | 'records'>): readonly (PairRecord | undefined)[] {
  const [from] = objects
  const alone = objects.length === 1
  return records.map((record, at) => {
    const to = objects[alone ? 0 : at + 1]
    return record && classify({ from, to, record }) === 'same' ? record : undefined
  })
}

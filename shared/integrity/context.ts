// What a sweep works on: the stores whose copies are compared, the primary first, and what is recorded of each
// pair. A single store is its own pair: its objects are held against what was recorded of them.

import { createHash } from 'node:crypto'
import type { JoinOrder, Place } from '#shared/compare/listing.ts'
import { joinOrder } from '#shared/compare/listing.ts'
import type { PairRecords } from '#shared/compare/pair-records.ts'
import { openPairRecords } from '#shared/compare/pair-records.ts'
import type { MarkPlace } from '#shared/copy/mark.ts'
import type { JobPlace } from '#shared/jobs/place.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { VerifyInput } from './input.ts'

export interface SweepContext {
  workspace: string
  /** Where the keys of each store are compared; the primary's first. */
  places: readonly Place[]
  order: JoinOrder
  /** Of each follower; of a single store, its own. */
  records: readonly PairRecords[]
  /** Undefined: copies here carry no marks of Skein's. */
  marks: MarkPlace | undefined
  copies: JobPlace['copies']
  now: () => number
}

export async function openContext(place: JobPlace, input: VerifyInput): Promise<SweepContext> {
  const places = await placesOf(place, input)
  const order = joinOrder(places)
  const { workspace, ledger, seal, now } = place
  const [primary, ...others] = places
  const followers = others.length > 0 ? others : [primary!]
  return {
    ...{ workspace, places, order, now },
    // What a workspace's rules say holds for its own stores in their places alone.
    copies: input.stores ? undefined : place.copies,
    records: followers.map((follower) =>
      openPairRecords(ledger.store, recordsName(workspace, primary!, follower), order, { now }),
    ),
    marks: workspace === '' ? undefined : { seal, workspace },
  }
}

async function placesOf(place: JobPlace, input: VerifyInput): Promise<Place[]> {
  const { stores: named, prefix = '' } = input
  if (named)
    return named.map(({ store, base = '' }) => ({ store: place.store(store), base: base + prefix }))
  const truth = (await place.truth?.()) ?? place.stores[0]?.name
  if (truth === undefined) {
    throw new StorageError('invalid', 'There is nothing to verify: name a workspace or stores.')
  }
  const first = place.stores.filter(({ name }) => name === truth)
  const others = place.stores.filter(({ name }) => name !== truth)
  return [...first, ...others].map((store) => ({ store, base: prefix }))
}

/** The same whoever asks, and another for every other place. */
function recordsName(workspace: string, from: Place, to: Place): string {
  const place = ({ store, base }: Place) => [
    store.row.id,
    store.home,
    store.bucket,
    store.prefix,
    base,
  ]
  const hash = createHash('sha256').update(JSON.stringify([workspace, place(from), place(to)]))
  return `verified/${hash.digest('hex').slice(0, 24)}`
}

/** A key of a store by its place's own name for it. */
export function keyAt({ base }: Place, key: string): string {
  return base + key
}

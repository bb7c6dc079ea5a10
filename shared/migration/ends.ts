// The two stores as one step sees them: each request to either is counted, and what it costs by the price list.

import type { Place } from '#shared/compare/listing.ts'
import { isFree, nanos } from '#shared/integrity/costs.ts'
import type { Tally } from '#shared/jobs/job.ts'
import type { Operation } from '#shared/prices/catalogue.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Store } from '#shared/storage/store.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'

export interface Ends {
  from: Place
  to: Place
  /** Requests and billionths of a dollar so far. */
  readonly requests: number
  readonly nano: number
  /** A page of a listing, which is asked for elsewhere. */
  listed(end: 'from' | 'to'): void
  /** Bytes that were read at the source and sent out of it. */
  sent(bytes: number): void
  tally(): Tally
}

/** Of the driver's operations, those that are billed by another name. */
const BILLED: Readonly<Record<string, Operation>> = {
  'get-tags': 'get',
  'set-tags': 'put',
  'list-parts': 'parts',
  'list-uploads': 'list',
  'parts-of': 'head',
  'set-class': 'copy',
}

export async function openEnds(
  place: Pick<MigrationPlace, 'prices'>,
  { from, to }: Pick<MigrationContext, 'from' | 'to'>,
  onRequest: () => void,
): Promise<Ends> {
  const prices = [from, to].every(({ store }) => isFree(store)) ? undefined : await place.prices()
  const costs = { from: costsOf(from.store, prices), to: costsOf(to.store, prices) }
  const sum = { requests: 0, nano: 0 }
  const asked = (end: 'from' | 'to', operation: string): void => {
    sum.requests++
    sum.nano += costs[end].request(operation)
    onRequest()
  }
  const watched = (end: 'from' | 'to', { store, base }: Place): Place => {
    // It may hold `.skein/`, where unfinished copies are recorded, and what is kept aside.
    const own = store.reserved()
    const { observe } = own
    own.observe = (observation) => {
      observe?.(observation)
      asked(end, observation.operation)
    }
    return { store: own, base }
  }
  return {
    from: watched('from', from),
    to: watched('to', to),
    get requests() {
      return sum.requests
    },
    get nano() {
      return sum.nano
    },
    listed: (end) => asked(end, 'list'),
    sent(bytes) {
      sum.nano += costs.from.byte * bytes
    },
    tally: () => ({ requests: sum.requests, nano: sum.nano }),
  }
}

/** In billionths of a dollar. What nobody knows the price of counts as nothing; the plan has said so. */
function costsOf(store: Store, prices: Prices | undefined) {
  if (!prices || isFree(store)) return { byte: 0, request: () => 0 }
  const { row, region } = store
  const shelf = { provider: row.id, region }
  const known = new Map<string, number>()
  return {
    byte: nanos(prices.egressToInternet(row.id, region)) + nanos(prices.retrieval(shelf)),
    request(operation: string): number {
      let nano = known.get(operation)
      if (nano === undefined) {
        nano = nanos(prices.request(shelf, BILLED[operation] ?? (operation as Operation)))
        known.set(operation, nano)
      }
      return nano
    },
  }
}

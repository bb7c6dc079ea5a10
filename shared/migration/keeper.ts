// What a step finds out of the pairs of a range, recorded in order from the first that has changed: where nothing
// has, nothing is written.

import type { KeyRange } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import type { PairRecords, PairWriter } from '#shared/compare/pair-records.ts'
import { boundsOf } from '#shared/integrity/rows.ts'

type Known = PairRecord | undefined

export interface Keeper {
  /** Every key, in order: also those of which nothing is known. */
  keep(key: string, before: Known, next: Known): Promise<void>
  /** Makes it count: to the end of the range, or to the last key. */
  commit(isWhole: boolean): Promise<void>
}

export function createKeeper(records: PairRecords, range: KeyRange): Keeper {
  const { after, upTo: end } = boundsOf(range)
  let writer: PairWriter | undefined
  let last = after
  return {
    async keep(key, before, next) {
      if (next !== before) writer ??= records.write({ after: last, upTo: end })
      if (next) await writer?.add(next)
      last = key
    },
    async commit(isWhole) {
      await writer?.commit(isWhole ? undefined : last)
    },
  }
}

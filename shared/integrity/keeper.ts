// The records of the pairs as a step leaves them: written from the first that has changed on, so that where nothing
// has, nothing is written.

import type { KeyRange } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import type { PairRecords, PairWriter } from '#shared/compare/pair-records.ts'
import type { SweepRow } from './rows.ts'
import { boundsOf } from './rows.ts'

export interface Keeper {
  keep(row: SweepRow, next: readonly (PairRecord | undefined)[]): Promise<void> | void
  /** Up to the key; undefined: to the end of the range. */
  commit(upTo: string | undefined): Promise<void>
}

export function createKeeper(records: readonly PairRecords[], range: KeyRange): Keeper {
  const pairs = records.map((pair) => ({ pair, writer: undefined as PairWriter | undefined }))
  const { after, upTo: end } = boundsOf(range)
  let before = after
  const add = async (next: readonly (PairRecord | undefined)[]): Promise<void> => {
    for (const [at, { writer }] of pairs.entries()) {
      if (writer && next[at]) await writer.add(next[at])
    }
  }
  return {
    keep(row, next) {
      let isWritten = false
      for (const [at, one] of pairs.entries()) {
        if (!one.writer && next[at] !== row.records[at]) {
          one.writer = one.pair.write({ after: before, upTo: end })
        }
        isWritten ||= one.writer !== undefined
      }
      before = row.key
      return isWritten ? add(next) : undefined
    },
    async commit(upTo) {
      for (const { writer } of pairs) await writer?.commit(upTo)
    },
  }
}

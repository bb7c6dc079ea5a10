// Both sides with what is recorded and journalled of them, key by key over a range: as pages for whoever copies, and
// for who looks at each and settles it in order.

import type { KeyRange } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import type { PairRecords } from '#shared/compare/pair-records.ts'
import { eachInOrder } from '#shared/integrity/pool.ts'
import { restOf, rowsOf } from '#shared/integrity/rows.ts'
import type { Part } from '#shared/jobs/job.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { MigrationContext } from './context.ts'
import type { Row } from './deciding.ts'
import type { Ends } from './ends.ts'
import { readEntry } from './journal.ts'
import type { Cursor, MigratePart } from './parts.ts'

export type MigratingPart = Part<MigratePart, Cursor>

export interface Seen extends Row {
  /** What is known of it, as the journal holds it. */
  entry: PairRecord | undefined
}

export interface Side {
  context: MigrationContext
  /** Undefined: a workspace keeps none. */
  journal: PairRecords | undefined
  ends: Ends
}

/** What is left of the part; undefined: it is no range of keys. */
export function rangeLeft(
  { order }: MigrationContext,
  { of, cursor }: MigratingPart,
): KeyRange | undefined {
  if (!('range' in of)) return undefined
  const after = cursor?.after
  return restOf(of.range, after, after !== undefined && order.isStray(after))
}

export async function* pagesOf(
  { context, journal, ends }: Side,
  range: KeyRange,
  signal: AbortSignal,
): AsyncGenerator<Seen[]> {
  const { from, to, order, records } = context
  const pages = rowsOf(
    { places: [from, to], order, records: journal ? [records, journal] : [records] },
    {
      ...{ range, signal, onUnreadable },
      onPage: (store) => ends.listed(store === 0 ? 'from' : 'to'),
    },
  )
  for await (const page of pages) {
    yield page.map(({ key, objects, records: [record, entry] }): Seen => {
      const known = entry && readEntry(entry)
      return { key, from: objects[0], to: objects[1], record, entry, known }
    })
  }
}

/** Records are a help elsewhere; a journal is needed, and whoever cannot read it must not write. */
function onUnreadable(error: unknown): never {
  const message = `The records of the migration cannot be read: ${String(error)}`
  throw new StorageError('unavailable', message, { cause: error })
}

export interface Walk<Verdict extends object> extends Side {
  range: KeyRange
  signal: AbortSignal
  mayGoOn: () => boolean
  /** Of one step. */
  maxRows: number
  /** Some at once. */
  judge: (row: Seen) => Promise<Verdict>
  /** One after the other, in the order of keys. */
  settle: (row: Seen, verdict: Verdict) => Promise<void>
}

const AT_ONCE = 16

/** The last key that was settled, where the step is over before the range is; undefined: all are. */
export async function walkRows<Verdict extends object>(
  walk: Walk<Verdict>,
): Promise<string | undefined> {
  const { judge, settle, mayGoOn } = walk
  let [rows, last]: [number, string | undefined] = [0, undefined]
  for await (const page of pagesOf(walk, walk.range, walk.signal)) {
    const verdicts = await eachInOrder(page, AT_ONCE, judge, mayGoOn)
    for (const [at, verdict] of verdicts.entries()) {
      await settle(page[at]!, verdict)
      last = page[at]!.key
    }
    rows += verdicts.length
    const isOver = verdicts.length < page.length || rows >= walk.maxRows || !mayGoOn()
    if (isOver && last !== undefined) return last
  }
  return undefined
}

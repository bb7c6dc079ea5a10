// What was at the destination before this migration first wrote there, so that it can be put back: written before
// the write it is about, and never again for the same key, unless somebody else has written there since. It is kept
// as pair records are, sorted and by ranges, so that it is walked beside the listings however much there is.

import { createHash } from 'node:crypto'
import type { JoinOrder } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import type { PairRecords } from '#shared/compare/pair-records.ts'
import { openPairRecords } from '#shared/compare/pair-records.ts'
import { copyObject } from '#shared/copy/copy.ts'
import { copyWithin } from '#shared/copy/within.ts'
import type { Job } from '#shared/jobs/job.ts'
import type { ListedObject, ObjectInfo, PutMode } from '#shared/storage/contract.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'

export interface Entry {
  key: string
  /** The ETag of what was there; undefined: nothing. */
  before: string | undefined
  /** The source's object that was last about to be written there. */
  source: { etag: string; size: number }
  /** When this migration took away again what it had written, since the source had lost it. */
  removed?: number | undefined
}

export function openJournal(
  { id, ledger, now }: Pick<Job, 'id' | 'ledger' | 'now'>,
  order: JoinOrder,
): PairRecords {
  return openPairRecords(ledger.store, `journal/${digestOf(id)}`, order, { now })
}

/** As a record of a pair: what was to be written, and in the place of what. */
export function toRecord({ key, before = '', source, removed }: Entry): PairRecord {
  const { etag, size } = source
  const gone = removed !== undefined && { verified: removed }
  return { key, size, from: { etag }, to: { etag: before }, grade: 'recorded', ...gone }
}

export function readEntry({ key, size, from, to, verified: removed }: PairRecord): Entry {
  const before = to.etag === '' ? undefined : to.etag
  const source = { etag: from.etag, size }
  return { key, before, source, ...(removed !== undefined && { removed }) }
}

export function entryFor(
  { key, etag, size }: ListedObject,
  before: string | undefined,
  known?: Entry,
): Entry {
  const isSaid = known?.before === before && known?.source.etag === etag && !known.removed
  return isSaid ? known : { key, before, source: { etag, size } }
}

/** Where the bytes of what was there are kept: the same name, whoever does it and how often. */
export function asideOf(id: string, key: string, etag: string): string {
  return `${RESERVED_PREFIX}migration/${digestOf(JSON.stringify([id, key, etag]))}`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/** Writes what is new in a row of keys, before anything is done about them. */
export function createJournalist(journal: PairRecords, after: string | undefined) {
  let done = after
  return {
    /** Keys in order, all that there are since the last ones, with what the journal is to say of them. */
    async write(
      rows: readonly { key: string; known: Entry | undefined; entry: Entry | undefined }[],
    ): Promise<void> {
      const last = rows.at(-1)?.key
      if (last === undefined) return
      if (rows.some(({ known, entry }) => entry !== known)) {
        const writer = journal.write({ after: done, upTo: last })
        for (const { entry } of rows) if (entry) await writer.add(toRecord(entry))
        await writer.commit(last)
      }
      done = last
    },
  }
}

/** An object of the store under another key, with all that travels with it, whatever its size. */
export async function copyAll(
  store: Store,
  from: ObjectInfo,
  to: string,
  mode: PutMode = 'overwrite',
): Promise<void> {
  const { copy, classes } = store.capabilities
  const { storageClass } = from
  const kept = storageClass !== undefined && classes.includes(storageClass) ? { storageClass } : {}
  if (copy && from.size > copy.maxBytes) {
    await copyObject({ from: store, to: store, key: from.key, toKey: to, mode, ...kept })
  } else await copyWithin(store, from, to, { mode, ...kept })
}

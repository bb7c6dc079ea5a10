// What is known of one key in two stores, from their listings and an earlier record alone: no request is made.

import type { Checksum, ListedObject } from '#shared/storage/contract.ts'
import type { Grade } from './grade.ts'

/** An object as a listing told it, as far as it names the content. */
export interface Identity {
  etag: string
  /** Milliseconds since the epoch; absent where the answer to the write did not tell. */
  modified?: number | undefined
}

/** At `key` both stores held the same bytes, while both objects were these. */
export interface PairRecord {
  key: string
  size: number
  from: Identity
  to: Identity
  digest?: Checksum | undefined
  grade: Grade
  /** When the bytes were last read and found right, in milliseconds since the epoch. */
  verified?: number | undefined
}

export interface Pair {
  from: ListedObject | undefined
  to: ListedObject | undefined
  record?: PairRecord | undefined
}

/**
 * `same`: both are what the record tells of. `new`: only the source has it, and nobody has copied it yet.
 * `missing`: the destination had its copy and has it no more. `extra`: only the destination has it.
 * `unknown`: both have something, and nothing is recorded that would still hold.
 */
export type PairState =
  | 'same'
  | 'new'
  | 'changed-source'
  | 'changed-destination'
  | 'missing'
  | 'extra'
  | 'unknown'

export function classify({ from, to, record }: Pair): PairState {
  if (!from) return 'extra'
  if (!to) return record ? 'missing' : 'new'
  if (!record) return 'unknown'
  const sourceStands = isOf(record, record.from, from)
  const destinationStands = isOf(record, record.to, to)
  if (sourceStands && destinationStands) return 'same'
  if (sourceStands) return 'changed-destination'
  return destinationStands ? 'changed-source' : 'unknown'
}

function isOf({ size }: PairRecord, known: Identity, listed: ListedObject): boolean {
  if (listed.size !== size || listed.etag !== known.etag) return false
  return known.modified === undefined || known.modified === listed.modified.getTime()
}

export function identified({ etag, modified }: ListedObject): Identity {
  return { etag, modified: modified.getTime() }
}

// What is asked of a copy and what it answers.

import type { Grade } from '#shared/compare/grade.ts'
import type { Checksum, ObjectInfo, PutMode } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import type { PartsPlan } from './share.ts'

export interface CopyJob {
  from: Store
  /** May hold `.skein/`, where unfinished copies are recorded. */
  to: Store
  key: string
  /** Absent: the same key. */
  toKey?: string | undefined
  /** What was seen at the destination: the write holds only while that is so. */
  mode: PutMode
  /** As a listing told it: saves asking for a large object twice. */
  size?: number | undefined
  /** Metadata of Skein's own for the copy, such as what it is a copy of. */
  own?: ((source: ObjectInfo) => Record<string, string>) | undefined
  storageClass?: string | undefined
  /** `here`: the bytes pass through this machine even where the provider could copy them by itself. */
  through?: 'here' | undefined
  /** Bytes that have arrived so far; counts down when the copy begins anew. */
  onProgress?: ((bytes: number) => void) | undefined
  /** Asked before each part: false ends the copy with `CopyPaused`, to go on from there later. */
  mayGoOn?: (() => boolean) | undefined
  /** Told of the ranges of a large copy: once others have been asked for these, the copy ends with `CopyShared`. */
  share?: ((plan: PartsPlan) => Promise<void>) | undefined
  signal?: AbortSignal | undefined
}

export interface Loss {
  /** `metadata.colour`, `tags`. */
  what: string
  reason: string
}

export interface Copied {
  /** In one go, in parts, or by the provider itself. */
  how: 'whole' | 'parts' | 'provider'
  source: ObjectInfo
  /** What was written. */
  info: ObjectInfo
  /** How it is known that both hold the same. */
  evidence: Grade
  /** Of the content, where one was made or matched. */
  digest?: Checksum | undefined
  losses: Loss[]
  /** Bytes that an earlier try had brought over. */
  resumedBytes: number
}

const WHOLE_BYTES = 8 * 2 ** 20

/** An object of at most this is held in memory, hashed, and put with its digest. */
export function wholeBytes({ to }: CopyJob): number {
  return Math.min(WHOLE_BYTES, to.transfer.multipartThresholdBytes)
}

export function toKeyOf({ key, toKey = key }: CopyJob): string {
  return toKey
}

/** The copy has to begin anew: what it is of, or what it was building, is not there any more. */
export class BeginAnew extends StorageError {}

/** The source is not the version any more that was being copied. */
export function sourceChanged({ from, key }: CopyJob): BeginAnew {
  const message = `${quoteKey(key)} in ${from.name} changed while it was copied; what was brought over is dropped.`
  return new BeginAnew('precondition', message, { store: from.name, key })
}

/** Somebody swept it away, or ended the same copy first, or is about to: it is not there to be dropped. */
export class UploadGone extends BeginAnew {}

export function uploadGone(job: CopyJob, cause: unknown): UploadGone {
  const { to } = job
  const key = toKeyOf(job)
  const message = `What ${to.name} held of the copy of ${quoteKey(key)} is gone; it begins anew.`
  return new UploadGone('not-found', message, { store: to.name, key, cause })
}

/** Another copier of the same object has sent some of them again. */
export function partsChanged(job: CopyJob, cause: unknown): BeginAnew {
  const { to } = job
  const key = toKeyOf(job)
  const message = `The parts that ${to.name} holds of the copy of ${quoteKey(key)} are not what they were; it begins anew.`
  return new BeginAnew('not-found', message, { store: to.name, key, cause })
}

/** For `catch` around reads of the source under the condition that it is still the same. */
export function asSourceChange(error: unknown, job: CopyJob): unknown {
  const changed = isStorageError(error, 'precondition') || isStorageError(error, 'not-found')
  return changed && error.store === job.from.name ? sourceChanged(job) : error
}

/** Said before the first byte. */
export function checkFits({ to, key }: CopyJob, size: number): void {
  const most = to.capabilities.maxObjectBytes
  if (size <= most) return
  throw new StorageError(
    'too-large',
    `${quoteKey(key)} is ${size} bytes and ${to.name} takes objects of ${most} bytes at most; nothing was copied.`,
    { store: to.name, key },
  )
}

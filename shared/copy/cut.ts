// How a large object is cut for its destination: parts of one size but the last, legal there and few enough.

import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'

export interface Piece {
  partNumber: number
  first: number
  size: number
}

const MiB = 2 ** 20
/** Where the bytes do not pass here, only the count of requests counts. */
const TIMES_LARGER_WHEN_PULLED = 8

export function partBytes(to: Store, key: string, size: number, pulled: boolean): number {
  const limits = to.capabilities.multipart
  if (limits === null) throw tooLarge(to, key, `takes no uploads in parts`)
  const usual = to.transfer.partSizeBytes * (pulled ? TIMES_LARGER_WHEN_PULLED : 1)
  const fewEnough = Math.ceil(size / limits.maxParts / MiB) * MiB
  const needed = Math.max(limits.minPartBytes, size > usual * limits.maxParts ? fewEnough : 0)
  if (needed > limits.maxPartBytes) {
    throw tooLarge(to, key, `takes parts of ${limits.maxPartBytes} bytes at most`)
  }
  return Math.min(Math.max(usual, needed), limits.maxPartBytes)
}

export function pieces(size: number, bytes: number): Piece[] {
  return Array.from({ length: Math.ceil(size / bytes) }, (_, index) => ({
    partNumber: index + 1,
    first: index * bytes,
    size: Math.min(bytes, size - index * bytes),
  }))
}

function tooLarge(to: Store, key: string, why: string): StorageError {
  const message = `${quoteKey(key)} cannot be copied to ${to.name}, which ${why}; nothing was copied.`
  return new StorageError('too-large', message, { store: to.name, key })
}

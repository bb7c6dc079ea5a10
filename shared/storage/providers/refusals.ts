// How the stores that do their own work refuse: one sentence for each reason, the same in memory and in
// a folder.

import { StorageError } from '../errors.ts'
import { quoteKey } from '../keys.ts'
import type { ByteRange } from '../contract.ts'

export function absent(store: string, key: string): StorageError {
  return new StorageError('not-found', `${store} has no ${quoteKey(key)}.`, { store, key })
}

export function taken(store: string, key: string): StorageError {
  const message = `${quoteKey(key)} is in ${store} already and was to be created; nothing was written.`
  return new StorageError('exists', message, { store, key })
}

export function changed(store: string, key: string): StorageError {
  const message = `${quoteKey(key)} in ${store} is not the content that was asked for; look at it again.`
  return new StorageError('precondition', message, { store, key })
}

export function corrupt(store: string, key: string): StorageError {
  const message = `The bytes for ${quoteKey(key)} do not have the digest they were sent with; nothing was written to ${store}.`
  return new StorageError('corrupt', message, { store, key })
}

export function wrongLength(
  store: string,
  key: string,
  held: number,
  announced: number,
): StorageError {
  const message = `The stream for ${quoteKey(key)} held ${held} bytes and was announced with ${announced}; nothing was written to ${store}.`
  return new StorageError('invalid', message, { store, key })
}

export function unknownUpload(store: string, key: string): StorageError {
  const message = `${store} has no unfinished upload of ${quoteKey(key)} by that id; it was completed or aborted.`
  return new StorageError('not-found', message, { store, key })
}

export function wrongPart(store: string, key: string, partNumber: number): StorageError {
  const message = `Part ${partNumber} of ${quoteKey(key)} is not what ${store} holds of that upload, or is out of order; send it again.`
  return new StorageError('invalid', message, { store, key })
}

export function noVersions(store: string, key: string): StorageError {
  const message = `${store} keeps no versions, so none can be deleted.`
  return new StorageError('unsupported', message, { store, key })
}

/** Throws `invalid` for a range that begins past the end. */
export function checkRange(
  store: string,
  key: string,
  range: ByteRange | undefined,
  size: number,
): void {
  if (!range || range.first < size) return
  const message = `The range of ${quoteKey(key)} begins at byte ${range.first}, and ${store} holds ${size} bytes of it.`
  throw new StorageError('invalid', message, { store, key })
}

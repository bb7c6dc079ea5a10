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

/** A 200 without what makes it one: from a proxy or a portal in between, or from some other server. */
export function strangeAnswer(store: string, key?: string): StorageError {
  const asked = key === undefined ? 'a request' : `a request for ${quoteKey(key)}`
  const message = `${store} answered ${asked} with nothing that it would say; check its endpoint, and what stands in between.`
  return new StorageError('internal', message, { store, key, ambiguous: true })
}

/** Throws for bytes from elsewhere: an answer that knows no range begins at the first, whatever was asked. */
export function checkFirstByte(
  store: string,
  key: string,
  range: ByteRange | undefined,
  contentRange: string | null,
): void {
  if (!range) return
  const first = Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? 0)
  if (first !== range.first) throw strangeAnswer(store, key)
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

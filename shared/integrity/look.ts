// What each store holds of one key now: asked for by a HEAD, or read whole and hashed as it passes. Of an object
// that changes while it is read nothing is said: it is looked at again.

import type { Digests } from '#shared/compare/digests.ts'
import type { Place } from '#shared/compare/listing.ts'
import { originOf, readClaim } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { StorageError } from '#shared/storage/errors.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'
import type { SweepContext } from './context.ts'
import { keyAt } from './context.ts'
import type { Copy } from './judge.ts'
import type { Reading } from './piecewise.ts'

export interface Spent {
  heads: number
  gets: number
  bytes: number
}

export interface Looked {
  copies: Copy[]
  /** At each store. */
  spent: Spent[]
}

export interface LookOptions {
  /** At which stores the bytes are read, by number. */
  reads: ReadonlySet<number>
  /** Bytes that were read before, piece by piece. */
  reading?: Reading | undefined
  /** By which they have to be hashed to be held against what was recorded. */
  algorithms: readonly DigestAlgorithm[]
  signal?: AbortSignal | undefined
}

/**
 * HEADs come first, and each body is read as soon as it is there: where a runtime has few connections, one that waits
 * for another would wait for ever.
 */
export async function lookAt(
  context: SweepContext,
  key: string,
  options: LookOptions,
): Promise<Looked> {
  const { places } = context
  const { reads, reading, signal } = options
  const heads = await Promise.all(
    places.map(async (place, at) =>
      reads.has(at) ? undefined : place.store.find(keyAt(place, key), { signal }),
    ),
  )
  const algorithms = commonTo(heads, options)
  const seen = await Promise.all(
    places.map(async (place, at): Promise<Seen> => {
      if (reads.has(at)) return read(place, key, algorithms, signal)
      return { info: heads[at], spent: { heads: 1, gets: 0, bytes: 0 } }
    }),
  )
  return {
    copies: seen.map((one, at) => copyOf(context, at, withReading(one, at, reading))),
    spent: seen.map(({ spent }) => spent),
  }
}

/** Whatever a store tells of itself, all bytes that are read are hashed by these, to be held against each other. */
function commonTo(
  heads: readonly (ObjectInfo | undefined)[],
  { algorithms }: LookOptions,
): readonly DigestAlgorithm[] {
  const wanted = new Set([...heads.flatMap(ownOf), ...algorithms])
  return wanted.size > 0 ? [...wanted] : ['crc64nvme']
}

/** The cheapest by which its provider can be held to its word: any finds what has rotted. */
function ownOf(info: ObjectInfo | undefined): DigestAlgorithm[] {
  const own = CHEAP_FIRST.find((one) => info?.checksums[one] !== undefined)
  return own === undefined ? [] : [own]
}

const CHEAP_FIRST = ['crc64nvme', 'crc32c', 'crc32', 'md5', 'sha1', 'sha256'] as const

interface Seen {
  info: ObjectInfo | undefined
  read?: Digests | undefined
  unreadable?: string | undefined
  spent: Spent
}

async function read(
  place: Place,
  key: string,
  algorithms: readonly DigestAlgorithm[],
  signal: AbortSignal | undefined,
): Promise<Seen> {
  const { store } = place
  const full = keyAt(place, key)
  let info: ObjectInfo | undefined
  try {
    const got = await store.get(full, { signal })
    ;({ info } = got)
    const digests = startPassingDigests([...new Set([...algorithms, ...ownOf(info)])])
    for await (const chunk of got.body) await digests.update(chunk)
    const spent = { heads: 0, gets: 1, bytes: info.size }
    return { info, read: await digests.values(), spent }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    const spent = { heads: 1, gets: 1, bytes: 0 }
    if (error.kind === 'not-found') return { info: undefined, spent }
    // What cannot be read may still be there, archived perhaps.
    info ??= await store.find(full, { signal })
    return { info, ...(info && !info.archived && { unreadable: error.message }), spent }
  }
}

/** What ends the reading of this object alone, after the store's own tries; one that changed is looked at anew. */
function isUnreadable(error: unknown): error is StorageError {
  if (!isStorageError(error)) return false
  return error.kind !== 'unauthenticated' && error.kind !== 'precondition'
}

/** What was read is of the object that is there now, or of none. */
function withReading(one: Seen, at: number, reading: Reading | undefined): Seen {
  const known = reading?.copies.find(({ store }) => store === at)
  if (!known || !one.info || known.etag !== one.info.etag) return one
  const { digests, unreadable } = known
  return unreadable === undefined ? { ...one, read: digests } : { ...one, unreadable }
}

function copyOf({ places, marks }: SweepContext, at: number, seen: Seen): Copy {
  const { name: store } = places[at]!.store
  const { info, read: digests, unreadable } = seen
  const copy: Copy = { store, info, read: digests, unreadable }
  if (!info || !marks) return copy
  try {
    const claim = at === 0 ? undefined : readClaim(marks, store, info)
    return { ...copy, origin: originOf(marks, store, info), claim }
  } catch (error) {
    // Without the suite's secret, marks say nothing.
    if (!isStorageError(error, 'unavailable')) throw error
    return copy
  }
}

/** Whether the stores hold the very objects that were looked at. */
export async function stillHold(
  { places }: SweepContext,
  key: string,
  copies: readonly Copy[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const now = await Promise.all(
    places.map((place) => place.store.find(keyAt(place, key), { signal })),
  )
  return now.every((info, at) => {
    const before = copies[at]?.info
    if (!info || !before) return info === before
    return info.etag === before.etag && isSameTime(info.modified, before.modified)
  })
}

/** Whole seconds are all that every answer tells. */
export function isSameTime(a: Date, b: Date): boolean {
  return Math.floor(a.getTime() / 1000) === Math.floor(b.getTime() / 1000)
}

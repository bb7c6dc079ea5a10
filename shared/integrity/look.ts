// What each store holds of one key now: asked for by a HEAD, or read whole and hashed as it passes. Of an object
// that changes while it is read nothing is said: it is looked at again. What a store refuses to tell or to give is said
// of that object; a store that does not answer ends the step, since that says nothing of an object.

import { wholeDigestsOf } from '#shared/compare/combined.ts'
import type { Digests } from '#shared/compare/digests.ts'
import { compareDigests } from '#shared/compare/digests.ts'
import { originOf, readClaim } from '#shared/copy/mark.ts'
import type { ListedObject, ObjectInfo } from '#shared/storage/contract.ts'
import type { StorageError } from '#shared/storage/errors.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import { isCrc } from '#shared/wire/digest.ts'
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
  /** A store that does not answer for this object has been asked often enough: then it cannot be read. */
  isLastTry?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** What is looked at: a key, and what each store's listing told of it. */
export interface Looking {
  key: string
  listed: readonly (ListedObject | undefined)[]
}

export const nothingSpent = (): Spent => ({ heads: 0, gets: 0, bytes: 0 })

/**
 * HEADs come first, and each body is read as soon as it is there: where a runtime has few connections, one that waits
 * for another would wait for ever.
 */
export async function lookAt(
  context: SweepContext,
  looking: Looking,
  options: LookOptions,
): Promise<Looked> {
  const { places } = context
  const { reads, reading } = options
  const heads = await Promise.all(
    places.map(async (_, at) => {
      return reads.has(at) ? undefined : head(context, looking, at, options)
    }),
  )
  const algorithms = reads.size > 0 ? commonTo(heads, options) : []
  const seen = await Promise.all(
    heads.map(async (one, at) => one ?? read(context, looking, { at, algorithms }, options)),
  )
  const known = seen.map((one, at) => withReading(one, at, reading))
  await holdPartsToTheirWord(context, looking.key, known, options)
  return {
    copies: known.map((one, at) => copyOf(context, at, one)),
    spent: known.map(({ spent }) => spent),
  }
}

/** Whatever a store tells of itself, all bytes that are read are hashed by these, to be held against each other. */
function commonTo(
  heads: readonly (Seen | undefined)[],
  { algorithms }: LookOptions,
): readonly DigestAlgorithm[] {
  const wanted = new Set([...heads.flatMap((one) => ownOf(one?.info)), ...algorithms])
  return wanted.size > 0 ? [...wanted] : ['crc64nvme']
}

/** The cheapest by which its provider can be held to its word: any finds what has rotted. */
function ownOf(info: ObjectInfo | undefined): DigestAlgorithm[] {
  const own = CHEAP_FIRST.find((one) => info?.checksums[one] !== undefined)
  if (own !== undefined) return [own]
  // Of parts that tell CRCs, the whole's can be known.
  return info?.composite && isCrc(info.composite.algorithm) ? [info.composite.algorithm] : []
}

const CHEAP_FIRST = ['crc64nvme', 'crc32c', 'crc32', 'md5', 'sha1', 'sha256'] as const

interface Seen {
  info: ObjectInfo | undefined
  read?: Digests | undefined
  unreadable?: string | undefined
  spent: Spent
}

async function head(
  { places }: SweepContext,
  { key, listed }: Looking,
  at: number,
  { isLastTry = false }: Pick<LookOptions, 'isLastTry'>,
): Promise<Seen> {
  const place = places[at]!
  const spent = { heads: 1, gets: 0, bytes: 0 }
  try {
    // Without a signal: it is over soon, and a million listeners on one signal are not.
    return { info: await place.store.find(keyAt(place, key)), spent }
  } catch (error) {
    const there = listed[at]
    if (!there || !isOfThisObject(error, isLastTry)) throw error
    return { info: asListed(there), unreadable: error.message, spent }
  }
}

/** What is refused to whoever asks for it was told by the listing all the same. */
function asListed(there: ListedObject): ObjectInfo {
  return { ...there, metadata: {}, checksums: there.checksums ?? {} }
}

async function read(
  context: SweepContext,
  looking: Looking,
  { at, algorithms }: { at: number; algorithms: readonly DigestAlgorithm[] },
  options: LookOptions,
): Promise<Seen> {
  const place = context.places[at]!
  let info: ObjectInfo | undefined
  try {
    const got = await place.store.get(keyAt(place, looking.key), { signal: options.signal })
    ;({ info } = got)
    const digests = startPassingDigests([...new Set([...algorithms, ...ownOf(info)])])
    for await (const chunk of got.body) await digests.update(chunk)
    const spent = { heads: 0, gets: 1, bytes: info.size }
    return { info, read: await digests.values(), spent }
  } catch (error) {
    if (!isOfThisObject(error, options.isLastTry ?? false)) throw error
    const spent = { heads: 1, gets: 1, bytes: 0 }
    if (error.kind === 'not-found') return { info: undefined, spent }
    // What cannot be read may still be there, archived perhaps.
    info ??= (await head(context, looking, at, options)).info
    return { info, ...(info && !info.archived && { unreadable: error.message }), spent }
  }
}

/** What an answer says of this object alone, after the store's own tries; one that changed is looked at anew. */
function isOfThisObject(error: unknown, isLastTry: boolean): error is StorageError {
  if (!isStorageError(error)) return false
  if (error.kind === 'unauthenticated' || error.kind === 'precondition') return false
  return isLastTry || error.retry === 'never' || error.kind === 'corrupt'
}

/** What was read is of the object that is there now, or of none. */
function withReading(one: Seen, at: number, reading: Reading | undefined): Seen {
  const known = reading?.copies.find(({ store }) => store === at)
  if (!known || !one.info || known.etag !== one.info.etag) return one
  const { digests, unreadable } = known
  if (unreadable === undefined) return { ...one, read: digests }
  return one.info.archived ? one : { ...one, unreadable }
}

/**
 * Where a provider tells CRCs of parts alone, those of the whole follow from them, for one request more: asked for where
 * the bytes were read, or where nothing else would tell what the copies are to each other.
 */
async function holdPartsToTheirWord(
  { places }: SweepContext,
  key: string,
  seen: readonly Seen[],
  { signal }: LookOptions,
): Promise<void> {
  const isOpen = seen.some((one, at) => at > 0 && !isComparable(seen[0]!, one))
  for (const [at, { info, read: bytes, spent }] of seen.entries()) {
    if (!info?.composite || !isCrc(info.composite.algorithm)) continue
    if (info.checksums[info.composite.algorithm] !== undefined || !(isOpen || bytes)) continue
    const place = places[at]!
    spent.heads++
    try {
      info.checksums = await wholeDigestsOf(place.store, keyAt(place, key), info, signal)
    } catch (error) {
      // It is gone, or a store that tells no parts: then it has said all that it can.
      if (!isStorageError(error) || error.retry !== 'never') throw error
    }
  }
}

function isComparable(a: Seen, b: Seen): boolean {
  const [one, two] = [a, b].map(({ info, read: bytes }) => bytes ?? info?.checksums ?? {})
  return !a.info || !b.info || compareDigests(one!, two!) !== undefined
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
  context: SweepContext,
  looking: Looking,
  copies: readonly Copy[],
  options: Pick<LookOptions, 'isLastTry'>,
): Promise<boolean> {
  const now = await Promise.all(copies.map((_, at) => head(context, looking, at, options)))
  return now.every(({ info }, at) => {
    const before = copies[at]?.info
    if (!info || !before) return info === before
    return info.etag === before.etag && isSameTime(info.modified, before.modified)
  })
}

/** Whole seconds are all that every answer tells. */
export function isSameTime(a: Date, b: Date): boolean {
  return Math.floor(a.getTime() / 1000) === Math.floor(b.getTime() / 1000)
}

// Objects too large to be read within one step: read in pieces, at all stores side by side, by CRCs that add up. What is
// left between steps is how far each copy is read and its CRCs so far; a copy that changes meanwhile begins anew.

import type { Digests } from '#shared/compare/digests.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { StorageError } from '#shared/storage/errors.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { CrcAlgorithm } from '#shared/wire/crc.ts'
import { combineDigests } from '#shared/wire/digest.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'
import type { SweepContext } from './context.ts'
import { keyAt } from './context.ts'
import type { Spent } from './look.ts'

/** Plain data, for it lies in the cursor. */
export interface Reading {
  key: string
  copies: ReadCopy[]
}

export interface ReadCopy {
  /** The store's number. */
  store: number
  size: number
  etag: string
  /** Bytes that are through. */
  at: number
  digests: Digests
  unreadable?: string | undefined
}

export interface ReadingOptions {
  pieceBytes: number
  /** Of each store; added to. */
  spent: Spent[]
  mayGoOn: () => boolean
  /** Told of all that is through, which is worth keeping whatever happens to the rest. */
  onProgress?: ((reading: Reading) => void) | undefined
  /** A store that does not answer for this object has been asked often enough. */
  isLastTry?: boolean | undefined
  signal: AbortSignal
}

/** A minute's reading or less for as many as a step works on at once, so that no step outlives its time by much. */
export const PIECEWISE_BYTES = 256 * 2 ** 20
/** Of one request, at most. */
const PIECE_BYTES = 64 * 2 ** 20
/** Of one copy: a line alone seldom gives what a store has to give. */
const PIECES_AT_ONCE = 4
/** Those that providers keep; with each, whatever one store tells can be held against the bytes. */
const CRCS: readonly CrcAlgorithm[] = ['crc32c', 'crc64nvme', 'crc32']

export function pieceBytesOf(piecewiseBytes: number): number {
  return Math.min(PIECE_BYTES, piecewiseBytes)
}

/** What is read already of the very objects that are there, and the rest still to read. */
export function takeUp(
  before: Reading | undefined,
  key: string,
  objects: readonly (ListedObject | undefined)[],
  reads: ReadonlySet<number>,
): Reading {
  const known = before?.key === key ? before.copies : []
  const copies = [...reads].flatMap((store): ReadCopy[] => {
    const there = objects[store]
    if (!there) return []
    const { size, etag } = there
    const same = known.find((one) => one.store === store && one.etag === etag)
    return [same ?? { store, size, etag, at: 0, digests: {} }]
  })
  return { key, copies }
}

export function isThrough({ copies }: Reading): boolean {
  return copies.every(isRead)
}

export function bytesThrough({ copies }: Reading): number {
  return copies.reduce((sum, { at }) => sum + at, 0)
}

function isRead({ at, size, unreadable }: ReadCopy): boolean {
  return at >= size || unreadable !== undefined
}

/** As far as the time goes, and some of it in any case. Undefined: a copy has changed. */
export async function readOn(
  context: SweepContext,
  begun: Reading,
  options: ReadingOptions,
): Promise<Reading | undefined> {
  let reading = begun
  while (!isThrough(reading)) {
    const { key } = reading
    const read = await Promise.allSettled(
      reading.copies.map((copy) => readSome(context, key, copy, options)),
    )
    const failed = read.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    if (failed.some(hasMoved)) return undefined
    const before = reading.copies
    reading = {
      key,
      copies: read.map((one, at) => (one.status === 'fulfilled' ? one.value : before[at]!)),
    }
    options.onProgress?.(reading)
    if (failed.length > 0) throw failed[0]
    if (!options.mayGoOn()) break
  }
  return reading
}

function hasMoved(error: unknown): boolean {
  return isStorageError(error, 'precondition') || isStorageError(error, 'not-found')
}

interface Piece {
  first: number
  size: number
}

/** The next pieces of one copy, side by side; those before one that failed are through. */
async function readSome(
  context: SweepContext,
  key: string,
  copy: ReadCopy,
  options: ReadingOptions,
): Promise<ReadCopy> {
  if (isRead(copy)) return copy
  const pieces: Piece[] = []
  for (let first = copy.at; first < copy.size && pieces.length < PIECES_AT_ONCE;) {
    const size = Math.min(options.pieceBytes, copy.size - first)
    pieces.push({ first, size })
    first += size
  }
  const read = await Promise.allSettled(
    pieces.map((piece) => readPiece(context, key, { ...piece, copy }, options)),
  )
  let { at, digests } = copy
  for (const [n, one] of read.entries()) {
    if (one.status === 'rejected') {
      const through = { ...copy, at, digests }
      if (isOfThisObject(one.reason, options)) return { ...through, unreadable: one.reason.message }
      if (at > copy.at && !hasMoved(one.reason)) return through
      throw one.reason
    }
    const { size } = pieces[n]!
    digests = joined(digests, one.value, size)
    at += size
  }
  return { ...copy, at, digests }
}

function isOfThisObject(
  error: unknown,
  { isLastTry = false }: ReadingOptions,
): error is StorageError {
  if (!isStorageError(error) || hasMoved(error) || error.kind === 'unauthenticated') return false
  return isLastTry || error.retry === 'never' || error.kind === 'corrupt'
}

async function readPiece(
  { places }: SweepContext,
  key: string,
  { copy, first, size }: Piece & { copy: ReadCopy },
  { spent, signal }: ReadingOptions,
): Promise<Digests> {
  const place = places[copy.store]!
  const { body } = await place.store.get(keyAt(place, key), {
    ...{ range: { first, last: first + size - 1 }, ifMatch: copy.etag, signal },
  })
  const digests = startPassingDigests(CRCS)
  for await (const chunk of body) await digests.update(chunk)
  const sum = spent[copy.store]!
  sum.gets++
  sum.bytes += size
  return digests.values()
}

function joined(before: Digests, piece: Digests, size: number): Digests {
  const whole: Digests = {}
  for (const crc of CRCS) {
    const [first, next] = [before[crc], piece[crc]]
    if (next !== undefined) {
      whole[crc] = first === undefined ? next : combineDigests(crc, first, next, size)
    }
  }
  return whole
}

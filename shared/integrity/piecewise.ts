// Objects too large to be read within one step: read in pieces, at all stores side by side, by CRCs that add up. What is
// left between steps is how far that is and the CRC so far; an object that changes meanwhile begins anew.

import type { Digests } from '#shared/compare/digests.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
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
  /** Bytes that are through, at every store. */
  at: number
  copies: ReadCopy[]
}

export interface PieceOptions {
  /** The same from one step to the next. */
  pieceBytes: number
  /** Of each store; added to. */
  spent: Spent[]
  signal: AbortSignal
}

export interface ReadCopy {
  /** The store's number. */
  store: number
  size: number
  etag: string
  digests: Digests
  unreadable?: string | undefined
}

/** Those that providers keep; with each, whatever one store tells can be held against the bytes. */
const CRCS: readonly CrcAlgorithm[] = ['crc32c', 'crc64nvme', 'crc32']
/** Of one request, at most. */
export const PIECE_BYTES = 64 * 2 ** 20

/** The same reading, or a new one where it was of other objects. */
export function takeUp(
  before: Reading | undefined,
  key: string,
  objects: readonly (ListedObject | undefined)[],
  reads: ReadonlySet<number>,
): Reading {
  const copies = [...reads].flatMap((store): ReadCopy[] => {
    const listed = objects[store]
    return listed ? [{ store, size: listed.size, etag: listed.etag, digests: {} }] : []
  })
  const isSame =
    before?.key === key &&
    before.copies.length === copies.length &&
    copies.every(({ store, etag }, at) => {
      return before.copies[at]?.store === store && before.copies[at].etag === etag
    })
  return isSame ? before : { key, at: 0, copies }
}

export function isThrough({ at, copies }: Reading): boolean {
  return copies.every(({ size, unreadable }) => at >= size || unreadable !== undefined)
}

/** The next piece at every store. Undefined: one of them has changed. */
export async function readPiece(
  context: SweepContext,
  reading: Reading,
  options: PieceOptions,
): Promise<Reading | undefined> {
  try {
    const copies = await Promise.all(
      reading.copies.map((copy) => pieceOf(context, reading, copy, options)),
    )
    return { ...reading, at: reading.at + options.pieceBytes, copies }
  } catch (error) {
    const moved = isStorageError(error, 'precondition') || isStorageError(error, 'not-found')
    if (moved) return undefined
    throw error
  }
}

async function pieceOf(
  { places }: SweepContext,
  { key, at }: Reading,
  copy: ReadCopy,
  { pieceBytes, spent, signal }: PieceOptions,
): Promise<ReadCopy> {
  if (at >= copy.size || copy.unreadable !== undefined) return copy
  const place = places[copy.store]!
  const last = Math.min(at + pieceBytes, copy.size) - 1
  const size = last - at + 1
  const sum = spent[copy.store]!
  sum.gets++
  sum.bytes += size
  try {
    const { body } = await place.store.get(keyAt(place, key), {
      ...{ range: { first: at, last }, ifMatch: copy.etag, signal },
    })
    const piece = startPassingDigests(CRCS)
    for await (const chunk of body) await piece.update(chunk)
    return { ...copy, digests: joined(copy.digests, await piece.values(), size) }
  } catch (error) {
    if (!isStorageError(error) || error.retry !== 'never') throw error
    if (error.kind === 'precondition' || error.kind === 'not-found') throw error
    return { ...copy, unreadable: error.message }
  }
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

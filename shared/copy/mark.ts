// What a copy says of itself: which version of which store it is a copy of. Sealed for the one place where it
// lies, with size and digest, so that a mark that somebody made up, or carried along to another key, another
// store or other bytes, counts for nothing and its object is a stranger's.

import { createHash } from 'node:crypto'
import { compareDigests } from '#shared/compare/digests.ts'
import type { Digests } from '#shared/compare/digests.ts'
import type { Seal } from '#shared/seal.ts'
import type { Checksum, ChecksumAlgorithm, ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { identityOf } from './identity.ts'

export const SOURCE_MARK = 'skein_source'

/** Where content was first written: two objects of one origin hold the same. */
export interface Origin {
  store: string
  identity: string
  /** When that store says it was written, in milliseconds since the epoch. */
  modified: number
}

/** Whose objects a mark is made for. */
export interface MarkPlace {
  seal: Seal
  workspace: string
}

interface Sealed extends Origin {
  size: number
  digest?: Checksum | undefined
  /** Workspace, store and key where the copy lies, as one fingerprint. */
  at: string
}

/** Strong ones first. */
const DIGESTS: readonly ChecksumAlgorithm[] = ['sha256', 'crc64nvme', 'crc32c', 'md5', 'crc32']

/** The mark of a copy at `store`, of an object of that origin. */
export function sealMark(
  place: MarkPlace,
  store: string,
  { key, size, checksums }: ObjectInfo,
  origin: Origin,
): string {
  const algorithm = DIGESTS.find((one) => checksums[one] !== undefined)
  const digest = algorithm && { algorithm, value: checksums[algorithm]! }
  const at = fingerprint(place, store, key)
  const sealed: Sealed = { ...origin, size, ...(digest && { digest }), at }
  return place.seal.seal('source', sealed)
}

/** Undefined for what is no copy of Skein's: without a mark, or with one that was made for something else. */
export function readMark(place: MarkPlace, store: string, info: ObjectInfo): Origin | undefined {
  const mark = readClaim(place, store, info)
  if (mark === undefined || mark.size !== info.size) return undefined
  if (mark.digest && compareDigests(info.checksums, digestsOf(mark.digest))?.same === false) {
    return undefined
  }
  return mark.origin
}

/** What a mark that was made for this very place says that should lie there. */
export interface Claim {
  origin: Origin
  size: number
  digest: Checksum | undefined
}

/** Whatever bytes the object has by now: they may not be those that the mark was made for. */
export function readClaim(place: MarkPlace, store: string, info: ObjectInfo): Claim | undefined {
  const sealed = info.metadata[SOURCE_MARK]
  const mark = sealed === undefined ? undefined : open(place.seal, sealed)
  if (mark === undefined || mark.at !== fingerprint(place, store, info.key)) return undefined
  const { store: from, identity, modified, size, digest } = mark
  return { origin: { store: from, identity, modified }, size, digest }
}

function digestsOf({ algorithm, value }: Checksum): Digests {
  return { [algorithm]: value }
}

/** Where its content was first written: elsewhere for a copy, else right there. */
export function originOf(place: MarkPlace, store: string, info: ObjectInfo): Origin {
  const own = { store, identity: identityOf(info), modified: info.modified.getTime() }
  return readMark(place, store, info) ?? own
}

export function sameOrigin(a: Origin, b: Origin): boolean {
  return a.store === b.store && a.identity === b.identity
}

function open(seal: Seal, sealed: string): Sealed | undefined {
  try {
    return seal.open('source', sealed) as Sealed
  } catch (error) {
    if (isStorageError(error, 'denied')) return undefined
    throw error
  }
}

/** No name of a workspace or a store has a line break, so no two places read alike. */
function fingerprint({ workspace }: MarkPlace, store: string, key: string): string {
  const place = `${workspace}\n${store}\n${key}`
  return createHash('sha256').update(place).digest('base64url').slice(0, 22)
}

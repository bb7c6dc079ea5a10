// Digests of the same bytes by different providers: which of them say the same thing, and whether they agree.
// ETags are never compared: what one provider calls so is no other's.

import type { ChecksumAlgorithm, ObjectInfo } from '#shared/storage/contract.ts'

export type Digests = Partial<Record<ChecksumAlgorithm, string>>

/** Strong ones first, then those that are cheap to make. */
export const PREFERENCE: readonly ChecksumAlgorithm[] = [
  'sha256',
  'crc64nvme',
  'crc32c',
  'md5',
  'crc32',
  'sha1',
]

/** An algorithm by which both have a digest, with whether these agree; undefined where there is none. */
export function compareDigests(
  a: Digests,
  b: Digests,
): { algorithm: ChecksumAlgorithm; same: boolean } | undefined {
  const algorithm = PREFERENCE.find((one) => a[one] !== undefined && b[one] !== undefined)
  return algorithm && { algorithm, same: a[algorithm] === b[algorithm] }
}

/**
 * Digests over the digests of parts. Equal ones of as many parts say that the bytes are the same; different ones
 * say nothing, since nobody knows where each object's parts end.
 */
export function sameComposite(a: ObjectInfo['composite'], b: ObjectInfo['composite']): boolean {
  if (a === undefined || b === undefined) return false
  return a.algorithm === b.algorithm && a.parts === b.parts && a.value === b.value
}

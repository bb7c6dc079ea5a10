// Which digests of a whole object a provider tells of its own accord and can be trusted with, so that
// completion need not read the bytes. Azure's is missing: whoever may write a blob may set its MD5 to anything.

import type { ChecksumAlgorithm, UploadMethod } from '#shared/client/protocol.ts'
import type { Wire } from '#shared/storage/compatibility.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'

const HELD: Partial<Record<Wire, readonly ChecksumAlgorithm[]>> = {
  // https://cloud.google.com/storage/docs/data-validation: a CRC32C of every object.
  gcs: ['crc32c'],
}

/** By row, since look-alikes keep none unasked. */
const HELD_BY_ROW: Readonly<Record<string, readonly ChecksumAlgorithm[]>> = {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
  s3: ['crc64nvme'],
}

/** Before anything has arrived: whether completion will find the digest without reading. */
export function willHold(store: Store, method: UploadMethod, algorithm: ChecksumAlgorithm) {
  const { wire, id } = store.row
  if (wire === 'gcs' && algorithm === 'md5') return method !== 'parts'
  return [...(HELD[wire] ?? []), ...(HELD_BY_ROW[id] ?? [])].includes(algorithm)
}

/** Algorithms whose digests this store would tell, or hold a signed upload to, whatever the size. */
export function knownAlgorithms(store: Store, method: UploadMethod): ChecksumAlgorithm[] {
  const all: ChecksumAlgorithm[] = ['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256']
  const signed = method === 'put' ? (store.capabilities.presign?.checksums ?? []) : []
  return all.filter((one) => signed.includes(one) || willHold(store, method, one))
}

/** What the provider's word is worth: undefined where the bytes must be read. */
export function heldDigest(store: Store, info: ObjectInfo, algorithm: ChecksumAlgorithm) {
  return store.row.wire === 'azure' ? undefined : info.checksums[algorithm]
}

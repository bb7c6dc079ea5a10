// How a copy in parts will be known to be right. Where both sides tell a digest of one algorithm, of the whole
// or of parts that add up to it, nothing needs to be read here. Else the bytes are hashed as they pass, by
// what each side can be held to: the source's own CRC of the whole, and what the destination computes.

import { Buffer } from 'node:buffer'
import { compareDigests } from '#shared/compare/digests.ts'
import type { Digests } from '#shared/compare/digests.ts'
import type { Grade } from '#shared/compare/grade.ts'
import type { Checksum, ChecksumAlgorithm, ObjectInfo, Part } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { combineDigests, isCrc } from '#shared/wire/digest.ts'
import type { Piece } from './cut.ts'
import type { CopyJob } from './job.ts'

export interface Proof {
  /** What to hash on the way; empty where the two sides' own digests will do. */
  inFlight: readonly ChecksumAlgorithm[]
  /** Named when the upload begins: the destination will compute it of the whole. */
  whole: ChecksumAlgorithm | undefined
  /** What the destination has to tell of each part, for these to add up to the source's. */
  parts: ChecksumAlgorithm | undefined
}

/** What the provider reads by itself passes nowhere where it could be hashed. */
export function proofOf(source: ObjectInfo, to: Store, pulled: boolean): Proof {
  const proof = proofFor(source, to)
  return pulled ? { ...proof, inFlight: [] } : proof
}

export function proofFor({ checksums }: ObjectInfo, to: Store): Proof {
  const { part, whole } = to.capabilities.multipart?.digests ?? { part: null, whole: [] }
  const held = (algorithm: ChecksumAlgorithm) => checksums[algorithm] !== undefined
  const shared = whole.find(held)
  if (shared !== undefined) return { inFlight: [], whole: shared, parts: undefined }
  if (part !== null && isCrc(part) && held(part)) {
    return { inFlight: [], whole: undefined, parts: part }
  }
  const ofSource = (Object.keys(checksums) as ChecksumAlgorithm[]).find(isCrc)
  const ofWhole = whole.find(isCrc)
  const ofDestination = ofWhole ?? part
  const wanted = [ofSource, ofDestination].filter((one) => one !== undefined && one !== null)
  // What no side can be held to is still worth keeping: the pair's record has it for later.
  const kept = wanted.some(isCrc) ? wanted : [...wanted, 'crc32c' as const]
  return { inFlight: [...new Set(kept)], whole: ofWhole, parts: undefined }
}

/** Of one part: what was hashed on the way to it, and what the destination tells of it, which have to be the same. */
export function digestsOfPart(
  { to, key }: CopyJob,
  { parts }: Proof,
  part: Part,
  hashed: Digests,
): Digests {
  const told = toldOf(part)
  if (compareDigests(told, hashed)?.same === false) {
    const message = `${to.name} holds other bytes of part ${part.partNumber} of ${quoteKey(key)} than were sent; it is sent again.`
    throw new StorageError('corrupt', message, { store: to.name, key })
  }
  if (parts !== undefined && told[parts] === undefined) {
    const message = `${to.name} tells no ${parts} digest of a part, as its record of capabilities has it; set multipart.digests.part to null there.`
    throw new StorageError('unsupported', message, { store: to.name, key })
  }
  return { ...told, ...hashed }
}

export function toldOf({ etag, checksum }: Part): Digests {
  // An S3 part's ETag is its MD5, but for keys of the customer's.
  const md5 = /^[0-9a-f]{32}$/.test(etag) ? Buffer.from(etag, 'hex').toString('base64') : undefined
  return { ...(md5 && { md5 }), ...(checksum && { [checksum.algorithm]: checksum.value }) }
}

/** The whole's digests that follow from those of its pieces, in order. */
export function wholeDigests(
  cut: readonly Piece[],
  ofParts: ReadonlyMap<number, Digests>,
): Digests {
  const whole: Digests = {}
  for (const algorithm of ['crc64nvme', 'crc32c', 'crc32'] as const) {
    let value: string | undefined
    for (const { partNumber, size } of cut) {
      const next = ofParts.get(partNumber)?.[algorithm]
      if (next === undefined) {
        value = undefined
        break
      }
      value = value === undefined ? next : combineDigests(algorithm, value, next, size)
    }
    if (value !== undefined) whole[algorithm] = value
  }
  return whole
}

/** Before the commit: what passed, or what the destination has told of the parts, against the source's own word. */
export function checkAgainstSource(
  { from, to, key }: CopyJob,
  source: Digests,
  passed: Digests,
): void {
  const compared = compareDigests(source, passed)
  if (compared?.same !== false) return
  throw new StorageError(
    'corrupt',
    `What came of ${quoteKey(key)} to ${to.name} is not what ${from.name} holds, by its ${compared.algorithm} digest; nothing was written.`,
    { store: from.name, key },
  )
}

/** Of the whole, to be held against what the destination has put together. */
export function checksumForCommit(
  { whole }: Proof,
  source: Digests,
  passed: Digests,
): Checksum | undefined {
  const value = whole && (source[whole] ?? passed[whole])
  return whole && value !== undefined ? { algorithm: whole, value } : undefined
}

export interface Proven {
  evidence: Grade
  digest: Checksum | undefined
}

/** After the commit: how the whole is known. Undefined when it is known to be wrong. */
export function conclude(
  proof: Proof,
  source: Digests,
  told: Digests,
  passed: Digests,
  everyPartTold: boolean,
): Proven | undefined {
  const known = { ...passed, ...source }
  const compared = compareDigests(told, known)
  if (compared?.same === false) return undefined
  const digest = digestOf(known)
  if (proof.inFlight.length > 0) {
    const attested = compared?.same === true || everyPartTold
    return { evidence: attested ? 'attested' : 'recorded', digest }
  }
  const declared = compared?.same === true || (proof.parts !== undefined && everyPartTold)
  return { evidence: declared ? 'declared' : 'recorded', digest }
}

/** One that can be compared with most providers', cheap ones first. */
function digestOf(known: Digests): Checksum | undefined {
  const order = ['crc64nvme', 'crc32c', 'crc32', 'sha256', 'md5', 'sha1'] as const
  const algorithm = order.find((one) => known[one] !== undefined)
  return algorithm && { algorithm, value: known[algorithm]! }
}

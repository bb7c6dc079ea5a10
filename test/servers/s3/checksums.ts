// S3's additional checksums: which headers ask for them, how they are computed, and how the parts of a
// multipart upload make the checksum of the object (COMPOSITE or FULL_OBJECT).
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { createHash } from 'node:crypto'
import type { Content } from './content.ts'
import { combineCrcs, startCrc } from './crc.ts'
import { refuse } from './errors.ts'
import { element } from './xml.ts'
import type { Xml } from './xml.ts'

export const algorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type Algorithm = (typeof algorithms)[number]
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** `value` is base64, with `-N` after it where it is made of the digests of N parts. */
export type Checksum = { algorithm: Algorithm; value: string; type: ChecksumType }

export type Digest = { update(bytes: Uint8Array): void; digest(): Buffer }

const digestBytes: Record<Algorithm, number> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
}

export function startDigest(algorithm: Algorithm): Digest {
  if (algorithm !== 'sha1' && algorithm !== 'sha256') return startCrc(algorithm)
  const hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}

export function digestOf(algorithm: Algorithm, content: Content): string {
  const digest = startDigest(algorithm)
  for (const chunk of content.chunks) digest.update(chunk)
  return digest.digest().toString('base64')
}

export function parseAlgorithm(name: string): Algorithm {
  const found = algorithms.find((algorithm) => algorithm.toUpperCase() === name.toUpperCase())
  if (!found) {
    throw refuse('InvalidRequest', 'Checksum algorithm provided is unsupported. Please try again.')
  }
  return found
}

/** What a request says about the checksum of its body. */
export type Claim = { algorithm: Algorithm; value: string | undefined; inTrailer: boolean }

/** Reads `x-amz-checksum-*`, `x-amz-trailer` and `x-amz-sdk-checksum-algorithm`. */
export function readClaim(headers: ReadonlyMap<string, string>): Claim | undefined {
  const sent = algorithms.filter((algorithm) => headers.has(headerOf(algorithm)))
  const trailer = headers.get('x-amz-trailer')
  if (sent.length + (trailer === undefined ? 0 : 1) > 1) {
    throw refuse(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  }
  const claim = trailer === undefined ? claimInHeader(headers, sent[0]) : claimInTrailer(trailer)
  agreeWithSdkHeader(headers.get('x-amz-sdk-checksum-algorithm'), claim)
  return claim
}

function claimInHeader(
  headers: ReadonlyMap<string, string>,
  algorithm: Algorithm | undefined,
): Claim | undefined {
  if (!algorithm) return undefined
  const value = headers.get(headerOf(algorithm)) ?? ''
  requireDigest(algorithm, value)
  return { algorithm, value, inTrailer: false }
}

function claimInTrailer(trailer: string): Claim {
  const algorithm = algorithms.find((one) => headerOf(one) === trailer.trim().toLowerCase())
  if (!algorithm) {
    throw refuse(
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    )
  }
  return { algorithm, value: undefined, inTrailer: true }
}

function agreeWithSdkHeader(named: string | undefined, claim: Claim | undefined): void {
  if (named === undefined) return
  const algorithm = parseAlgorithm(named)
  if (!claim) {
    throw refuse(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  if (claim.algorithm !== algorithm) {
    throw refuse('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.')
  }
}

/** Refuses a value that is not base64 of the algorithm's length. */
export function requireDigest(algorithm: Algorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === digestBytes[algorithm] && bytes.toString('base64') === value) return
  throw refuse('InvalidRequest', `Value for ${headerOf(algorithm)} header is invalid.`)
}

export function refuseMismatch(algorithm: Algorithm): never {
  throw refuse(
    'BadDigest',
    `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
  )
}

export function headerOf(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm}`
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (!checksum) return {}
  return { [headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

export function checksumElementName(algorithm: Algorithm): string {
  return `Checksum${algorithm.toUpperCase()}`
}

/** The elements of an answer; without the type where only the value belongs. */
export function checksumElements(checksum: Checksum | undefined, withType = true): Xml[] {
  if (!checksum) return []
  const value = element(checksumElementName(checksum.algorithm), checksum.value)
  return withType ? [value, element('ChecksumType', checksum.type)] : [value]
}

/** The type an upload gets: CRC64NVME is always of the whole object, a SHA never. */
export function chooseChecksumType(algorithm: Algorithm, asked: string | undefined): ChecksumType {
  const byDefault = algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE'
  const type = asked ?? byDefault
  const isSha = algorithm === 'sha1' || algorithm === 'sha256'
  const impossible = isSha ? 'FULL_OBJECT' : algorithm === 'crc64nvme' ? 'COMPOSITE' : undefined
  if (type === impossible) {
    throw refuse(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    )
  }
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw refuse('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  }
  return type
}

type PartDigest = { value: string; size: number }

export function checksumOfParts(
  algorithm: Algorithm,
  type: ChecksumType,
  parts: readonly PartDigest[],
): Checksum {
  const value =
    type === 'COMPOSITE'
      ? composite(algorithm, parts)
      : combined(algorithm, parts).toString('base64')
  return { algorithm, type, value }
}

function composite(algorithm: Algorithm, parts: readonly PartDigest[]): string {
  const digest = startDigest(algorithm)
  for (const part of parts) digest.update(Buffer.from(part.value, 'base64'))
  return `${digest.digest().toString('base64')}-${parts.length}`
}

function combined(algorithm: Algorithm, parts: readonly PartDigest[]): Buffer {
  if (algorithm === 'sha1' || algorithm === 'sha256') {
    throw new TypeError(`${algorithm} values of parts cannot be combined.`)
  }
  return parts.reduce(
    (sum, part) => combineCrcs(algorithm, sum, Buffer.from(part.value, 'base64'), part.size),
    startCrc(algorithm).digest(),
  )
}

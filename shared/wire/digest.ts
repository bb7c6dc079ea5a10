// The digests that stores keep and check, in one form: base64 of the big-endian bytes. Several may be
// taken of the same bytes in one pass, or of a stream on its way to somewhere else.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { CrcAlgorithm } from './crc.ts'
import { combineCrc, crc32, crc32c, crc64nvme } from './crc.ts'

export type DigestAlgorithm = CrcAlgorithm | 'md5' | 'sha1' | 'sha256'

/** A digest in the making. */
export interface Digest {
  update(bytes: Uint8Array): void
  /** Of all bytes so far; more may follow. */
  value(): string
}

const CRCS = { crc32, crc32c, crc64nvme }
const CRC_BYTES: Record<CrcAlgorithm, number> = { crc32: 4, crc32c: 4, crc64nvme: 8 }

export function startDigest(algorithm: DigestAlgorithm): Digest {
  return isCrc(algorithm) ? startCrc(algorithm) : startHash(algorithm)
}

function startCrc(algorithm: CrcAlgorithm): Digest {
  const crc = CRCS[algorithm]
  let register = 0n
  return {
    update(bytes) {
      register = crc(bytes, register)
    },
    value: () => encodeCrc(algorithm, register),
  }
}

function startHash(algorithm: 'md5' | 'sha1' | 'sha256'): Digest {
  const hash = createHash(algorithm)
  return {
    update(bytes) {
      hash.update(bytes)
    },
    value: () => hash.copy().digest('base64'),
  }
}

export function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  const digest = startDigest(algorithm)
  digest.update(bytes)
  return digest.value()
}

/** Several digests of the same bytes. */
export interface Digests {
  update(bytes: Uint8Array): void
  values(): Partial<Record<DigestAlgorithm, string>>
}

export function startDigests(algorithms: Iterable<DigestAlgorithm>): Digests {
  const digests = [...new Set(algorithms)].map((name) => ({ name, digest: startDigest(name) }))
  return {
    update(bytes) {
      for (const { digest } of digests) digest.update(bytes)
    },
    values: () => Object.fromEntries(digests.map(({ name, digest }) => [name, digest.value()])),
  }
}

/** The same stream, its bytes taken into `digests` as they pass; their values are final once it has ended. */
export function digesting(
  stream: ReadableStream<Uint8Array>,
  digests: { update(bytes: Uint8Array): Promise<void> | void },
): ReadableStream<Uint8Array> {
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        await digests.update(chunk)
        controller.enqueue(chunk)
      },
    }),
  )
}

/** Whether the digest of a whole follows from those of its pieces. */
export function isCrc(algorithm: DigestAlgorithm): algorithm is CrcAlgorithm {
  return algorithm in CRCS
}

/** The CRC of A followed by B, from the CRCs of both and the length of B. */
export function combineDigests(
  algorithm: CrcAlgorithm,
  a: string,
  b: string,
  bytesOfB: number,
): string {
  return encodeCrc(algorithm, combineCrc(algorithm, decodeCrc(a), decodeCrc(b), bytesOfB))
}

/** As stores write it. */
export function encodeCrc(algorithm: CrcAlgorithm, register: bigint): string {
  const hex = register.toString(16).padStart(CRC_BYTES[algorithm] * 2, '0')
  return Buffer.from(hex, 'hex').toString('base64')
}

function decodeCrc(value: string): bigint {
  return BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
}

// Bytes for the cases: made from a seed, read back whole, compared, and digested by code that shares
// nothing with the code under test.

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Checksum, ChecksumAlgorithm } from '#shared/storage/contract.ts'

export const MiB = 1024 * 1024

/** Pseudo-random bytes, so that no chunk can be taken for another. */
export function bytesOf(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = seed * 2_654_435_761 + 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}

export function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** The bytes as a stream whose chunks do not fall together with anything else's. */
export function streamOf(bytes: Uint8Array, chunkBytes = 50_021): ReadableStream<Uint8Array> {
  let offset = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(offset, offset + chunkBytes))
      offset += chunkBytes
    },
  })
}

export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

/** Fails with where they differ, never with a megabyte of diff. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = 'the bytes read'): void {
  assert.equal(actual.length, expected.length, `${what}: length`)
  if (Buffer.compare(actual, expected) === 0) return
  const at = actual.findIndex((byte, i) => byte !== expected[i])
  assert.fail(`${what} differ from byte ${at} of ${expected.length}`)
}

export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Checksum {
  return { algorithm, value: digest(algorithm, bytes).toString('base64') }
}

function digest(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer {
  if (algorithm === 'crc32') return bigEndian(BigInt(crc32(bytes)), 4)
  if (algorithm === 'crc32c') return bigEndian(reflectedCrc(bytes, 32, 0x82f63b78n), 4)
  if (algorithm === 'crc64nvme') return bigEndian(reflectedCrc(bytes, 64, 0x9a6c9329ac4bc9b5n), 8)
  return createHash(algorithm).update(bytes).digest()
}

function bigEndian(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}

/** Bit by bit, from the definition: slow, and nothing in it to get wrong. For small contents. */
function reflectedCrc(bytes: Uint8Array, width: number, polynomial: bigint): bigint {
  const ones = (1n << BigInt(width)) - 1n
  let crc = ones
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return crc ^ ones
}

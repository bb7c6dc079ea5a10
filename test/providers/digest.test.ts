// Digests against published check values, and the laws that hold of them for any bytes and any cut.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { crc32 as zlibCrc32 } from 'node:zlib'
import { array, assert, constantFrom, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import {
  combineDigests,
  digesting,
  digestOf,
  isCrc,
  startDigest,
  startDigests,
} from '#shared/wire/digest.ts'
import { seeded } from '../seeds.ts'

interface Vector {
  length: number
  crc64nvme: { azure_x_ms_content_crc64_littleEndian: string }
  [algorithm: string]: unknown
}

interface Vectors {
  checkValues: Record<string, Record<DigestAlgorithm, { hex: string }>>
  rfc3720_crc32c: Record<string, string>
  s3Multipart: { partDigests: (Vector & Record<DigestAlgorithm, { hex: string }>)[] }
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/checksums.json', import.meta.url), 'utf8'),
)
const ALL = ['crc32', 'crc32c', 'crc64nvme', 'md5', 'sha1', 'sha256'] as const
const CRCS = ALL.filter(isCrc)

const toHex = (base64: string) => Buffer.from(base64, 'base64').toString('hex')
const crc32cHex = (bytes: Uint8Array) => toHex(digestOf('crc32c', bytes))
const text = (string: string) => new TextEncoder().encode(string)

function contentOf(name: string): Uint8Array {
  return name === '1 MiB of zero bytes' ? new Uint8Array(1024 * 1024) : text(name)
}

describe('published values', () => {
  for (const [name, digests] of Object.entries(vectors.checkValues)) {
    it.each(ALL)(`%s of "${name}"`, (algorithm) => {
      expect(toHex(digestOf(algorithm, contentOf(name)))).toBe(digests[algorithm].hex)
    })
  }

  it('crc32c of RFC 3720', () => {
    const expected = vectors.rfc3720_crc32c
    expect(crc32cHex(new Uint8Array(32))).toBe(expected['32 zero bytes'])
    expect(crc32cHex(new Uint8Array(32).fill(255))).toBe(expected['32 0xFF bytes'])
    expect(crc32cHex(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(expected['bytes 0..31'])
  })

  it.each(CRCS)('%s of parts combines into that of the whole', (algorithm) => {
    const parts = [
      Buffer.alloc(5_242_880, 'a'),
      Buffer.alloc(5_242_880, 'b'),
      Buffer.from('123456789'),
    ]
    const given = vectors.s3Multipart.partDigests.map((part) => part[algorithm].hex)
    const values = parts.map((part) => digestOf(algorithm, part))
    expect(values.map(toHex)).toEqual(given)
    const joined = combineDigests(algorithm, values[0]!, values[1]!, parts[1]!.length)
    const whole = combineDigests(algorithm, joined, values[2]!, parts[2]!.length)
    expect(whole).toBe(digestOf(algorithm, Buffer.concat(parts)))
  })
})

describe('any bytes', () => {
  const bytes = uint8Array({ maxLength: 300 })

  it('agree with an independent implementation', () => {
    assert(
      property(bytes, (content) => {
        const crc = zlibCrc32(content).toString(16).padStart(8, '0')
        expect(toHex(digestOf('crc32', content))).toBe(crc)
        expect(toHex(digestOf('crc32c', content))).toBe(bitwise(content, 0x82f63b78n, 32n))
        expect(toHex(digestOf('crc64nvme', content))).toBe(
          bitwise(content, 0x9a6c9329ac4bc9b5n, 64n),
        )
        expect(digestOf('sha256', content)).toBe(
          createHash('sha256').update(content).digest('base64'),
        )
      }),
      seeded(),
    )
  })

  it('do not depend on how they are cut, nor on where they lie in memory', () => {
    assert(
      property(array(bytes, { maxLength: 5 }), constantFrom(...ALL), (pieces, name) => {
        const digest = startDigest(name)
        for (const piece of pieces) digest.update(Buffer.concat([text('x'), piece]).subarray(1))
        expect(digest.value()).toBe(digestOf(name, Buffer.concat(pieces)))
      }),
      seeded(),
    )
  })

  it('combine as if read at once', () => {
    assert(
      property(bytes, bytes, constantFrom(...CRCS), (a, b, name) => {
        const combined = combineDigests(name, digestOf(name, a), digestOf(name, b), b.length)
        expect(combined).toBe(digestOf(name, Buffer.concat([a, b])))
      }),
      seeded(),
    )
  })
})

it('passes a stream on unchanged while taking several digests of it', async () => {
  const content = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
  const digests = startDigests(['md5', 'crc32c', 'md5'])
  const stream = digesting(new Blob([content]).stream(), digests)
  expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(content)
  expect(digests.values()).toEqual({
    md5: digestOf('md5', content),
    crc32c: digestOf('crc32c', content),
  })
})

/** A bit at a time, by the definition. */
function bitwise(content: Uint8Array, polynomial: bigint, bits: bigint): string {
  const ones = (1n << bits) - 1n
  let register = ones
  for (const byte of content) {
    register ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) {
      register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n
    }
  }
  return (register ^ ones).toString(16).padStart(Number(bits / 4n), '0')
}

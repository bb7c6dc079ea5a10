// The three CRCs of S3, computed eight bytes a step, and the combining of two values into that of the
// joined bytes. Independent of the code under test on purpose.
// CRC-32 comes from zlib; CRC-32C and CRC-64/NVME are reflected, with all-ones in and out.

import { crc32 } from 'node:zlib'

export interface Crc {
  update(bytes: Uint8Array): void
  digest(): Buffer
}

const polynomials = { crc32: 0xedb88320n, crc32c: 0x82f63b78n, crc64nvme: 0x9a6c9329ac4bc9b5n }
const widths = { crc32: 32n, crc32c: 32n, crc64nvme: 64n }

export type CrcName = keyof typeof polynomials

export function startCrc(name: CrcName): Crc {
  if (name === 'crc32') return startCrc32()
  return name === 'crc32c' ? startCrc32c() : startCrc64()
}

function startCrc32(): Crc {
  let value = 0
  return {
    update: (bytes) => {
      value = crc32(bytes, value)
    },
    digest: () => bytesOf(BigInt(value), 32n),
  }
}

/** `tables[k][byte]`: the effect of a byte that is followed by k zero bytes, as BigInts. */
function buildTables(polynomial: bigint): bigint[][] {
  const first = Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) {
      value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
    }
    return value
  })
  const tables = [first]
  for (let k = 1; k < 8; k += 1) {
    const previous = tables[k - 1] ?? []
    tables.push(previous.map((value) => (value >> 8n) ^ (first[Number(value & 255n)] ?? 0n)))
  }
  return tables
}

/** All eight tables in one array of 32-bit words, table k at k × 256. */
function flatten(tables: bigint[][], shift: bigint): Int32Array {
  return Int32Array.from(tables.flat(), (value) => Number(BigInt.asIntN(32, value >> shift)))
}

const tables32c = flatten(buildTables(polynomials.crc32c), 0n)
const tables64 = buildTables(polynomials.crc64nvme)
const low64 = flatten(tables64, 0n)
const high64 = flatten(tables64, 32n)

function startCrc32c(): Crc {
  let value = -1
  return {
    update: (bytes) => {
      value = step32c(value, bytes)
    },
    digest: () => bytesOf(BigInt(~value >>> 0), 32n),
  }
}

function step32c(start: number, bytes: Uint8Array): number {
  const t = tables32c
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = start
  let i = 0
  for (const end = b.length - 7; i < end; i += 8) {
    const x = crc ^ (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24))
    crc =
      t[1792 + (x & 255)]! ^
      t[1536 + ((x >>> 8) & 255)]! ^
      t[1280 + ((x >>> 16) & 255)]! ^
      t[1024 + (x >>> 24)]! ^
      t[768 + b[i + 4]!]! ^
      t[512 + b[i + 5]!]! ^
      t[256 + b[i + 6]!]! ^
      t[b[i + 7]!]!
  }
  for (; i < b.length; i += 1) crc = (crc >>> 8) ^ t[(crc ^ b[i]!) & 255]!
  return crc
}

function startCrc64(): Crc {
  const state = { low: -1, high: -1 }
  return {
    update: (bytes) => step64(state, bytes),
    digest: () => {
      const high = BigInt(~state.high >>> 0)
      return bytesOf((high << 32n) | BigInt(~state.low >>> 0), 64n)
    },
  }
}

/** Two 32-bit halves stand for the 64-bit register: BigInt would be a hundred times slower. */
function step64(state: { low: number; high: number }, bytes: Uint8Array): void {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const l = low64
  const h = high64
  let low = state.low
  let high = state.high
  let i = 0
  for (const end = b.length - 7; i < end; i += 8) {
    const x = low ^ (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24))
    const y = high ^ (b[i + 4]! | (b[i + 5]! << 8) | (b[i + 6]! << 16) | (b[i + 7]! << 24))
    const a0 = 1792 + (x & 255)
    const a1 = 1536 + ((x >>> 8) & 255)
    const a2 = 1280 + ((x >>> 16) & 255)
    const a3 = 1024 + (x >>> 24)
    const a4 = 768 + (y & 255)
    const a5 = 512 + ((y >>> 8) & 255)
    const a6 = 256 + ((y >>> 16) & 255)
    const a7 = y >>> 24
    low = l[a0]! ^ l[a1]! ^ l[a2]! ^ l[a3]! ^ l[a4]! ^ l[a5]! ^ l[a6]! ^ l[a7]!
    high = h[a0]! ^ h[a1]! ^ h[a2]! ^ h[a3]! ^ h[a4]! ^ h[a5]! ^ h[a6]! ^ h[a7]!
  }
  for (; i < b.length; i += 1) {
    const at = (low ^ b[i]!) & 255
    low = ((low >>> 8) | (high << 24)) ^ l[at]!
    high = (high >>> 8) ^ h[at]!
  }
  state.low = low
  state.high = high
}

function bytesOf(value: bigint, width: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(Number(width) / 4, '0'), 'hex')
}

function valueOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

/** The CRC of A followed by B, from both CRCs and the length of B. */
export function combineCrcs(name: CrcName, a: Buffer, b: Buffer, lengthOfB: number): Buffer {
  const width = widths[name]
  const shifted = multiply(name, powerOfX(name, BigInt(lengthOfB) * 8n), valueOf(a))
  return bytesOf(shifted ^ valueOf(b), width)
}

/** The product of two polynomials modulo the CRC's, bit-reversed as all values are here. */
function multiply(name: CrcName, a: bigint, b: bigint): bigint {
  const polynomial = polynomials[name]
  let product = 0n
  let shifting = b
  for (let bit = widths[name] - 1n; bit >= 0n; bit -= 1n) {
    if ((a >> bit) & 1n) product ^= shifting
    shifting = shifting & 1n ? (shifting >> 1n) ^ polynomial : shifting >> 1n
  }
  return product
}

function powerOfX(name: CrcName, exponent: bigint): bigint {
  const top = widths[name] - 1n
  let power = 1n << top
  let square = 1n << (top - 1n)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) power = multiply(name, power, square)
    square = multiply(name, square, square)
  }
  return power
}

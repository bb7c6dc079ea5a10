// The CRCs that object stores keep: CRC-32, CRC-32C and CRC-64/NVME, all reflected, with all-ones in and
// out. Each goes on from an earlier value, and the values of two pieces combine into that of the whole
// without reading a byte again. Tables take eight bytes a step: half a gigabyte a second and core.

import { crc32 as zlibCrc32 } from 'node:zlib'

export type CrcAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme'

interface Polynomial {
  /** Bit-reversed. */
  value: bigint
  bits: bigint
}

const POLYNOMIALS: Record<CrcAlgorithm, Polynomial> = {
  crc32: { value: 0xedb88320n, bits: 32n },
  crc32c: { value: 0x82f63b78n, bits: 32n },
  crc64nvme: { value: 0x9a6c9329ac4bc9b5n, bits: 64n },
}

/** The register's value after the bytes, going on from `previous`. */
export function crc32(bytes: Uint8Array, previous = 0n): bigint {
  return BigInt(zlibCrc32(bytes, Number(previous)))
}

let tables32c: Int32Array | undefined

export function crc32c(bytes: Uint8Array, previous = 0n): bigint {
  const t = (tables32c ??= flatten(buildTables(POLYNOMIALS.crc32c.value), 0n))
  const length = bytes.length
  let crc = ~Number(BigInt.asIntN(32, previous))
  let i = 0
  for (const end = length - 7; i < end; i += 8) {
    const x =
      crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    crc =
      t[1792 + (x & 255)]! ^
      t[1536 + ((x >>> 8) & 255)]! ^
      t[1280 + ((x >>> 16) & 255)]! ^
      t[1024 + (x >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^
      t[512 + bytes[i + 5]!]! ^
      t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 255]!
  return BigInt.asUintN(32, BigInt(~crc))
}

let tables64: { low: Int32Array; high: Int32Array } | undefined

/** Two 32-bit halves stand for the 64-bit register: a BigInt a byte would be a hundred times slower. */
export function crc64nvme(bytes: Uint8Array, previous = 0n): bigint {
  const { low: l, high: h } = (tables64 ??= buildTables64())
  const length = bytes.length
  let low = ~Number(BigInt.asIntN(32, previous))
  let high = ~Number(BigInt.asIntN(32, previous >> 32n))
  let i = 0
  for (const end = length - 7; i < end; i += 8) {
    const x =
      low ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    const y =
      high ^ (bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24))
    const a = 1792 + (x & 255)
    const b = 1536 + ((x >>> 8) & 255)
    const c = 1280 + ((x >>> 16) & 255)
    const d = 1024 + (x >>> 24)
    const e = 768 + (y & 255)
    const f = 512 + ((y >>> 8) & 255)
    const g = 256 + ((y >>> 16) & 255)
    const z = y >>> 24
    low = l[a]! ^ l[b]! ^ l[c]! ^ l[d]! ^ l[e]! ^ l[f]! ^ l[g]! ^ l[z]!
    high = h[a]! ^ h[b]! ^ h[c]! ^ h[d]! ^ h[e]! ^ h[f]! ^ h[g]! ^ h[z]!
  }
  for (; i < length; i++) {
    const at = (low ^ bytes[i]!) & 255
    low = ((low >>> 8) | (high << 24)) ^ l[at]!
    high = (high >>> 8) ^ h[at]!
  }
  return (BigInt.asUintN(32, BigInt(~high)) << 32n) | BigInt.asUintN(32, BigInt(~low))
}

function buildTables64(): { low: Int32Array; high: Int32Array } {
  const tables = buildTables(POLYNOMIALS.crc64nvme.value)
  return { low: flatten(tables, 0n), high: flatten(tables, 32n) }
}

/** `tables[k][byte]`: what a byte followed by k zero bytes does to the register. */
function buildTables(polynomial: bigint): bigint[][] {
  const first = Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = halve(value, polynomial)
    return value
  })
  const tables = [first]
  for (let k = 1; k < 8; k++) {
    tables.push(tables[k - 1]!.map((value) => (value >> 8n) ^ first[Number(value & 255n)]!))
  }
  return tables
}

/** 32 bits of all eight tables in one array, table k at k × 256. */
function flatten(tables: bigint[][], shift: bigint): Int32Array {
  return Int32Array.from(tables.flat(), (value) => Number(BigInt.asIntN(32, value >> shift)))
}

/** The CRC of A followed by B, from the CRCs of both and the length of B. */
export function combineCrc(
  algorithm: CrcAlgorithm,
  a: bigint,
  b: bigint,
  bytesOfB: number,
): bigint {
  let shifted = a
  let rest = BigInt(bytesOfB)
  // Every bit of the length that is set multiplies by x^(8 × 2^n).
  for (let n = 0; rest > 0n; n++, rest >>= 1n) {
    if (rest & 1n) shifted = multiply(shifted, powerOfX(algorithm, n), POLYNOMIALS[algorithm])
  }
  return shifted ^ b
}

const powers: Record<CrcAlgorithm, bigint[]> = { crc32: [], crc32c: [], crc64nvme: [] }

/** x to the power of 8 × 2^n, modulo the polynomial. */
function powerOfX(algorithm: CrcAlgorithm, n: number): bigint {
  const polynomial = POLYNOMIALS[algorithm]
  const known = powers[algorithm]
  if (known.length === 0) known.push(1n << (polynomial.bits - 9n))
  while (known.length <= n) {
    const last = known[known.length - 1]!
    known.push(multiply(last, last, polynomial))
  }
  return known[n]!
}

function multiply(a: bigint, b: bigint, { value, bits }: Polynomial): bigint {
  let product = 0n
  let shifting = b
  for (let bit = bits - 1n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifting
    shifting = halve(shifting, value)
  }
  return product
}

/** Times x, since the bits are reversed. */
function halve(value: bigint, polynomial: bigint): bigint {
  return value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
}

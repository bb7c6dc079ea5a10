// The CRCs that object stores keep: CRC-32, CRC-32C and CRC-64/NVME, all reflected, with all-ones in and
// out. Each goes on from an earlier value, and the values of two pieces combine into that of the whole
// without reading a byte again. CRC-32 is the runtime's own; the others' tables take eight bytes a step, which makes
// half a gigabyte a second or more.

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
  nativeCrc32 ??= process.getBuiltinModule('node:zlib').crc32
  return BigInt(nativeCrc32(bytes, Number(previous)))
}

/** The runtime's own; asked for by name, since a Worker would else load all of zlib at its start. */
let nativeCrc32: ((bytes: Uint8Array, previous: number) => number) | undefined

export function crc32c(bytes: Uint8Array, previous = 0n): bigint {
  const tables = (tables32 ??= flatten(buildTables('crc32c', 8), 0n))
  const { words, first, end } = wordsOf(bytes)
  let register = ~Number(BigInt.asIntN(32, previous))
  register = stepBytes32(register, bytes, 0, first, tables)
  register = stepWords32(register, words, tables)
  register = stepBytes32(register, bytes, end, bytes.length, tables)
  return BigInt.asUintN(32, BigInt(~register))
}

let tables32: Int32Array | undefined

function stepBytes32(
  register: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  tables: Int32Array,
): number {
  let crc = register
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 255]!
  return crc
}

function stepWords32(register: number, words: Int32Array, t: Int32Array): number {
  let crc = register
  for (let i = 0; i < words.length; i += 2) {
    const x = crc ^ words[i]!
    const y = words[i + 1]!
    crc =
      t[1792 + (x & 255)]! ^
      t[1536 + ((x >>> 8) & 255)]! ^
      t[1280 + ((x >>> 16) & 255)]! ^
      t[1024 + (x >>> 24)]! ^
      t[768 + (y & 255)]! ^
      t[512 + ((y >>> 8) & 255)]! ^
      t[256 + ((y >>> 16) & 255)]! ^
      t[y >>> 24]!
  }
  return crc
}

/** Two 32-bit halves stand for the 64-bit register: a BigInt a byte would be a hundred times slower. */
interface Register64 {
  low: number
  high: number
}

interface Tables64 {
  low: Int32Array
  high: Int32Array
}

let tables64: Tables64 | undefined

export function crc64nvme(bytes: Uint8Array, previous = 0n): bigint {
  const tables = (tables64 ??= buildTables64())
  const { words, first, end } = wordsOf(bytes)
  const register = {
    low: ~Number(BigInt.asIntN(32, previous)),
    high: ~Number(BigInt.asIntN(32, previous >> 32n)),
  }
  stepBytes64(register, bytes, 0, first, tables)
  stepWords64(register, words, tables)
  stepBytes64(register, bytes, end, bytes.length, tables)
  const { low, high } = register
  return (BigInt.asUintN(32, BigInt(~high)) << 32n) | BigInt.asUintN(32, BigInt(~low))
}

function stepBytes64(
  register: Register64,
  bytes: Uint8Array,
  from: number,
  to: number,
  tables: Tables64,
): void {
  for (let i = from; i < to; i++) {
    const at = (register.low ^ bytes[i]!) & 255
    register.low = ((register.low >>> 8) | (register.high << 24)) ^ tables.low[at]!
    register.high = (register.high >>> 8) ^ tables.high[at]!
  }
}

function stepWords64(register: Register64, words: Int32Array, tables: Tables64): void {
  const { low: l, high: h } = tables
  let { low, high } = register
  for (let i = 0; i < words.length; i += 2) {
    const x = low ^ words[i]!
    const y = high ^ words[i + 1]!
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
  register.low = low
  register.high = high
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const NO_WORDS = new Int32Array()

/** The bytes from `first` to before `end` as pairs of words, which takes a third of the time off. */
function wordsOf(bytes: Uint8Array): { words: Int32Array; first: number; end: number } {
  const first = Math.min(-bytes.byteOffset & 3, bytes.length)
  const pairs = (bytes.length - first) >>> 3
  if (pairs === 0 || !isLittleEndian) return { words: NO_WORDS, first: 0, end: 0 }
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + first, pairs * 2)
  return { words, first, end: first + pairs * 8 }
}

function buildTables64(): Tables64 {
  const tables = buildTables('crc64nvme', 8)
  return { low: flatten(tables, 0n), high: flatten(tables, 32n) }
}

/** `tables[k][byte]`: what a byte followed by k zero bytes does to the register. */
export function buildTables(algorithm: CrcAlgorithm, count: number): bigint[][] {
  const polynomial = POLYNOMIALS[algorithm].value
  const first = Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = halve(value, polynomial)
    return value
  })
  const tables = [first]
  for (let k = 1; k < count; k++) {
    tables.push(tables[k - 1]!.map((value) => (value >> 8n) ^ first[Number(value & 255n)]!))
  }
  return tables
}

/** 32 bits of all these tables in one array, table k at k × 256. */
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

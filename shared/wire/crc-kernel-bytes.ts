// The inner loops of CRC-32C and CRC-64/NVME as a WebAssembly module, assembled here: sixteen bytes a step by sixteen
// tables, in whole 64-bit registers, which JavaScript has not. It exports its `memory` and, for each algorithm, a
// function (register, first byte, end) → register; the tables are filled in by whoever opens it.
// https://webassembly.github.io/spec/core/binary/

/** Where things lie in its memory. */
export const LAYOUT = { crc64nvme: 0, crc32c: 0x8000, input: 0x10000, end: 0x20000 }

/** Bytes a step; a table for each. */
export const STEP_BYTES = 16

const PAGE_BYTES = 0x10000

const I32 = 0x7f
const I64 = 0x7e
const op = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  load32: 0x28,
  load64: 0x29,
  load8: 0x2d,
  const32: 0x41,
  const64: 0x42,
  gtU: 0x4b,
  geU: 0x4f,
  add: 0x6a,
  and: 0x71,
  xor: 0x73,
  shl: 0x74,
  shrU: 0x76,
  xor64: 0x85,
  shrU64: 0x88,
  wrap: 0xa7,
  extendU: 0xad,
} as const

const NOTHING = 0x40

interface Width {
  type: number
  /** Of an entry of a table, as a power of two. */
  shift: number
  tables: number
  load: number
  xor: number
}

const WIDE: Width = {
  ...{ type: I64, shift: 3, tables: LAYOUT.crc64nvme },
  ...{ load: op.load64, xor: op.xor64 },
}
const NARROW: Width = {
  ...{ type: I32, shift: 2, tables: LAYOUT.crc32c },
  ...{ load: op.load32, xor: op.xor },
}

/** Parameters and locals, by their index. */
const [REGISTER, AT, END, LOW, HIGH] = [0, 1, 2, 3, 4]

export function crcKernelBytes(): Uint8Array<ArrayBuffer> {
  const widths = [WIDE, NARROW]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      ...widths.map(({ type }) => [0x60, ...list([type], [I32], [I32]), ...list([type])]),
    ),
    ...section(3, [0], [1]),
    ...section(5, [0, LAYOUT.end / PAGE_BYTES]),
    ...section(7, exported('memory', 2, 0), exported('crc64nvme', 0, 0), exported('crc32c', 0, 1)),
    ...section(10, ...widths.map((width) => sized(functionOf(width)))),
  ])
}

function functionOf(width: Width): number[] {
  return [
    ...[1, 2, I64],
    ...whileThere(STEP_BYTES, [
      ...[...bytesAt(0), op.set, LOW, ...bytesAt(8), op.set, HIGH],
      ...[op.get, REGISTER, ...(width === WIDE ? [] : [op.extendU])],
      ...[op.get, LOW, op.xor64, op.set, LOW],
      ...stepOf(width),
    ]),
    ...whileThere(1, byteOf(width)),
    ...[op.get, REGISTER, op.end],
  ]
}

function bytesAt(offset: number): number[] {
  return [op.get, AT, op.load64, 0, offset]
}

/** The first byte of sixteen is followed by fifteen more, so the last table is its own. */
function stepOf(width: Width): number[] {
  const code: number[] = []
  for (let byte = 0; byte < STEP_BYTES; byte++) {
    const shift = (byte % 8) * 8
    code.push(op.get, byte < 8 ? LOW : HIGH)
    if (shift > 0) code.push(op.const64, ...signed(shift), op.shrU64)
    code.push(op.wrap, ...(shift < 56 ? [op.const32, ...signed(255), op.and] : []))
    code.push(...entryOf(width, STEP_BYTES - 1 - byte))
    if (byte > 0) code.push(width.xor)
  }
  return [...code, op.set, REGISTER]
}

/** (register >>> 8) ^ table[(register ^ byte) & 255] */
function byteOf(width: Width): number[] {
  const wide = width === WIDE
  const low = [op.get, REGISTER, ...(wide ? [op.wrap] : [])]
  const index = [...low, op.get, AT, op.load8, 0, 0, op.xor, op.const32, ...signed(255), op.and]
  const rest = wide ? [op.const64, 8, op.shrU64] : [op.const32, 8, op.shrU]
  const entry = [...index, ...entryOf(width, 0)]
  return [...entry, op.get, REGISTER, ...rest, width.xor, op.set, REGISTER]
}

/** Of the table, at the index on the stack. */
function entryOf({ shift, tables, load }: Width, table: number): number[] {
  const offset = tables + ((table * 256) << shift)
  return [op.const32, shift, op.shl, load, shift, ...unsigned(offset)]
}

function whileThere(bytes: number, step: readonly number[]): number[] {
  return [
    ...[op.block, NOTHING, op.loop, NOTHING],
    ...[op.get, AT, op.const32, bytes, op.add, op.get, END, op.gtU, op.brIf, 1],
    ...step,
    ...[op.get, AT, op.const32, bytes, op.add, op.set, AT, op.br, 0],
    ...[op.end, op.end],
  ]
}

function exported(name: string, kind: number, index: number): number[] {
  return [...sized([...new TextEncoder().encode(name)]), kind, index]
}

function section(id: number, ...items: number[][]): number[] {
  return [id, ...sized(list(...items))]
}

function list(...items: number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function sized(bytes: number[]): number[] {
  return [...unsigned(bytes.length), ...bytes]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

/** LEB128 of what is not negative: its last byte must not look as if it were. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)]
}

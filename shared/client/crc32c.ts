// CRC-32C (Castagnoli), the digest that a page can afford and that the stores share. A blob is read in
// slices, never whole.

const POLYNOMIAL = 0x82f63b78
const SLICE_BYTES = 4 * 2 ** 20

let table: Uint32Array | undefined

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    return crc
  })
}

function update(crc: number, bytes: Uint8Array): number {
  const steps = (table ??= makeTable())
  let state = crc
  for (let i = 0; i < bytes.length; i++) state = steps[(state ^ bytes[i]!) & 0xff]! ^ (state >>> 8)
  return state
}

/** Base64 of the four bytes, big-endian, as all APIs write it. */
export async function crc32c(blob: Blob, signal?: AbortSignal): Promise<string> {
  let crc = -1
  for (let at = 0; at < blob.size; at += SLICE_BYTES) {
    signal?.throwIfAborted()
    crc = update(crc, new Uint8Array(await blob.slice(at, at + SLICE_BYTES).arrayBuffer()))
  }
  const value = ~crc >>> 0
  return btoa(
    String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff),
  )
}

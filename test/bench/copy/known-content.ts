// Content that nobody has to keep: a block of random bytes over and over, so long that no two parts of an object
// hold the same. What is asked for is cut from the block, and what arrives is compared with it, byte for byte, so that
// objects of any size cost a server next to nothing and nothing wrong gets past it.

import { Buffer } from 'node:buffer'
import { createCipheriv, createHash } from 'node:crypto'
import { combineDigests } from '#shared/wire/digest.ts'
import type { CrcName } from '../../servers/s3/crc.ts'
import { startCrc } from '../../servers/s3/crc.ts'

/** A prime, so that it never falls in step with parts. */
const PERIOD_BYTES = 4_194_301

const block = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'known'), Buffer.alloc(16)).update(
  Buffer.alloc(PERIOD_BYTES),
)

/** Pieces of the block, which are not to be written to. */
export function* contentAt(first: number, size: number): Generator<Buffer, void, undefined> {
  for (let at = first; at < first + size;) {
    const from = at % PERIOD_BYTES
    const bytes = Math.min(PERIOD_BYTES - from, first + size - at)
    yield block.subarray(from, from + bytes)
    at += bytes
  }
}

export function isContentAt(first: number, bytes: Buffer): boolean {
  let at = 0
  for (const piece of contentAt(first, bytes.length)) {
    if (!piece.equals(bytes.subarray(at, at + piece.length))) return false
    at += piece.length
  }
  return true
}

const known = new Map<string, Buffer>()

/** Computed once: who asks first does not pay more than who asks second, if both are warmed up. */
export function contentMd5(first: number, size: number): Buffer {
  return once(`md5 ${first} ${size}`, () => {
    const hash = createHash('md5')
    for (const piece of contentAt(first, size)) hash.update(piece)
    return hash.digest()
  })
}

/** From that of the block, which repeats. */
export function contentCrc(name: CrcName, first: number, size: number): Buffer {
  return once(`${name} ${first} ${size}`, () => {
    let whole: string | undefined
    for (const piece of contentAt(first, size)) {
      const next = crcOf(name, piece).toString('base64')
      whole = whole === undefined ? next : combineDigests(name, whole, next, piece.length)
    }
    return Buffer.from(whole ?? crcOf(name, Buffer.alloc(0)).toString('base64'), 'base64')
  })
}

function crcOf(name: CrcName, piece: Buffer): Buffer {
  const compute = () => {
    const crc = startCrc(name)
    crc.update(piece)
    return crc.digest()
  }
  return piece.length === PERIOD_BYTES ? once(`${name} block`, compute) : compute()
}

function once(what: string, compute: () => Buffer): Buffer {
  const value = known.get(what) ?? compute()
  known.set(what, value)
  return value
}

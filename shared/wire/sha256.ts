// SHA-256 and its HMAC for short texts, by WebAssembly. What seals ids and signs URLs digests some hundreds
// of bytes at a time, and at that size a native digest is mostly the making of its object and the way to it and
// back; for more, take `node:crypto`, which is the oracle in the tests. No branch and no index depends on the
// bits of what is digested, so the time taken tells nothing of a key.
// https://doi.org/10.6028/NIST.FIPS.180-4, https://www.rfc-editor.org/rfc/rfc2104

import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { LAYOUT } from './sha256-kernel-bytes.ts'
import { sha256Module } from './sha256-module.ts'

/** A secret, digested as far as it can be before the text is known. */
export interface HmacKey {
  readonly inner: Int32Array
  readonly outer: Int32Array
}

export type Encoding = 'hex' | 'base64url'

/** What sha256-kernel-bytes.ts makes. */
interface Kernel {
  memory: WebAssembly.Memory
  compress(this: void, at: number, end: number): void
}

const PAGE_BYTES = 0x10000
const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

// prettier-ignore
const START = Int32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
)

const { compress, memory } = new WebAssembly.Instance(sha256Module()).exports as unknown as Kernel
const digest = Buffer.alloc(DIGEST_BYTES)
/** Both lie in the kernel's memory: its state, and the blocks that it is given. */
let { state, scratch } = viewMemory()

export function sha256(text: string, encoding: Encoding): string {
  state.set(START)
  finish(load(text), 0)
  return digest.toString(encoding)
}

export function hmacKey(secret: string | Uint8Array): HmacKey {
  const given = typeof secret === 'string' ? Buffer.from(secret) : secret
  const bytes = given.length > BLOCK_BYTES ? hash('sha256', given, 'buffer') : given
  return { inner: padded(bytes, 0x36), outer: padded(bytes, 0x5c) }
}

export function hmac({ inner, outer }: HmacKey, text: string, encoding: Encoding): string {
  state.set(inner)
  finish(load(text), BLOCK_BYTES)
  scratch.set(digest)
  state.set(outer)
  finish(DIGEST_BYTES, BLOCK_BYTES)
  return digest.toString(encoding)
}

function viewMemory(): { state: Int32Array; scratch: Buffer } {
  const { buffer } = memory
  return {
    state: new Int32Array(buffer, LAYOUT.state, START.length),
    scratch: Buffer.from(buffer, LAYOUT.input),
  }
}

function padded(secret: Uint8Array, pad: number): Int32Array {
  scratch.fill(pad, 0, BLOCK_BYTES)
  for (let i = 0; i < secret.length; i++) scratch[i] = secret[i]! ^ pad
  state.set(START)
  compress(LAYOUT.input, LAYOUT.input + BLOCK_BYTES)
  return state.slice()
}

/** Puts the text where `finish` takes it, as UTF-8 with room for padding; says how many bytes. */
function load(text: string): number {
  const most = text.length * 3 + 2 * BLOCK_BYTES
  if (scratch.length < most) {
    memory.grow(Math.ceil((most - scratch.length) / PAGE_BYTES))
    ;({ state, scratch } = viewMemory())
  }
  return scratch.write(text)
}

/** The digest of what the state has seen, whole blocks that is, and of so many loaded bytes. */
function finish(length: number, seenBytes: number): void {
  const bytes = scratch
  const end = (length + 8 + BLOCK_BYTES) & -BLOCK_BYTES
  bytes[length] = 0x80
  for (let at = length + 1; at < end - 8; at++) bytes[at] = 0
  const bits = (seenBytes + length) * 8
  write(bytes, end - 8, Math.floor(bits / 2 ** 32))
  write(bytes, end - 4, bits)
  compress(LAYOUT.input, LAYOUT.input + end)
  for (let i = 0; i < 8; i++) write(digest, i * 4, state[i]!)
}

function write(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}

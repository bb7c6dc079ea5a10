// Which keys there are. Any valid Unicode string of up to 1,024 bytes, the store's prefix included, but
// for four that some cloud, some client or Skein itself would turn into another key. What a provider
// cannot hold, its driver escapes reversibly; what is refused here is refused for every store alike.

import { StorageError } from './errors.ts'

/** Skein's own: ledger, staging, quarantine. */
export const RESERVED_PREFIX = '.skein/'
export const MAX_KEY_BYTES = 1024

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/
// `fetch`, and so every browser and Worker, folds these away even inside a signed URL.
const DOT_SEGMENT = /(^|\/)\.{1,2}(\/|$)/
const SHORT_ENOUGH = MAX_KEY_BYTES / 3

/** Why this key cannot be, or undefined when it can. */
export function keyProblem(key: string, maxBytes = MAX_KEY_BYTES): string | undefined {
  if (key === '') return 'it is empty'
  if (CONTROL.test(key)) return 'it holds a control character'
  if (isDotted(key) && DOT_SEGMENT.test(key))
    return 'it has a segment "." or "..", which clients fold away'
  if (!key.isWellFormed()) return 'it holds half a surrogate pair, which has no UTF-8'
  if (key.length > SHORT_ENOUGH || maxBytes < MAX_KEY_BYTES) {
    const bytes = utf8Length(key)
    if (bytes > maxBytes) return `it is ${bytes} bytes long and ${maxBytes} are the most here`
  }
  return undefined
}

/** A segment begins with a dot; hardly any does, and this is seen sooner than what it is. */
function isDotted(key: string): boolean {
  return key.startsWith('.') || key.includes('/.')
}

/** Throws `invalid` for a key that cannot be, or that is Skein's own. */
export function checkKey(
  key: string,
  store: string,
  maxBytes?: number,
  mayBeReserved = false,
): void {
  const problem = keyProblem(key, maxBytes)
  if (problem) {
    throw new StorageError('invalid', `The key ${quoteKey(key)} cannot be used: ${problem}.`, {
      store,
      key,
    })
  }
  if (!mayBeReserved && key.startsWith(RESERVED_PREFIX)) {
    throw new StorageError(
      'invalid',
      `The key ${quoteKey(key)} cannot be used: ${RESERVED_PREFIX} is kept for Skein's own state.`,
      { store, key },
    )
  }
}

/** A key as a message shows it: quoted, with nothing that could break a line or a terminal, and not endless. */
export function quoteKey(key: string): string {
  const shown = key.length > 120 ? `${key.slice(0, 117)}…` : key
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

const encoder = new TextEncoder()

export function utf8Length(text: string): number {
  return encoder.encode(text).length
}

/** Orders strings by their UTF-8 bytes, which is by code point: surrogates sort after the rest of the plane. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

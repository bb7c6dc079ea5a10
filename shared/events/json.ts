// Reading what somebody else wrote. Nothing is thrown for a payload that is not as its vendor documents it: a
// field that is not there, or not of its kind, reads as undefined, and the reader says what that means.

import { Buffer } from 'node:buffer'

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown): Fields | undefined {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value)
  return plain ? (value as Fields) : undefined
}

/** What lies at a path of names; never anything that every object has. */
export function at(value: unknown, ...path: string[]): unknown {
  let found: unknown = value
  for (const name of path) {
    const fields = fieldsOf(found)
    found = fields && Object.hasOwn(fields, name) ? fields[name] : undefined
  }
  return found
}

/** A text that is not empty. */
export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** Text, or a number as its digits: some vendors write either. */
export function digitsAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path)
  if (typeof found === 'number') return Number.isSafeInteger(found) ? String(found) : undefined
  return typeof found === 'string' && /^\d+$/.test(found) ? found : undefined
}

/** Bytes of an object. */
export function sizeAt(value: unknown, ...path: string[]): number | undefined {
  const size = Number(digitsAt(value, ...path))
  return Number.isSafeInteger(size) ? size : undefined
}

/** ISO 8601 to the millisecond; vendors write three, six or seven digits of a second. */
export function timeAt(value: unknown, ...path: string[]): string | undefined {
  const milliseconds = Date.parse(textAt(value, ...path) ?? '')
  return Number.isFinite(milliseconds) ? new Date(milliseconds).toISOString() : undefined
}

export function listAt(value: unknown, ...path: string[]): readonly unknown[] | undefined {
  const found = path.length === 0 ? value : at(value, ...path)
  return Array.isArray(found) ? found : undefined
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function parseBase64Json(text: string): unknown {
  return /^[A-Za-z0-9+/_=-]+$/.test(text)
    ? parseJson(Buffer.from(text, 'base64').toString('utf8'))
    : undefined
}

/** As a portable store tells an ETag. */
export function bareEtag(etag: string | undefined): string | undefined {
  return etag?.replace(/^(W\/)?"|"$/g, '') || undefined
}

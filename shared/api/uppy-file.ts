// What Uppy says of a file, as Skein takes it: a key that nobody has used, and metadata that can travel.
// Uppy adds metadata of its own and of every plugin, so what cannot travel is left out and named, and never
// fails an upload.

import type { Principal } from '#shared/access/principal.ts'
import { utf8Length } from '#shared/storage/keys.ts'
import { encodeMetadataValue } from '#shared/storage/metadata.ts'
import { claimValue } from '#shared/uploads/key-patterns.ts'

/** Leaves room beside Skein's own mark in what every provider takes: 2 KB, and on B2 ten pairs. */
const MAX_METADATA_BYTES = 1024
const MAX_METADATA_PAIRS = 8
const TOO_MUCH = `all of it is over ${MAX_METADATA_BYTES} bytes or ${MAX_METADATA_PAIRS} pairs`
const SAME_NAME = 'another one has the same name in lower case'
const MAX_NAME_BYTES = 200
const CLAIM = /\{([^{}]+)\}/
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/
// eslint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f\\/:*?"<>|#%{}$]+/g

/** Under the prefix, or where the first pattern that fits it allows; random before the file's own name. */
export function keyFor(who: Principal, patterns: readonly string[], fileName: string): string {
  const open = patterns.filter((pattern) => pattern.includes('*'))
  const starts = open.map((pattern) => startOf(pattern, who.claims))
  const start = starts.find((one) => one?.startsWith(who.prefix)) ?? who.prefix
  return `${start}${crypto.randomUUID()}-${safeName(fileName)}`
}

/** The text before a pattern's first wildcard; undefined where a claim is missing. */
function startOf(pattern: string, claims: Principal['claims']): string | undefined {
  const pieces = pattern.split('*', 1)[0]!.split(CLAIM)
  // Every second piece is the name of a claim.
  const texts = pieces.map((piece, i) => (i % 2 === 0 ? piece : claimValue(claims, piece)))
  return texts.includes(undefined) ? undefined : texts.join('')
}

/** One segment that every store and file system can hold; the extension survives. */
export function safeName(fileName: string): string {
  const last = fileName.toWellFormed().split(/[\\/]/).at(-1) ?? ''
  const clean = last.normalize('NFC').replace(UNFIT, '_').replace(/^\.+/, '').trim()
  if (clean === '') return 'file'
  if (utf8Length(clean) <= MAX_NAME_BYTES) return clean
  const dot = clean.lastIndexOf('.')
  const extension = dot > 0 && utf8Length(clean.slice(dot)) <= 16 ? clean.slice(dot) : ''
  return shorten(clean, MAX_NAME_BYTES - utf8Length(extension)) + extension
}

function shorten(text: string, maxBytes: number): string {
  let short = ''
  let bytes = 0
  for (const character of text) {
    bytes += utf8Length(character)
    if (bytes > maxBytes) break
    short += character
  }
  return short
}

export interface FittedMetadata {
  metadata: Record<string, string>
  /** What was left out, with the reason. */
  dropped: Record<string, string>
}

export function fitMetadata(given: Readonly<Record<string, unknown>>): FittedMetadata {
  const metadata = new Map<string, string>()
  const dropped = new Map<string, string>()
  let bytes = 0
  for (const [name, value] of Object.entries(given)) {
    const fitting = fittingName(name)
    const text = textOf(value)
    const reason = reasonToDrop(fitting, text) ?? (metadata.has(fitting) ? SAME_NAME : undefined)
    const size = reason === undefined ? fitting.length + utf8Length(encodeMetadataValue(text)) : 0
    const fits = bytes + size <= MAX_METADATA_BYTES && metadata.size < MAX_METADATA_PAIRS
    if (reason === undefined && fits) {
      metadata.set(fitting, text)
      bytes += size
    } else {
      dropped.set(name, reason ?? TOO_MUCH)
    }
  }
  return { metadata: Object.fromEntries(metadata), dropped: Object.fromEntries(dropped) }
}

/** Lower-case letters, digits and `_`, as every store can hold. */
function fittingName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
}

/** In a query Uppy writes what is not there as these words. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || value === 'null' || value === 'undefined') return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function reasonToDrop(name: string, value: string): string | undefined {
  if (value === '') return 'it is empty'
  if (name === '' || name.startsWith('skein_')) return 'the name is kept for Skein'
  if (name === 'type') return 'the content type says it'
  if (CONTROL.test(value) || !value.isWellFormed()) return 'it holds a control character'
  return undefined
}

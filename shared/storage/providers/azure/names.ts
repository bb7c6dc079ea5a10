// Between keys and blob names. They are the same but for what Azure would turn into another name or
// cannot hold: it drops dots at the end (of the name; by its rules of any segment), turns \ into /, has no
// C1 control characters and no U+FFFE or U+FFFF, and takes at most 254 segments. Such a character becomes
// U+201B and its four hex digits. Slashes, doubled, first or last, are kept as they are: Azure keeps them.
//
// Consequences: a key with an escape is listed where its escaped name sorts, not where the key would, and
// counts more characters toward Azure's 1,024.
// https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata

import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'

const QUOTE = '\u201b'
const UNHOLDABLE = /[\\\u0080-\u009f\ufffe\uffff]|\.(?=\/|$)|\u201b(?=[0-9A-F]{4})/g
const MAY_NEED_ESCAPE = /[\\\u0080-\u009f\u201b\ufffe\uffff]|\.(?:\/|$)/
const ESCAPE = /\u201b([0-9A-F]{4})/g
/** What an escape may still hang on: a dot that may or may not be the last, a quote that may begin an escape. */
const OPEN_END = /(?:\.|\u201b[0-9A-F]{0,3})$/
const MAX_SLASHES = 253
const MAX_CHARACTERS = 1024

/** Throws `invalid` for a key whose escapes make it too long. */
export function toBlobName(key: string): string {
  const name = escapeName(key)
  if (name.length <= MAX_CHARACTERS) return name
  throw new StorageError(
    'invalid',
    `The key ${quoteKey(key)} cannot be used on Azure: with what Azure cannot hold escaped it is ${name.length} characters long, and ${MAX_CHARACTERS} are the most.`,
    { key },
  )
}

/** Whether Azure lists the key by another name, and so at another place. */
export function isEscaped(key: string): boolean {
  return escapeName(key) !== key
}

/** For a name of any length; `toBlobName` refuses what Azure would. */
export function escapeName(key: string): string {
  const name = MAY_NEED_ESCAPE.test(key) ? key.replace(UNHOLDABLE, escape) : key
  return name.length > MAX_SLASHES ? escapeDeepSlashes(name) : name
}

export function toKey(name: string): string {
  if (!name.includes(QUOTE)) return name
  return name.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The longest text with which the name of every key that begins with `prefix` begins. */
export function toNamePrefix(prefix: string): string {
  // The stand-in for what follows keeps an inner dot from being taken for the last one.
  return escapeName(`${prefix.replace(OPEN_END, '')}x`).slice(0, -1)
}

const PLAIN = /^[\w./-]*$/

/** A blob name as a URL's path has it. */
export function encodeName(name: string): string {
  return PLAIN.test(name) ? name : encodeURIComponent(name).replaceAll('%2F', '/')
}

/** A space as %20: a plus sign would not be one to every reader. */
export function encodeQuery(values: Record<string, string | undefined>): string {
  let query = ''
  for (const name in values) {
    const value = values[name]
    if (value === undefined) continue
    query += `${query && '&'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  }
  return query
}

function escape(character: string): string {
  return QUOTE + character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
}

function escapeDeepSlashes(name: string): string {
  let slashes = 0
  return name.replace(/\//g, () => (++slashes > MAX_SLASHES ? escape('/') : '/'))
}

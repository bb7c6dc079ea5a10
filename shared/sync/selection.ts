// Which objects a run is about: by patterns as rclone has them, by size and by age. What is not selected is
// neither copied nor deleted.

import type { ListedObject } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'

export interface Selection {
  /** Patterns; of several, the first that matches decides. */
  names: readonly { includes: boolean; pattern: RegExp }[]
  minBytes?: number | undefined
  maxBytes?: number | undefined
  /** Written at this time or later, in milliseconds since the epoch. */
  since?: number | undefined
  /** Written at this time or earlier. */
  until?: number | undefined
}

/** The state of a store of Skein's that lies within: nobody's object. */
const OWN_STATE = /(^|\/)\.skein\//

export function selects(selection: Selection, { key, size, modified }: ListedObject): boolean {
  if (OWN_STATE.test(key)) return false
  const { minBytes = 0, maxBytes = Infinity, since = -Infinity, until = Infinity } = selection
  if (size < minBytes || size > maxBytes) return false
  const at = modified.getTime()
  return at >= since && at <= until && selectsName(selection, key)
}

function selectsName({ names }: Selection, key: string): boolean {
  const decided = names.find(({ pattern }) => pattern.test(key))
  // Who names what is to be included leaves out the rest.
  return decided?.includes ?? !names.some(({ includes }) => includes)
}

/** `excluded` before `included`: what is excluded stays out whatever includes it. */
export function namesFrom(
  included: readonly string[] = [],
  excluded: readonly string[] = [],
): Selection['names'] {
  return [
    ...excluded.map((text) => ({ includes: false, pattern: readPattern(text) })),
    ...included.map((text) => ({ includes: true, pattern: readPattern(text) })),
  ]
}

/**
 * `*` is any characters but a slash, `**` any at all, `?` one, `[a-z]` one of these, `{a,b}` either. From a slash on it
 * is the whole key; else it is the end of one, from any folder on. One that ends in a slash is all below.
 */
export function readPattern(text: string): RegExp {
  const isRooted = text.startsWith('/')
  const body = isRooted ? text.slice(1) : text
  const whole = body.endsWith('/') ? `${body}**` : body
  try {
    return new RegExp(`${isRooted ? '^' : '(?:^|/)'}${toExpression(whole)}$`, 'su')
  } catch {
    const message = `"${text}" is no pattern: use *, **, ?, [a-z] and {a,b}.`
    throw new StorageError('invalid', message)
  }
}

function toExpression(glob: string): string {
  let depth = 0
  return glob.replace(/\*\*|\*|\?|\[!?[^\]]*\]|\\.|[{},]|[.+^$()|\]\\/-]/g, (token) => {
    if (token === '**') return '.*'
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    if (token === '{') return depth++ >= 0 ? '(?:' : ''
    if (token === '}') return depth > 0 && depth-- > 0 ? ')' : '\\}'
    if (token === ',') return depth > 0 ? '|' : ','
    if (token.startsWith('[')) return token.replace(/^\[!/, '[^').replace(/\\/g, '\\\\')
    if (token.startsWith('\\') && token.length > 1) return `\\${token.slice(1)}`
    return token === '/' || token === '-' ? token : `\\${token}`
  })
}

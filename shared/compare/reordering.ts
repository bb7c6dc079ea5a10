// Turns the pages of a store that lists by UTF-16 into UTF-8's order, without holding the list. Keys that
// begin alike and go on with a special character are a block: it is one stretch in both orders, and blocks
// and other keys come in the same sequence. So a page is sorted by itself, unless it ends within a block whose
// halves the orders swap; such a block is then read half by half, and what follows it after that.

import type { Compare, Special } from './key-order.ts'
import { compareUtf16, specialAt } from './key-order.ts'

/** What of a listing is still to be given, from the page that the store's own cursor names. */
export interface Stretch {
  cursor?: string | undefined
  /** How many that page was asked to hold, where it has been read before and given in part. */
  size?: number | undefined
  /** Only keys that begin so and go on with a special character of this kind. */
  within?: { block: string; kind: Special } | undefined
  /** Without the keys of this block, which were given before. */
  past?: string | undefined
}

export interface Arranged<Entry> {
  /** In the order wanted; every key that is still to come lies behind them. */
  entries: Entry[]
  /** What is to be read next, in this sequence. */
  ahead: Stretch[]
}

/** `next` is the store's cursor of the page that follows; `order` is how the store sorts, `compare` the order wanted. */
export function reorder<Entry extends { key: string }>(
  entries: readonly Entry[],
  next: string | undefined,
  stretch: Stretch,
  order: 'utf8' | 'utf16',
  compare: Compare,
): Arranged<Entry> {
  const sorted = entries.toSorted((a, b) => compare(a.key, b.key))
  if (order === 'utf8')
    return { entries: sorted, ahead: next === undefined ? [] : [{ cursor: next }] }
  const wanted = sorted.filter(({ key }) => belongs(key, stretch))
  if (next === undefined || sorted.some(({ key }) => isBehind(key, stretch))) {
    return { entries: wanted, ahead: [] }
  }
  const rest = { ...stretch, cursor: next }
  const block = brokenBlock(entries, wanted, stretch)
  if (block === undefined) return { entries: wanted, ahead: [rest] }
  const { cursor } = stretch
  return {
    entries: wanted.filter(({ key }) => !isInBlock(key, block)),
    ahead: [
      { cursor, within: { block, kind: 'high' } },
      { cursor, within: { block, kind: 'surrogate' } },
      { ...rest, past: block },
    ],
  }
}

function isInBlock(key: string, block: string): boolean {
  return key.startsWith(block) && specialAt(key, block.length) !== undefined
}

function belongs(key: string, { within, past }: Stretch): boolean {
  if (past !== undefined && isInBlock(key, past)) return false
  if (within === undefined) return true
  return key.startsWith(within.block) && specialAt(key, within.block.length) === within.kind
}

/** Whether the stretch is over where this key is listed. */
function isBehind(key: string, { within }: Stretch): boolean {
  if (within === undefined) return false
  const { block, kind } = within
  if (!key.startsWith(block)) return compareUtf16(key, block) > 0
  return kind === 'surrogate' && specialAt(key, block.length) === 'high'
}

/** The outermost block that the page ends in, and of which something on a later page comes first. */
function brokenBlock(
  page: readonly { key: string }[],
  wanted: readonly { key: string }[],
  stretch: Stretch,
): string | undefined {
  const last = greatest(page)
  if (last === undefined || !belongs(last, stretch)) return undefined
  const { within } = stretch
  const settled = within ? within.block.length + (within.kind === 'surrogate' ? 2 : 1) : 0
  for (let index = settled; index < last.length; index++) {
    const kind = specialAt(last, index)
    if (kind === undefined) continue
    const block = last.slice(0, index)
    if (kind === 'surrogate' || wanted.some(({ key }) => isSurrogateHalf(key, block))) return block
  }
  return undefined
}

function isSurrogateHalf(key: string, block: string): boolean {
  return key.startsWith(block) && specialAt(key, block.length) === 'surrogate'
}

/** The last of the page in the store's order, whatever order objects and prefixes came in. */
function greatest(page: readonly { key: string }[]): string | undefined {
  let last: string | undefined
  for (const { key } of page) if (last === undefined || key > last) last = key
  return last
}

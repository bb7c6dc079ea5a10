// One page of a listing, from a walk over keys in order: prefix, delimiter, `after`, cursor and limit mean
// the same in every store that lists by itself. A cursor is the last key or folded prefix that was given.
// A folded prefix is jumped over, not walked through.

import type { ListOptions } from '../contract.ts'
import { compareUtf8 } from '../keys.ts'

/** Where a walk begins: keys with the prefix that lie behind `after` and begin with none of `past`. */
export interface Place {
  prefix: string
  after: string
  past: string
  /** Of all keys that fold into one prefix by it, any one will do. */
  delimiter: string
}

export interface FoldedPage<Entry> {
  entries: Entry[]
  prefixes: string[]
  cursor?: string | undefined
}

/** Whether the key lies in front of the place, or is folded away there. */
export function isBefore(key: string, { after, past }: Pick<Place, 'after' | 'past'>): boolean {
  if (after !== '' && compareUtf8(key, after) <= 0) return true
  return past !== '' && (key.startsWith(past) || compareUtf8(key, past) <= 0)
}

export async function foldPage<Entry extends { key: string }>(
  options: Omit<ListOptions, 'signal'>,
  limit: number,
  walk: (place: Place) => Iterable<Entry> | AsyncIterable<Entry>,
): Promise<FoldedPage<Entry>> {
  const { prefix = '', delimiter = '' } = options
  const page: FoldedPage<Entry> = { entries: [], prefixes: [] }
  let place: Place | undefined = startingPlace(options)
  let last = ''
  while (place) {
    let next: Place | undefined
    for await (const entry of walk(place)) {
      if (page.entries.length + page.prefixes.length >= limit) return { ...page, cursor: last }
      const folded = foldedPrefix(entry.key, prefix, delimiter)
      last = folded ?? entry.key
      if (folded === undefined) {
        page.entries.push(entry)
        continue
      }
      page.prefixes.push(folded)
      next = { ...place, past: folded }
      break
    }
    place = next
  }
  return page
}

function startingPlace(options: Omit<ListOptions, 'signal'>): Place {
  const { prefix = '', delimiter = '', after = '', cursor = '' } = options
  if (foldedPrefix(cursor, prefix, delimiter) === cursor)
    return { prefix, after, past: cursor, delimiter }
  return { prefix, after: compareUtf8(after, cursor) > 0 ? after : cursor, past: '', delimiter }
}

function foldedPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}

/** The index of the first item that is no longer in front, by halving. */
export function firstIndex<Item>(
  items: readonly Item[],
  isInFront: (item: Item) => boolean,
): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isInFront(items[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

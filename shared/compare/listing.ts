// One store's keys in the order in which listings are joined: by UTF-8 bytes, and after all others those that
// some store of the join keeps by another name (strays), since it lists them elsewhere than they sort. Holds a
// page or two, and a bounded number of strays: where there are more, the listing is read once more for the next.

import type { ListedObject } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { compareUtf8, quoteKey } from '#shared/storage/keys.ts'
import { isEscaped } from '#shared/storage/providers/azure/names.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Compare } from './key-order.ts'
import { specialAt } from './key-order.ts'
import type { Stretch } from './reordering.ts'
import { reorder } from './reordering.ts'

/** The keys below a prefix of a store, told without it. */
export interface Place {
  store: Store
  /** Any beginning of keys; may be empty. */
  base: string
}

/** Keys after one and up to another, in the order of the join. */
export interface KeyRange {
  after?: string | undefined
  upTo?: string | undefined
  /** Strays sort after all other keys, wherever a range of those ends. */
  strays: 'with' | 'without' | 'only'
}

export const ALL_KEYS: KeyRange = { strays: 'with' }

export interface JoinOrder {
  compare: Compare
  isStray: (key: string) => boolean
}

/** One order for all of them, whatever each lists by. */
export function joinOrder(places: readonly Place[]): JoinOrder {
  const escaping = places.filter(({ store }) => store.row.wire === 'azure')
  if (escaping.length === 0) return { compare: compareUtf8, isStray: () => false }
  const roots = [...new Set(escaping.map(({ store, base }) => store.prefix + base))]
  const isStray = (key: string) => roots.some((root) => isEscaped(root + key))
  const compare = (a: string, b: string) =>
    Number(isStray(a)) - Number(isStray(b)) || compareUtf8(a, b)
  return { compare, isStray }
}

export interface ListingOptions {
  range?: KeyRange | undefined
  signal?: AbortSignal | undefined
  /** Of strays that are held at once. */
  maxStrays?: number | undefined
}

const MAX_STRAYS = 50_000

/** Every key once, in order; what is not in order ends the listing with an error, since a join would go wrong by it. */
export async function* listInOrder(
  place: Place,
  order: JoinOrder,
  { range = ALL_KEYS, signal, maxStrays = MAX_STRAYS }: ListingOptions = {},
): AsyncGenerator<ListedObject[]> {
  const shelf = createShelf(order, maxStrays)
  // A pass over a part of the keys does not meet all strays.
  const meetsAll = range.after === undefined && range.upTo === undefined
  if (range.strays !== 'only') {
    for await (const page of properPages(place, order, range, signal)) {
      if (meetsAll) for (const object of page.strays) shelf.add(object)
      if (page.proper.length > 0) yield page.proper
    }
  }
  if (range.strays === 'without') return
  if (!meetsAll || range.strays === 'only') {
    shelf.next(range.strays === 'only' ? range.after : undefined)
    await fillShelf(shelf, place, signal)
  }
  for (;;) {
    const strays = shelf.take().filter(({ key }) => isUpTo(key, range, order))
    if (strays.length > 0) yield strays
    const last = strays.at(-1)
    if (!shelf.isShort || last === undefined) return
    shelf.next(last.key)
    await fillShelf(shelf, place, signal)
  }
}

/** Of strays, the bound of a range is a stray too. */
function isUpTo(key: string, { upTo, strays }: KeyRange, order: JoinOrder): boolean {
  return strays !== 'only' || upTo === undefined || order.compare(key, upTo) <= 0
}

interface Arrived {
  proper: ListedObject[]
  strays: ListedObject[]
}

async function* properPages(
  place: Place,
  order: JoinOrder,
  { after, upTo }: KeyRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Arrived> {
  const { store, base } = place
  const { capabilities } = store
  const from = after && afterListed(after, capabilities.list.order, order)
  const query = { prefix: base, signal, ...(from && { after: base + from }) }
  let last = after
  for (let ahead: Stretch[] = [{}]; ahead.length > 0;) {
    const [stretch = {}, ...later] = ahead
    const page = await store.list({ ...query, cursor: stretch.cursor })
    const objects = page.objects.map((object) => relative(object, base))
    const strays = objects.filter(({ key }) => order.isStray(key))
    const rest = strays.length > 0 ? objects.filter(({ key }) => !order.isStray(key)) : objects
    const { entries, ahead: next } = arrange(rest, page.cursor, stretch, capabilities.list.order)
    ahead = [...next, ...later]
    const inRange =
      last === after && after !== undefined
        ? entries.filter(({ key }) => compareUtf8(key, after) > 0)
        : entries
    const unseen = inSequence(store, inRange, last)
    const over = upTo === undefined ? -1 : unseen.findIndex(({ key }) => compareUtf8(key, upTo) > 0)
    const proper = over < 0 ? unseen : unseen.slice(0, over)
    // A page that is read by halves has its strays given with the whole.
    yield { proper, strays: stretch.within === undefined ? strays : [] }
    if (over >= 0) return
    last = unseen.at(-1)?.key ?? last
  }
}

function relative(object: ListedObject, base: string): ListedObject {
  return base === '' ? object : { ...object, key: object.key.slice(base.length) }
}

/** A store that lists by UTF-8 is taken at its word, and held to it. */
function arrange(
  entries: ListedObject[],
  cursor: string | undefined,
  stretch: Stretch,
  order: 'utf8' | 'utf16',
): { entries: ListedObject[]; ahead: Stretch[] } {
  if (order === 'utf16') return reorder(entries, cursor, stretch, order, compareUtf8)
  return { entries, ahead: cursor === undefined ? [] : [{ cursor }] }
}

/**
 * Where the store's own listing has to begin. Both orders agree on what comes after a key without special
 * characters, so it is cut before the first; and what is left must not be one that the store knows by another name.
 */
function afterListed(after: string, listed: 'utf8' | 'utf16', { isStray }: JoinOrder): string {
  if (listed === 'utf8') return after
  let end = 0
  while (end < after.length && specialAt(after, end) === undefined) end++
  while (end > 0 && isStray(after.slice(0, end))) end--
  return after.slice(0, end)
}

/** What a page repeats of the one before is told once; what lies before it must not be. */
function inSequence(
  store: Store,
  entries: ListedObject[],
  last: string | undefined,
): ListedObject[] {
  let before = last
  let repeats = false
  for (const { key } of entries) {
    if (key === before) repeats = true
    else if (before !== undefined && compareUtf8(key, before) < 0) {
      throw outOfOrder(store, before, key)
    }
    before = key
  }
  if (!repeats) return entries
  return entries.filter(({ key }, index) => key !== (entries[index - 1]?.key ?? last))
}

function outOfOrder({ name }: Store, before: string, key: string): StorageError {
  const message = `${name} lists ${quoteKey(key)} after ${quoteKey(before)}, which is not the order that its record of capabilities tells; set list.order there, or compare it another way.`
  return new StorageError('internal', message, { store: name, key })
}

async function fillShelf(
  shelf: Shelf,
  { store, base }: Place,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const object of store.listAll({ prefix: base, signal })) {
    shelf.add(relative(object, base))
  }
}

/** The first so many strays after a key, in order, whatever order they come in. */
interface Shelf {
  /** Empties it, for those after this key. */
  next(after: string | undefined): void
  add(object: ListedObject): void
  take(): ListedObject[]
  /** There were more than it holds. */
  readonly isShort: boolean
}

function createShelf({ isStray }: JoinOrder, size: number): Shelf {
  let held: ListedObject[] = []
  let from: string | undefined
  let isShort = false
  const settle = () => {
    held.sort((a, b) => compareUtf8(a.key, b.key))
    if (held.length > size) isShort = true
    held = held.slice(0, size)
  }
  return {
    get isShort() {
      return isShort
    },
    next(after) {
      held = []
      from = after
      isShort = false
    },
    add(object) {
      const { key } = object
      if (!isStray(key) || (from !== undefined && compareUtf8(key, from) <= 0)) return
      held.push(object)
      if (held.length >= size * 2) settle()
    },
    take() {
      settle()
      return held
    },
  }
}

// One store's keys in the order that a listing over several stores has, a page at a time. Holds one page.

import type { ListedObject } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from './deadline.ts'
import type { Compare } from '#shared/compare/key-order.ts'
import { isStray, listedOrder } from '#shared/compare/key-order.ts'
import type { Stretch } from '#shared/compare/reordering.ts'
import { reorder } from '#shared/compare/reordering.ts'

/** An object, or without one a prefix that stands for those under it. */
export interface Entry {
  key: string
  object?: ListedObject | undefined
}

export interface SourceOptions {
  prefix: string
  delimiter: string | undefined
  /** Keys up to this one have been given. */
  last: string | undefined
  /** The order of the whole listing. */
  compare: Compare
  /** The stores differ in how they list, and this one may have to be put into the common order. */
  mixed: boolean
  deadlineSeconds: number
  /** It is known not to answer, and not asked. */
  isAway?: boolean | undefined
  signal: AbortSignal | undefined
}

export interface Source {
  store: Store
  /** Why the store could not be asked; its keys are then not known. */
  readonly problem: StorageError | undefined
  /** The page is used up and there is another. */
  readonly isHungry: boolean
  /** The next entry, as far as has been read. */
  head(): Entry | undefined
  take(): Entry | undefined
  /** The page in hand has some that sort elsewhere, and its first entry has been taken. */
  readonly hasStrays: boolean
  /** Those, once. */
  takeStrays(): Entry[]
  /** Reads a page; it may hold nothing of use. */
  read(limit: number): Promise<void>
  /** From where the rest, from the head on, can be read again. */
  position(): Stretch[]
}

export function createSource(
  store: Store,
  from: readonly Stretch[],
  options: SourceOptions,
): Source {
  return new PagedSource(store, from, options)
}

/**
 * A class, since there are two a page: an object literal with getters has a shape of its own each time, which V8
 * keeps, with the page that the getters see, until its next full collection.
 */
class PagedSource implements Source {
  readonly store: Store
  problem: StorageError | undefined
  readonly #options: SourceOptions
  #ahead: Stretch[]
  #begin: Stretch[]
  #page: Page = { entries: [], strays: [], ahead: [] }
  #next = 0

  constructor(store: Store, from: readonly Stretch[], options: SourceOptions) {
    this.store = store
    this.#options = options
    this.#ahead = [...from]
    this.#begin = this.#ahead
  }

  get isHungry(): boolean {
    const isUsedUp = this.#next >= this.#page.entries.length
    return this.problem === undefined && isUsedUp && this.#ahead.length > 0
  }

  head(): Entry | undefined {
    return this.#page.entries[this.#next]
  }

  take(): Entry | undefined {
    return this.#page.entries[this.#next++]
  }

  get hasStrays(): boolean {
    const { strays, entries } = this.#page
    return strays.length > 0 && (this.#next > 0 || entries.length === 0)
  }

  takeStrays(): Entry[] {
    return this.#page.strays.splice(0)
  }

  async read(limit: number): Promise<void> {
    const [first, ...later] = this.#ahead
    if (first === undefined) return
    // A page that was given in part is read again as it was, so that its strays are those that were given.
    const { size = limit, ...stretch } = first
    const { last, compare } = this.#options
    try {
      const page = await readPage(this.store, stretch, size, this.#options)
      this.#page = unread(page, last, compare)
      this.#begin = [{ ...stretch, size }, ...later]
      this.#ahead = [...page.ahead, ...later]
      this.#next = 0
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // A place that the store knows nothing of was forged, and is nobody's outage.
      if (error.kind === 'invalid' && stretch.cursor !== undefined) throw error
      this.problem = error
    }
  }

  position(): Stretch[] {
    return this.#next < this.#page.entries.length ? this.#begin : this.#ahead
  }
}

interface Page {
  entries: Entry[]
  strays: Entry[]
  ahead: Stretch[]
}

/** Without what an earlier answer gave, strays included. */
function unread(page: Page, last: string | undefined, compare: Compare): Page {
  if (last === undefined) return page
  const entries = page.entries.filter(({ key }) => compare(key, last) > 0)
  const isNew = entries.length === page.entries.length
  return { ...page, entries, strays: isNew ? page.strays : [] }
}

async function readPage(
  store: Store,
  stretch: Stretch,
  limit: number,
  options: SourceOptions,
): Promise<Page> {
  const { prefix, delimiter, compare, mixed, deadlineSeconds, isAway, signal } = options
  if (isAway) throw notAsked(store)
  const { cursor } = stretch
  const page = await within({ store: store.name, seconds: deadlineSeconds, signal }, (ended) =>
    store.list({ prefix, delimiter, cursor, limit, signal: ended }),
  )
  const objects: Entry[] = page.objects.map((object) => ({ key: object.key, object }))
  const folded: Entry[] = page.prefixes.map((key) => ({ key }))
  // A forged cursor must not show what the prefix does not cover.
  const entries = [...objects, ...folded].filter(({ key }) => key.startsWith(prefix))
  if (!mixed) {
    const order = listedOrder(store)
    if (folded.length > 0) entries.sort((a, b) => order(a.key, b.key))
    const ahead = page.cursor === undefined ? [] : [{ cursor: page.cursor }]
    return { entries, strays: [], ahead }
  }
  const strays = entries.filter(({ key }) => isStray(store, key))
  const proper = strays.length > 0 ? entries.filter(({ key }) => !isStray(store, key)) : entries
  const { order } = store.capabilities.list
  return {
    ...reorder(proper, page.cursor, stretch, order, compare),
    // A page that is read by halves has its strays given with the whole.
    strays: stretch.within === undefined ? strays : [],
  }
}

function notAsked({ name }: Store): StorageError {
  const message = `${name} has not answered of late, and was not asked.`
  return new StorageError('unavailable', message, { store: name })
}

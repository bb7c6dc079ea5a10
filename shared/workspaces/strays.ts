// Keys that a store lists elsewhere than they sort, because it keeps them by another name. A merge would miss
// them where the others have them and find them again where nobody expects them, so there each is looked up.
// They are rare: a backslash, a control character, a dot at a segment's end.

import type { StorageError } from '#shared/storage/errors.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { isStray } from '#shared/compare/key-order.ts'
import type { Entry, Source } from './listing-source.ts'

/** One key of a listing, and what each source has there. */
export interface Row {
  key: string
  found: Found[]
  /** It stands outside the order, with its neighbours in the one store that has it. */
  stray?: true
}

export interface Found {
  source: Source
  entry: Entry | undefined
  problem: StorageError | undefined
}

const AT_ONCE = 16

/** Completes the rows of keys that some store lists elsewhere. */
export async function findStrays(rows: readonly Row[]): Promise<void> {
  const lacking: { key: string; cell: Found }[] = []
  // Of millions of rows hardly any lacks something: nothing is made for the others.
  for (const { key, found, stray } of rows) {
    if (stray || !found.some(hasObject)) continue
    for (const cell of found) if (isLacking(cell, key)) lacking.push({ key, cell })
  }
  for (let first = 0; first < lacking.length; first += AT_ONCE) {
    const some = lacking.slice(first, first + AT_ONCE)
    await Promise.all(some.map(({ key, cell }) => lookUp(key, cell)))
  }
}

const hasObject = ({ entry }: Found): boolean => entry?.object !== undefined

function isLacking({ entry, problem, source }: Found, key: string): boolean {
  return !entry && !problem && isStray(source.store, key)
}

async function lookUp(key: string, cell: Found): Promise<void> {
  try {
    const object = await cell.source.store.find(key)
    if (object) cell.entry = { key, object }
  } catch (error) {
    if (!isStorageError(error)) throw error
    cell.problem = error
  }
}

async function lookUnder(prefix: string, cell: Found): Promise<void> {
  try {
    const { objects } = await cell.source.store.list({ prefix, limit: 1 })
    if (objects.length > 0) cell.entry = { key: prefix }
  } catch (error) {
    if (!isStorageError(error)) throw error
    cell.problem = error
  }
}

/** Those on this source's page that are shown nowhere else: no store that lists them in their place has them. */
export async function ownStrays(source: Source, sources: readonly Source[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const entry of source.takeStrays()) {
    const found = await Promise.all(
      sources.map(async (one) => (one === source ? { ...seen(one), entry } : lookFor(entry, one))),
    )
    // Of several stores that list it elsewhere, the first one shows it.
    const shower = found.find((one) => one.entry && !isStray(one.source.store, entry.key))
    const first = found.find((one) => one.entry)
    if ((shower ?? first)?.source === source) rows.push({ key: entry.key, found, stray: true })
  }
  return rows
}

function seen(source: Source): Found {
  return { source, entry: undefined, problem: source.problem }
}

async function lookFor({ key, object }: Entry, source: Source): Promise<Found> {
  const cell = seen(source)
  if (!cell.problem) await (object ? lookUp(key, cell) : lookUnder(key, cell))
  return cell
}

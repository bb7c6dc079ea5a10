// Lists a workspace: its primary, or all stores side by side, with what each holds of every key. The stores'
// listings are merged as they are read, a page of each at a time, so that it makes no difference how many keys
// there are. A replica that cannot be asked is unknown at every key, and the answer names it.

import type { ListedObject, ObjectList, StoreCopy } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Compare } from '#shared/compare/key-order.ts'
import { commonOrder, isMixed } from '#shared/compare/key-order.ts'
import { readCursor, writeCursor } from './listing-cursor.ts'
import type { Source } from './listing-source.ts'
import { createSource } from './listing-source.ts'
import type { Found, Row } from './strays.ts'
import { findStrays, ownStrays } from './strays.ts'
import { absentFrom, copyOf, unknownAt } from './store-copy.ts'
import type { Workspace } from './workspace.ts'
import { storesOf } from './workspace.ts'

export const MAX_LISTED = 1000
/** Pages of stores that one answer may cost; it is cut short, with a cursor, where they do not do. */
const MAX_PAGES = 40
const DEADLINE_SECONDS = 20

export interface ListObjectsQuery {
  prefix?: string | undefined
  delimiter?: string | undefined
  /** At most 1,000, objects and prefixes together. */
  limit?: number | undefined
  cursor?: string | undefined
  /** `all` says what each store holds. */
  stores?: 'primary' | 'all' | undefined
  /** For each request to a store. */
  deadlineSeconds?: number | undefined
  signal?: AbortSignal | undefined
}

/** A page may be short, or empty, and still carry a cursor. */
export async function listObjects(
  workspace: Workspace,
  query: ListObjectsQuery = {},
): Promise<ObjectList> {
  const { rows, ...rest } = await listRows(workspace, query)
  return { ...toList(rows, workspace, query.stores === 'all'), ...rest }
}

export interface RowList extends Pick<ObjectList, 'unreachable' | 'cursor'> {
  rows: Row[]
}

/** The same, as the stores have told it: for who counts millions and answers nobody. */
export async function listRows(
  workspace: Workspace,
  query: ListObjectsQuery = {},
): Promise<RowList> {
  const { prefix = '', delimiter, limit = MAX_LISTED, cursor, stores: whose = 'primary' } = query
  checkLimit(limit)
  const stores = whose === 'all' ? storesOf(workspace) : [workspace.primary]
  const listing = [workspace.name, prefix, delimiter ?? '', stores.map(({ name }) => name)]
  const from =
    cursor === undefined
      ? { last: undefined, stores: stores.map(() => [{}]) }
      : readCursor(cursor, listing, stores.length)
  const compare = commonOrder(stores)
  const sources = stores.map((store, index) =>
    createSource(store, from.stores[index] ?? [], {
      ...{ prefix, delimiter, last: from.last, compare, mixed: isMixed(stores) },
      deadlineSeconds: query.deadlineSeconds ?? DEADLINE_SECONDS,
      signal: query.signal,
    }),
  )
  const rows = await merge(sources, limit, compare)
  await findStrays(rows)
  const last = rows.findLast(({ stray }) => !stray)?.key ?? from.last
  const left = sources.map((source) => source.position())
  const isOver = sources.every(({ problem }, index) => problem || left[index]!.length === 0)
  return {
    rows,
    ...unreachable(sources),
    ...(!isOver && { cursor: writeCursor({ last, stores: left }, listing) }),
  }
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED) return
  throw new StorageError('invalid', `A page holds 1 to ${MAX_LISTED} keys, not ${limit}.`)
}

async function merge(sources: readonly Source[], limit: number, compare: Compare): Promise<Row[]> {
  const rows: Row[] = []
  let pages = 0
  while (rows.length < limit) {
    const hungry = sources.filter(({ isHungry }) => isHungry)
    if (hungry.length > 0) {
      if (pages >= MAX_PAGES) break
      pages += hungry.length
      await Promise.all(hungry.map((source) => source.read(limit - rows.length)))
      checkAsked(sources)
    } else {
      const key = smallest(sources, compare)
      if (key === undefined) break
      rows.push({ key, found: sources.map((source) => takeAt(source, key)) })
    }
    for (const source of sources) {
      if (source.hasStrays) rows.push(...(await ownStrays(source, sources)))
    }
  }
  return rows
}

/** Somebody must have answered; a listing of the primary alone is nothing without it. */
function checkAsked(sources: readonly Source[]): void {
  if (sources.every(({ problem }) => problem !== undefined)) throw sources[0]!.problem
}

function smallest(sources: readonly Source[], compare: Compare): string | undefined {
  let least: string | undefined
  for (const source of sources) {
    const key = source.head()?.key
    if (key !== undefined && (least === undefined || compare(key, least) < 0)) least = key
  }
  return least
}

function takeAt(source: Source, key: string): Found {
  const entry = source.head()?.key === key ? source.take() : undefined
  return { source, entry, problem: source.problem }
}

function toList(
  rows: readonly Row[],
  workspace: Workspace,
  withStores: boolean,
): Pick<ObjectList, 'objects' | 'prefixes'> {
  const objects: ListedObject[] = []
  const prefixes: string[] = []
  for (const row of rows) {
    const object = row.found.find(({ entry }) => entry?.object)?.entry?.object
    if (object === undefined) {
      prefixes.push(row.key)
      continue
    }
    const { key, size, modified } = object
    const at = modified.toISOString()
    objects.push(
      withStores
        ? { key, size, modified: at, stores: copies(row, workspace) }
        : { key, size, modified: at },
    )
  }
  return { objects, prefixes }
}

function copies({ found }: Row, workspace: Workspace): StoreCopy[] {
  return found.map(({ source: { store }, entry, problem }) => {
    if (entry?.object) return copyOf(store, workspace, entry.object)
    return problem ? unknownAt(store, workspace, problem) : absentFrom(store, workspace)
  })
}

function unreachable(sources: readonly Source[]): Pick<ObjectList, 'unreachable'> {
  const names = sources.filter(({ problem }) => problem).map(({ store }) => store.name)
  return names.length > 0 ? { unreachable: names } : {}
}

// Lists a workspace: its primary, or all stores side by side, with what each holds of every key. The stores'
// listings are merged as they are read, a page of each at a time, so that it makes no difference how many keys
// there are. A replica that cannot be asked is unknown at every key, and the answer names it.

import type { ListedObject, ObjectList, StoreCopy } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Compare } from '#shared/compare/key-order.ts'
import { commonOrder, isMixed } from '#shared/compare/key-order.ts'
import { readCursor, writeCursor } from './listing-cursor.ts'
import type { IsDeleted } from './late.ts'
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
/** For one that only completes what the truth lists. */
const LATE_DEADLINE_SECONDS = 5

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
  /** While the workspace has late stores, whose keys are listed with the truth's. */
  isDeleted?: IsDeleted | undefined
  /** Stores that are passed over as if they did not answer. */
  isAway?: ((store: string) => boolean) | undefined
  signal?: AbortSignal | undefined
}

/** A page may be short, or empty, and still carry a cursor. */
export async function listObjects(
  workspace: Workspace,
  query: ListObjectsQuery = {},
): Promise<ObjectList> {
  const { rows, ...rest } = await listRows(workspace, query)
  const shown = workspace.late && query.isDeleted ? await standing(rows, query.isDeleted) : rows
  return { ...toList(shown, workspace, query.stores === 'all'), ...rest }
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
  const { primary, late = [] } = workspace
  const stores = whose === 'all' ? storesOf(workspace) : [primary, ...late]
  const isLate = (store: Store) => whose === 'primary' && store !== primary
  const listing = [workspace.name, prefix, delimiter ?? '', stores.map(({ name }) => name)]
  const from =
    cursor === undefined
      ? { last: undefined, stores: stores.map(() => [{}]) }
      : readCursor(cursor, listing, stores.length)
  const compare = commonOrder(stores)
  const sources = stores.map((store, index) =>
    createSource(store, from.stores[index] ?? [], {
      ...{ prefix, delimiter, last: from.last, compare, mixed: isMixed(stores) },
      deadlineSeconds:
        query.deadlineSeconds ?? (isLate(store) ? LATE_DEADLINE_SECONDS : DEADLINE_SECONDS),
      isAway: isLate(store) && query.isAway?.(store.name),
      signal: query.signal,
    }),
  )
  const rows = await merge(sources, limit, compare)
  // What is not the truth completes it, and does not stand for it.
  if (whose === 'primary' && sources[0]!.problem) throw sources[0]!.problem
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

const AT_ONCE = 16

/** Without what only late stores have, and somebody has deleted. */
async function standing(rows: readonly Row[], isDeleted: IsDeleted): Promise<Row[]> {
  const gone = new Set<Row>()
  const doubtful = rows.filter(({ found }) => !found[0]!.entry && !found[0]!.problem)
  for (let first = 0; first < doubtful.length; first += AT_ONCE) {
    const some = doubtful.slice(first, first + AT_ONCE)
    await Promise.all(some.map(async (row) => (await isGone(row, isDeleted)) && gone.add(row)))
  }
  return rows.filter((row) => !gone.has(row))
}

async function isGone({ found }: Row, isDeleted: IsDeleted): Promise<boolean> {
  for (const { source, entry } of found) {
    if (!entry) continue
    if (!entry.object || !(await isDeleted(source.store.name, entry.key))) return false
  }
  return true
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED) return
  throw new StorageError('invalid', `A page holds 1 to ${MAX_LISTED} keys, not ${limit}.`)
}

async function merge(sources: readonly Source[], limit: number, compare: Compare): Promise<Row[]> {
  const rows: Row[] = []
  let pages = 0
  while (rows.length < limit) {
    if (sources.some(isHungry)) {
      if (pages >= MAX_PAGES) break
      const hungry = sources.filter(isHungry)
      pages += hungry.length
      await Promise.all(hungry.map((source) => source.read(limit - rows.length)))
      checkAsked(sources)
    } else if (!takeRow(sources, compare, rows)) {
      break
    }
    if (!sources.some(hasStrays)) continue
    for (const source of sources) {
      if (source.hasStrays) rows.push(...(await ownStrays(source, sources)))
    }
  }
  return rows
}

// Asked at each row.
const isHungry = (source: Source): boolean => source.isHungry
const hasStrays = (source: Source): boolean => source.hasStrays

/** False at the end. Apart from what waits, since that is never compiled as a whole. */
function takeRow(sources: readonly Source[], compare: Compare, rows: Row[]): boolean {
  const key = smallest(sources, compare)
  if (key === undefined) return false
  rows.push({ key, found: sources.map((source) => takeAt(source, key)) })
  return true
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

// What a workspace holds and where, taken from the listings of all its stores side by side, page after page,
// so that it can be left after any of them and taken up again.

import { listRows } from '#shared/workspaces/listing.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import type { Found, Row } from '#shared/workspaces/strays.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import type { Cell, Histogram, HistogramLimits, HistogramRecord } from './histogram.ts'
import { createHistogram } from './histogram.ts'
import type { InventoryLine } from './import/s3-inventory.ts'

export interface Inventory {
  workspace: string
  /** The primary first. */
  stores: readonly string[]
  /** When it was begun. */
  takenAt: string
  cells: readonly Cell[]
  /** Stores that could not be asked: what they hold is not in it. */
  unreachable: readonly string[]
}

export interface InventoryRecord {
  workspace: string
  stores: readonly string[]
  takenAt: string
  histogram: HistogramRecord
  unreachable: readonly string[]
}

export interface InventoryTaking {
  /** Reads one page; true when that was the last one. */
  page(signal?: AbortSignal): Promise<boolean>
  objects: number
  result(): Inventory
  record(): InventoryRecord & { cursor: string | undefined; objects: number }
}

export interface InventoryOptions {
  now: number
  prefix?: string | undefined
  limits?: HistogramLimits
  from?: (InventoryRecord & { cursor: string | undefined; objects: number }) | undefined
}

const DAY_MILLISECONDS = 86_400_000

export function takeInventory(
  name: string,
  [primary, ...replicas]: readonly Store[],
  { now, prefix, limits, from }: InventoryOptions,
): InventoryTaking {
  if (!primary) throw new StorageError('invalid', 'An inventory is of a workspace and its stores.')
  const workspace = { name, primary, replicas, downloads: downloadRules() }
  const takenAt = from?.takenAt ?? new Date(now).toISOString()
  const histogram = createHistogram(limits, from?.histogram)
  const standards = storesOf(workspace).map(
    ({ capabilities }) => capabilities.classes[0] ?? 'STANDARD',
  )
  const stores = storesOf(workspace).map((store) => store.name)
  const unreachable = new Set(from?.unreachable)
  let cursor = from?.cursor
  let objects = from?.objects ?? 0

  return {
    get objects() {
      return objects
    },
    async page(signal) {
      const list = await listRows(workspace, { stores: 'all', prefix, cursor, signal })
      objects += addPage(histogram, list.rows, standards, Date.parse(takenAt))
      for (const store of list.unreachable ?? []) unreachable.add(store)
      ;({ cursor } = list)
      return cursor === undefined
    },
    result: () => ({
      ...{ workspace: name, stores, takenAt },
      ...{ cells: [...histogram.cells()], unreachable: [...unreachable] },
    }),
    record: () => ({
      ...{ workspace: name, stores, takenAt, histogram: histogram.record() },
      ...{ unreachable: [...unreachable], cursor, objects },
    }),
  }
}

function addPage(
  histogram: Histogram,
  rows: readonly Row[],
  standards: readonly string[],
  at: number,
): number {
  let objects = 0
  const placement: (string | null)[] = standards.map(() => null)
  for (const { key, found } of rows) {
    const first = found.find(hasObject)?.entry?.object
    if (!first) continue
    objects++
    const ageDays = (at - first.modified.getTime()) / DAY_MILLISECONDS
    placeIn(placement, found, standards)
    histogram.add({ key, bytes: first.size, ageDays, placement })
  }
  return objects
}

const hasObject = ({ entry }: Found): boolean => entry?.object !== undefined

/** Where a listing names no class, it is the provider's standard one. One list serves all rows. */
function placeIn(
  placement: (string | null)[],
  found: readonly Found[],
  standards: readonly string[],
): void {
  for (let store = 0; store < standards.length; store++) {
    const object = found[store]?.entry?.object
    placement[store] = object ? (object.storageClass ?? standards[store]!) : null
  }
}

/**
 * From a provider's own inventory, which is of one store: for a workspace that has no other, since of others it
 * tells nothing.
 */
export async function inventoryOfLines(
  workspace: string,
  store: Pick<Store, 'name' | 'prefix'>,
  lines: AsyncIterable<InventoryLine>,
  now: number,
): Promise<InventoryRecord & { objects: number }> {
  const histogram = createHistogram()
  let objects = 0
  for await (const { key, bytes, modified, storageClass } of lines) {
    if (!key.startsWith(store.prefix)) continue
    const ageDays = (now - modified.getTime()) / DAY_MILLISECONDS
    const placement = [storageClass]
    histogram.add({ key: key.slice(store.prefix.length), bytes, ageDays, placement })
    objects++
  }
  const takenAt = new Date(now).toISOString()
  const record = histogram.record()
  return { workspace, stores: [store.name], takenAt, histogram: record, unreachable: [], objects }
}

export function readInventory({ histogram, ...rest }: InventoryRecord): Inventory {
  const { workspace, stores, takenAt, unreachable } = rest
  const cells = [...createHistogram({}, histogram).cells()]
  return { workspace, stores, takenAt, unreachable, cells }
}

export interface Growth {
  bytesADay: number
  objectsADay: number
  /** Between which two inventories it was measured. */
  from: string
  to: string
}

/** What a day has added, less what it has taken away; undefined where the two are too close, or not whole, to tell. */
export function growthBetween(earlier: Inventory, later: Inventory): Growth | undefined {
  if (earlier.unreachable.length + later.unreachable.length > 0) return undefined
  const days = (Date.parse(later.takenAt) - Date.parse(earlier.takenAt)) / DAY_MILLISECONDS
  if (!(days >= 1)) return undefined
  const [before, after] = [totalsOf(earlier), totalsOf(later)]
  return {
    bytesADay: (after.bytes - before.bytes) / days,
    objectsADay: (after.objects - before.objects) / days,
    ...{ from: earlier.takenAt, to: later.takenAt },
  }
}

/** Each object once, however many stores have it. */
export function totalsOf({ cells }: Inventory): { objects: number; bytes: number } {
  const totals = { objects: 0, bytes: 0 }
  for (const { objects, bytes } of cells) {
    totals.objects += objects
    totals.bytes += bytes
  }
  return totals
}

// What tells that a version was deleted, and is not merely gone: Skein's own tombstone, an event, a delete marker.

import type { Store } from '#shared/storage/store.ts'
import type { ReplicationContext } from './context.ts'
import { behind, wasTruthAt } from './epochs.ts'
import type { Origin } from '#shared/copy/mark.ts'
import { sameOrigin } from '#shared/copy/mark.ts'
import type { Tombstone } from './tombstone.ts'
import { readTombstone } from './tombstone.ts'

export interface Evidence {
  /** In milliseconds since the epoch. */
  at: number
  /** It was this version, or a later one of its store: else only the time tells so. */
  known: boolean
}

interface Asked {
  key: string
  store: Store
  /** Somebody saw it deleted there. */
  deletedAt?: number | undefined
  /** When the copy of it that is left was written. */
  copiedAt: number
}

/** Of the deletion of that version, or of a later one, where `store` was the truth. */
export async function evidenceOf(
  context: ReplicationContext,
  asked: Asked,
  origin: Origin,
): Promise<Evidence | undefined> {
  const { key, store, deletedAt } = asked
  const isAbroad = origin.store !== store.name && behind(context, origin.store) !== undefined
  const tombstone = isAbroad ? await readTombstone(context, key) : undefined
  // Skein itself has deleted it here for what was deleted there: that it did so now tells of no later version.
  if (tombstone && tombstone.store !== store.name) return fromTombstone(tombstone, origin)
  const seen = deletedAt !== undefined && isBefore(origin.modified, deletedAt)
  if (seen && tells(context, asked, deletedAt, origin)) {
    return { at: deletedAt, known: origin.store === store.name }
  }
  const told = tombstone ?? (await readTombstone(context, key))
  const evidence = told && fromTombstone(told, origin)
  if (evidence) return evidence
  const at = await deleteMarkerAt(store, key, origin)
  if (at === undefined || !tells(context, asked, at, origin)) return undefined
  return { at, known: origin.store === store.name }
}

/**
 * What was first written elsewhere may have come there after the deletion, and been copied from there; and while that
 * store followed another, it may have been Skein that deleted what it held.
 */
function tells(
  context: ReplicationContext,
  { store, copiedAt }: Asked,
  at: number,
  origin: Origin,
): boolean {
  if (origin.store === store.name) return true
  return isBefore(copiedAt, at) && wasTruthAt(context, store, at)
}

function fromTombstone(tombstone: Tombstone, origin: Origin): Evidence | undefined {
  const covered = coverageBy(tombstone, origin)
  return covered && { at: tombstone.at, known: covered === 'known' }
}

/** Within one tick of a store's clock, which may be a second, nobody knows what came first. */
export function isBefore(modified: number, at: number): boolean {
  const isWholeSecond = modified % 1000 === 0
  return modified < (isWholeSecond ? at - (at % 1000) : at)
}

/** What was written again after the deletion, and then vanished, is not covered. */
export function coverageBy(
  { of, at, store }: Tombstone,
  origin: Origin,
): 'known' | 'by-time' | undefined {
  if (of && sameOrigin(of, origin)) return 'known'
  if (of && of.store === origin.store) {
    if (origin.modified < of.modified) return 'known'
    // Where it was deleted as well, it was written afterwards.
    if (store === undefined || store === origin.store) return undefined
  }
  return isBefore(origin.modified, at) ? 'by-time' : undefined
}

async function deleteMarkerAt(
  store: Store,
  key: string,
  origin: Origin,
): Promise<number | undefined> {
  if (!store.capabilities.versions) return undefined
  const { versions } = await store.groups.versions.list({ prefix: key, limit: 100 })
  const latest = versions.find((version) => version.key === key && version.latest)
  const at = latest?.modified.getTime()
  return latest?.deleted && at !== undefined && origin.modified <= at ? at : undefined
}

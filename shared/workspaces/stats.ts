// How many objects and bytes each store of a workspace holds, by listing. Bounded by pages and by time: where a
// bound was met the figures are the least there is, and say so.

import type { WorkspaceStats } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Workspace } from './workspace.ts'
import { storesOf } from './workspace.ts'

const DEADLINE_SECONDS = 20
const MAX_PAGES = 100

export interface StatsOptions {
  prefix?: string | undefined
  deadlineSeconds?: number | undefined
  maxPages?: number | undefined
  signal?: AbortSignal | undefined
}

type StoreStats = WorkspaceStats['stores'][number]

export async function workspaceStats(
  workspace: Workspace,
  options: StatsOptions = {},
): Promise<WorkspaceStats> {
  const stores = await Promise.all(storesOf(workspace).map((store) => count(store, options)))
  return { workspace: workspace.name, stores }
}

async function count(
  store: Store,
  { prefix, deadlineSeconds = DEADLINE_SECONDS, maxPages = MAX_PAGES, signal }: StatsOptions,
): Promise<StoreStats> {
  const stats: StoreStats = { store: store.name, objects: 0, bytes: 0, complete: false }
  const limit = AbortSignal.timeout(deadlineSeconds * 1000)
  const either = signal ? AbortSignal.any([signal, limit]) : limit
  try {
    let cursor: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const found = await store.list({ prefix, cursor, signal: either })
      stats.objects += found.objects.length
      stats.bytes += found.objects.reduce((sum, { size }) => sum + size, 0)
      cursor = found.cursor
      if (cursor === undefined) return { ...stats, complete: true }
    }
    return stats
  } catch (error) {
    signal?.throwIfAborted()
    if (limit.aborted) return stats
    if (!(error instanceof StorageError)) throw error
    return { ...stats, problem: error.message }
  }
}

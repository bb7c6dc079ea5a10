// How the stores of a workspace are: each is asked for one key, all at once and within a limit, so that one
// that hangs holds nobody up.

import type { StoreStatus, WorkspaceStatus } from '#shared/client/protocol.ts'
import type { Circuits } from '#shared/storage/circuits.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { roleOf } from './store-copy.ts'
import type { Workspace } from './workspace.ts'
import { storesOf } from './workspace.ts'

const DEADLINE_SECONDS = 5

export interface StatusOptions {
  circuits: Circuits
  deadlineSeconds?: number | undefined
  signal?: AbortSignal | undefined
}

export type WorkspaceHealth = Pick<WorkspaceStatus, 'workspace' | 'state' | 'stores'>

/** `critical` when the primary does not answer, `degraded` when a replica does not or a circuit is open. */
export async function workspaceStatus(
  workspace: Workspace,
  options: StatusOptions,
): Promise<WorkspaceHealth> {
  const stores = await Promise.all(
    storesOf(workspace).map((store) => storeStatus(store, workspace, options)),
  )
  const unwell = stores.filter(({ state }) => state !== 'up')
  const critical = unwell.some(({ role, state }) => role === 'primary' && state === 'down')
  const state = critical ? 'critical' : unwell.length > 0 ? 'degraded' : 'healthy'
  return { workspace: workspace.name, state, stores }
}

async function storeStatus(
  store: Store,
  workspace: Workspace,
  { circuits, deadlineSeconds = DEADLINE_SECONDS, signal }: StatusOptions,
): Promise<StoreStatus> {
  const told = { store: store.name, role: roleOf(store, workspace), provider: store.row.id }
  // Looked at before the call, whose answer would close it.
  const open = circuits.isOpen(store.name)
  const started = performance.now()
  const limit = AbortSignal.timeout(deadlineSeconds * 1000)
  try {
    await store.list({ limit: 1, signal: signal ? AbortSignal.any([signal, limit]) : limit })
    const milliseconds = Math.round(performance.now() - started)
    return { ...told, state: open ? 'circuit-open' : 'up', milliseconds }
  } catch (error) {
    signal?.throwIfAborted()
    return { ...told, state: 'down', problem: problemOf(error, store, deadlineSeconds, limit) }
  }
}

function problemOf(error: unknown, { name }: Store, seconds: number, limit: AbortSignal): string {
  if (error instanceof StorageError) return error.message
  if (limit.aborted) return `${name} did not answer within ${seconds} seconds.`
  throw error
}

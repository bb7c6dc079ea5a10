// What all that works on one workspace's copies shares, made once when the workspace is opened.

import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import type { Seal } from '#shared/seal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { States, WorkspaceState } from '#shared/workspaces/state.ts'
import type { DeletionCounts } from './brake.ts'
import type { MarkPlace } from '#shared/copy/mark.ts'
import type { ReplicationRules } from './rules.ts'

export interface ReplicationContext {
  /** The workspace's. */
  name: string
  /** The store that is the truth: the configured one, or the acting one of this epoch. */
  primary: string
  /** As the configuration names it. */
  home: string
  /** Of a workspace whose truth may move: as it was known when this work began. */
  state?: WorkspaceState | undefined
  states?: States | undefined
  /** All of the workspace, the primary first; each may hold `.skein/`, where unfinished copies are recorded. */
  stores: ReadonlyMap<string, Store>
  rules: ReplicationRules
  seal: Seal
  ledger: Ledger
  deletions: DeletionCounts
  /** The longest that a URL for an upload lasts. */
  longestUploadSeconds: number
  now: () => number
  fetch: typeof fetch
  /** There is a queue, so that others can help with a large object. */
  shares: boolean
  /** Resolves once the tasks are kept; where there is no queue, once they have run as far as they go. */
  send: SendTasks
  log?: ((line: string) => void) | undefined
}

export type SendTasks = (
  tasks: readonly Task[],
  options?: { delaySeconds?: number | undefined },
) => Promise<void>

export function markPlace({ seal, name }: ReplicationContext): MarkPlace {
  return { seal, workspace: name }
}

export function storeNamed({ stores, name: workspace }: ReplicationContext, name: string): Store {
  const store = stores.get(name)
  if (store) return store
  const message = `The workspace ${workspace} has no store "${name}" any more.`
  throw new StorageError('invalid', message, { store: name })
}

/** The store whose content all others follow. */
export function truthOf(context: ReplicationContext): Store {
  return storeNamed(context, context.primary)
}

// What all that works on one workspace's copies shares, made once when the workspace is opened.

import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import type { Seal } from '#shared/seal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { DeletionCounts } from './brake.ts'
import type { MarkPlace } from './mark.ts'
import type { ReplicationRules } from './rules.ts'

export interface ReplicationContext {
  /** The workspace's. */
  name: string
  /** As the configuration names it. */
  primary: string
  /** All of the workspace, the primary first; each may hold `.skein/`, where unfinished copies are recorded. */
  stores: ReadonlyMap<string, Store>
  rules: ReplicationRules
  seal: Seal
  ledger: Ledger
  deletions: DeletionCounts
  now: () => number
  fetch: typeof fetch
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

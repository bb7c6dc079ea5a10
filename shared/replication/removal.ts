// A deletion that somebody asks of Skein: the tombstone first, then the truth, then what the rules say of the
// replicas, with a second look for copies that were on their way.

import type { DeleteResponse } from '#shared/client/protocol.ts'
import { deleteObject } from '#shared/workspaces/objects.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { changeTasks } from './changed.ts'
import type { ReplicationContext } from './context.ts'
import { SECOND_LOOK_SECONDS } from './step.ts'
import { writeTombstone } from './tombstone.ts'

export interface RemovalOptions {
  /** Absent: as the rules say. */
  from?: 'all' | 'primary' | undefined
  signal?: AbortSignal | undefined
}

export async function removeObject(
  context: ReplicationContext,
  workspace: Workspace,
  key: string,
  { from, signal }: RemovalOptions,
): Promise<DeleteResponse> {
  const { rules, stores, state } = context
  const { policy } = rules.deletes
  const reach = from ?? (policy === 'propagate' ? 'all' : 'primary')
  if (stores.size === 1 || rules.mode === 'manual') {
    return deleteObject(workspace, key, { from: from ?? 'all', signal })
  }
  workspace.primary.fullKey(key)
  await writeTombstone(context, key)
  // What a store holds that was the truth before is looked at first.
  const replicas = workspace.replicas.filter(({ name }) => !state?.behind[name])
  const answer = await deleteObject({ ...workspace, replicas }, key, { from: reach, signal })
  const [truth] = answer.stores
  if (!truth?.deleted || from === 'primary') return answer
  const deleted = context.now()
  const tasks = changeTasks(context, key, { since: deleted, deleted })
  // Where a copy is gone already, its task is the second look; where it is not, the first.
  const gone = (store: string) => answer.stores.some((one) => one.store === store && one.deleted)
  const [second, first] = [true, false].map((is) => tasks.filter(({ to }) => gone(to) === is))
  await context.send(first!)
  const again = second!.map((task) => ({ ...task, again: true as const }))
  await context.send(again, { delaySeconds: SECOND_LOOK_SECONDS })
  return answer
}

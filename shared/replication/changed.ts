// From "key K changed" to one task for each store that has to follow.

import type { ReplicationContext } from './context.ts'
import { selectsKey } from './rules.ts'
import type { ReplicateTask } from './task.ts'
import { replicateTask } from './task.ts'

export interface Changed {
  /** In milliseconds since the epoch. */
  since: number
  size?: number | undefined
  /** Somebody saw it deleted, at this time of the store's clock. */
  deleted?: number | undefined
  /** Where it was made; absent: at the truth. */
  at?: string | undefined
}

export function changeTasks(
  context: ReplicationContext,
  key: string,
  { since, size, deleted, at = context.primary }: Changed,
): ReplicateTask[] {
  const { stores, rules, name: workspace, primary, state } = context
  if (!selectsKey(rules.only, key)) return []
  const followers = [...stores.keys()].filter((name) => name !== primary)
  return (at === primary ? followers : [at]).map((to) =>
    replicateTask({
      ...{ workspace, key, to, since },
      ...(state && { at }),
      ...(size !== undefined && { size }),
      ...(deleted !== undefined && { deleted }),
    }),
  )
}

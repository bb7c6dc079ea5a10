// One key made to agree at one store by whoever goes through all of them: a comparison of two stores, or the move
// of a whole workspace. What follows of it is sent on its way as if the key had just changed.

import { agree } from './agree.ts'
import type { Agreement } from './change.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed, truthOf } from './context.ts'
import { follow } from './step.ts'
import type { ReplicateTask } from './task.ts'
import { replicateTask } from './task.ts'

export async function carry(
  context: ReplicationContext,
  store: string,
  key: string,
  mayGoOn: () => boolean,
): Promise<Agreement> {
  const { rules, send } = context
  const [from, to] = [truthOf(context), storeNamed(context, store)]
  const agreement = await agree(context, { key, from, to, only: rules.only, mayGoOn })
  await send(await follow(context, carryTask(context, store, key), agreement, 1))
  return agreement
}

/** The same for the queue, which tries it again. */
export function carryTask(
  { name: workspace, primary: at, now }: ReplicationContext,
  store: string,
  key: string,
): ReplicateTask {
  return replicateTask({ workspace, key, to: store, at, since: now() })
}

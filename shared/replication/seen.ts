// What an event of a provider makes happen: at the truth, a task for every replica; at a replica, one for that
// replica alone, and none for what Skein itself has put there, so that no copy starts another round.

import type { StoreEvent } from '#shared/events/event.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import { changeTasks } from './changed.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace, storeNamed } from './context.ts'
import { behind } from './epochs.ts'
import { readMark } from '#shared/copy/mark.ts'
import type { ReplicateTask } from './task.ts'

export type SeenEvent = Pick<StoreEvent, 'type' | 'at' | 'size' | 'by'>

/** Whoever compared two listings knows that a key is gone, and not that somebody deleted it. */
const SCANNER = 'scan'

export async function tasksOf(
  context: ReplicationContext,
  store: string,
  key: string,
  { type, at, size, by }: SeenEvent,
): Promise<ReplicateTask[]> {
  if (key.startsWith(RESERVED_PREFIX)) return []
  const now = context.now()
  const told = at === undefined ? now : Date.parse(at)
  // A clock of the store's that is ahead makes no change younger than its event.
  const since = Math.min(told, now)
  const isEvidence = type === 'deleted' && by !== SCANNER
  const deleted = isEvidence ? told : undefined
  if (store === context.primary) return changeTasks(context, key, { since, size, deleted })
  if (type === 'created' && (await isOwn(context, store, key))) return []
  const wasTruth = behind(context, store) !== undefined
  return changeTasks(context, key, { since, at: store, ...(wasTruth && { deleted }) })
}

/** The event does not tell whose it was; the object does. */
async function isOwn(context: ReplicationContext, store: string, key: string): Promise<boolean> {
  const there = await storeNamed(context, store).find(key)
  return there !== undefined && readMark(markPlace(context), store, there) !== undefined
}

// One task of the queue: a change at one replica, carried out as far as its time allows, and what follows.

import { CopyPaused, CopyShared } from '#shared/copy/in-parts.ts'
import type { Task } from '#shared/platform.ts'
import { agree } from './agree.ts'
import type { Agreement } from './change.ts'
import { noteArrival } from './canary.ts'
import { changeTasks } from './changed.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed, truthOf } from './context.ts'
import { EpochMoved } from './epochs.ts'
import { clearNotes, writeNote } from './notes.ts'
import type { ReplicateFields } from './task.ts'
import { shareCopy } from './range.ts'
import { replicateTask } from './task.ts'

/** A longer copy goes on with the next task. */
export const STEP_SECONDS = 240
/** The longest that a copy which began before a deletion can take until it puts the object back. */
export const SECOND_LOOK_SECONDS = 900

/** The tasks that follow at once. `attempt` counts from 1. */
export async function replicateStep(
  context: ReplicationContext,
  fields: ReplicateFields,
  attempt: number,
): Promise<readonly Task[]> {
  const { key, size, deleted } = fields
  const follower = followerOf(context, fields)
  if (follower === undefined) return tellAnew(context, fields, attempt)
  const [from, to] = [truthOf(context), storeNamed(context, follower)]
  const isThere = context.state !== undefined && madeAt(context, fields) === follower
  const end = context.now() + STEP_SECONDS * 1000
  const isNews = !fields.noted && deleted === undefined && !fields.again
  try {
    const agreement = await agree(context, {
      ...{ key, from, to, size },
      only: fields.canary ? undefined : context.rules.only,
      fresh: attempt === 1 && isNews && !isThere,
      deletedAt: isThere ? undefined : deleted,
      deletedThereAt: isThere ? deleted : undefined,
      again: fields.again,
      due: fields.due,
      confirmed: fields.confirmed,
      mayGoOn: () => context.now() < end,
      share: shareCopy(context, fields, follower),
    })
    return await follow(context, fields, agreement, attempt)
  } catch (error) {
    if (error instanceof CopyShared) return []
    if (error instanceof CopyPaused || error instanceof EpochMoved) return [replicateTask(fields)]
    throw error
  }
}

/** Whoever made the task knew of another truth: perhaps of a later one than is known here. */
export function isOfAnotherEpoch(
  { primary, state, home }: ReplicationContext,
  { to, at = home }: ReplicateFields,
): boolean {
  return state !== undefined && (to === primary || at !== primary)
}

function madeAt({ home }: ReplicationContext, { at = home }: ReplicateFields): string {
  return at
}

/** The store that is to agree; where it has become the truth, the one that was it. */
function followerOf(context: ReplicationContext, fields: ReplicateFields): string | undefined {
  const { primary, state } = context
  if (fields.to !== primary) return fields.to
  const at = madeAt(context, fields)
  return state && at !== primary ? at : undefined
}

/** It was told by somebody who had not heard yet where the truth is: it is for every other store. */
async function tellAnew(
  context: ReplicationContext,
  fields: ReplicateFields,
  attempt: number,
): Promise<readonly Task[]> {
  if (!context.state || fields.canary) return []
  if (attempt > 1 || fields.noted) await clearNotes(context, fields)
  return changeTasks(context, fields.key, fields)
}

/** What follows of what became of it. */
export async function follow(
  context: ReplicationContext,
  fields: ReplicateFields,
  agreement: Agreement,
  attempt: number,
): Promise<readonly Task[]> {
  const { became } = agreement
  if (became === 'found') {
    const { finding, reason } = agreement
    await writeNote(context, 'finding', fields, { finding, reason })
  }
  // Whoever was told of the key before he was told of its deletion may have found it gone.
  if (attempt > 1 || fields.noted || became === 'deleted') {
    await clearNotes(context, fields, became === 'found' ? 'finding' : undefined)
  }
  if (fields.canary) await noteArrival(context, fields)
  const isGone = became === 'deleted' || (became === 'absent' && fields.deleted !== undefined)
  if (isGone && !fields.again) await lookAgain(context, fields)
  if (became !== 'taken-over') return []
  const since = context.now()
  const { deletedAt: gone } = agreement
  return agreement.keys.flatMap((key) => changeTasks(context, key, { since, deleted: gone }))
}

async function lookAgain(context: ReplicationContext, fields: ReplicateFields): Promise<void> {
  const { noted: _, ...rest } = fields
  const task = replicateTask({ ...rest, again: true })
  await context.send([task], { delaySeconds: SECOND_LOOK_SECONDS })
}

/** A step that failed: noted where people see it. True where it is kept here for good, and the queue need not. */
export async function noteFailure(
  context: ReplicationContext,
  fields: ReplicateFields,
  { attempt, reason, givenUp }: { attempt: number; reason: string; givenUp: boolean },
): Promise<boolean> {
  // Most of what fails once succeeds a moment later.
  if (!givenUp && attempt < 2) return false
  const kind = givenUp ? 'set-aside' : 'late'
  await writeNote(context, kind, fields, { reason, attempts: attempt })
  if (givenUp) await clearNotes(context, fields, 'set-aside')
  return givenUp
}

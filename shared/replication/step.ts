// One task of the queue: a change at one replica, carried out as far as its time allows, and what follows.

import { CopyPaused } from '#shared/copy/in-parts.ts'
import type { Task } from '#shared/platform.ts'
import { agree } from './agree.ts'
import type { Agreement } from './change.ts'
import { noteArrival } from './canary.ts'
import { changeTasks } from './changed.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed, truthOf } from './context.ts'
import { clearNotes, writeNote } from './notes.ts'
import type { ReplicateFields } from './task.ts'
import { replicateTask } from './task.ts'

/** A longer copy goes on with the next task. */
const STEP_SECONDS = 240
/** The longest that a copy which began before a deletion can take until it puts the object back. */
export const SECOND_LOOK_SECONDS = 900

/** The tasks that follow at once. `attempt` counts from 1. */
export async function replicateStep(
  context: ReplicationContext,
  fields: ReplicateFields,
  attempt: number,
): Promise<readonly Task[]> {
  const { key, size } = fields
  const [from, to] = [truthOf(context), storeNamed(context, fields.to)]
  if (from === to) return []
  const end = context.now() + STEP_SECONDS * 1000
  try {
    const agreement = await agree(context, {
      ...{ key, from, to, size },
      only: fields.canary ? undefined : context.rules.only,
      fresh: attempt === 1 && !fields.noted && fields.deleted === undefined,
      deletedAt: fields.deleted,
      due: fields.due,
      confirmed: fields.confirmed,
      mayGoOn: () => context.now() < end,
    })
    return await follow(context, fields, agreement, attempt)
  } catch (error) {
    if (error instanceof CopyPaused) return [replicateTask(fields)]
    throw error
  }
}

async function follow(
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
  if (attempt > 1 || fields.noted) {
    await clearNotes(context, fields, became === 'found' ? 'finding' : undefined)
  }
  if (fields.canary) await noteArrival(context, fields)
  const isGone = became === 'deleted' || (became === 'absent' && fields.deleted !== undefined)
  if (isGone && !fields.again) await lookAgain(context, fields)
  if (became !== 'taken-over') return []
  const since = context.now()
  return agreement.keys.flatMap((key) => changeTasks(context, key, { since }))
}

async function lookAgain(context: ReplicationContext, fields: ReplicateFields): Promise<void> {
  const { noted: _, ...rest } = fields
  const deleted = fields.deleted ?? context.now()
  const task = replicateTask({ ...rest, deleted, again: true })
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

// One large object copied by as many functions as there are: who begins it asks for its ranges by the queue, who brings
// over the last of them has the change carried out, which finds all parts there and makes them one object. Tasks that
// never come cost time alone: the change is looked at again after a while, and brings over what is missing.

import type { CopyJob } from '#shared/copy/job.ts'
import { BeginAnew } from '#shared/copy/job.ts'
import { copyRange } from '#shared/copy/ranges.ts'
import type { Task } from '#shared/platform.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed, truthOf } from './context.ts'
import type { RangeFields, ReplicateFields } from './task.ts'
import { replicateTask } from './task.ts'

/** A range takes some seconds; by then none is under way any more, as a rule. */
const AFTER_ALL_SECONDS = 120

/** Undefined where nobody else would come, or has been asked already. */
export function shareCopy(
  context: ReplicationContext,
  fields: ReplicateFields,
  at: string,
): CopyJob['share'] {
  if (!context.shares || fields.shared) return undefined
  const of: ReplicateFields = { ...fields, shared: true }
  return async ({ uploadId, missing }) => {
    // First, so that nothing is lost if this ends in between.
    await context.send([replicateTask(of)], { delaySeconds: AFTER_ALL_SECONDS })
    await context.send(
      missing.map((range): Task => ({ v: 1, kind: 'copy-range', of, at, uploadId, ...range })),
    )
  }
}

export async function rangeStep(
  context: ReplicationContext,
  { of, at, uploadId, firstPart, lastPart }: RangeFields,
): Promise<readonly Task[]> {
  const [from, to] = [truthOf(context), storeNamed(context, at)]
  try {
    const job: CopyJob = { from, to, key: of.key, mode: 'overwrite' }
    const isWhole = await copyRange(job, uploadId, { firstPart, lastPart })
    return isWhole ? [replicateTask(of)] : []
  } catch (error) {
    // The copy is through, or the source is another by now: whoever carries out the change sees to that.
    if (error instanceof BeginAnew) return []
    throw error
  }
}

// A range of one large object that many functions bring over at once: one hands out what is missing of it (`share`
// of a copy), as many as there are bring over a range each, and the copy of it then finds all parts there. A range may
// be done twice, or by two at once.

import { bringParts } from './in-parts.ts'
import type { CopyJob } from './job.ts'
import { sourceChanged } from './job.ts'
import type { PartsCopy } from './parts-copy.ts'
import { takeUp } from './parts-copy.ts'
import type { PartRange } from './share.ts'
import { within } from './share.ts'

/**
 * Brings over what is missing of the range, and tells whether all is there by then. Fails with `BeginAnew` when the
 * copy it belongs to was ended.
 */
export async function copyRange(
  job: CopyJob,
  uploadId: string,
  range: PartRange,
): Promise<boolean> {
  const copy = await find(job, uploadId)
  await bringParts(copy, within(copy, range))
  const { done, cut } = await find(job, uploadId)
  return done.size === cut.length
}

async function find(job: CopyJob, uploadId: string): Promise<PartsCopy> {
  const source = await job.from.find(job.key, { signal: job.signal })
  const copy = source && (await takeUp(job, source, uploadId))
  if (!copy) throw sourceChanged(job)
  return copy
}

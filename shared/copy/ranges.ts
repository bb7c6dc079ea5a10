// One large object copied by many functions at once: planned by one, brought over range by range by as many as
// there are, finished by whichever finds that all of it is there. A range may be done twice, or by two at once.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { commit } from './commit.ts'
import { arrivedBytes, bringParts } from './in-parts.ts'
import type { Copied, CopyJob } from './job.ts'
import { sourceChanged } from './job.ts'
import type { PartsCopy } from './parts-copy.ts'
import { openParts, takeUp } from './parts-copy.ts'

/** Part numbers, both inclusive. */
export interface PartRange {
  firstPart: number
  lastPart: number
}

/** Plain data, for a message on a queue. */
export interface PartsPlan {
  /** Names this very copy: of this version of the source, at this destination. */
  uploadId: string
  partBytes: number
  parts: number
  /** What is not there yet, cut as was asked. */
  missing: PartRange[]
}

/** Begins the copy of an object that is large enough for parts, or finds it under way. */
export async function planParts(
  job: CopyJob,
  source: ObjectInfo,
  partsInRange: number,
): Promise<PartsPlan> {
  const copy = await openParts(job, source)
  const { uploadId, partBytes } = copy.state
  const missing: PartRange[] = []
  for (let firstPart = 1; firstPart <= copy.cut.length; firstPart += partsInRange) {
    const range = { firstPart, lastPart: Math.min(firstPart + partsInRange - 1, copy.cut.length) }
    if (within(copy, range).some(({ partNumber }) => !copy.done.has(partNumber)))
      missing.push(range)
  }
  return { uploadId, partBytes, parts: copy.cut.length, missing }
}

/** Brings over what is missing of the range. Fails with `BeginAnew` when the copy it belongs to was ended. */
export async function copyRange(job: CopyJob, uploadId: string, range: PartRange): Promise<void> {
  const copy = await find(job, uploadId)
  await bringParts(copy, within(copy, range))
}

/** Undefined while parts are missing. */
export async function finishParts(job: CopyJob, uploadId: string): Promise<Copied | undefined> {
  const copy = await find(job, uploadId)
  if (copy.done.size < copy.cut.length) return undefined
  return { ...(await commit(copy)), resumedBytes: arrivedBytes(copy) }
}

async function find(job: CopyJob, uploadId: string): Promise<PartsCopy> {
  const source = await job.from.find(job.key, { signal: job.signal })
  const copy = source && (await takeUp(job, source, uploadId))
  if (!copy) throw sourceChanged(job)
  return copy
}

function within({ cut }: PartsCopy, { firstPart, lastPart }: PartRange) {
  return cut.slice(firstPart - 1, lastPart)
}

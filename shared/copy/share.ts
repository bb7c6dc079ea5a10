// A large copy handed out in ranges of parts, so that many functions bring over one object. Whoever began it is told
// what is missing, sends that to others, and pauses; who finds all of it there commits it.

import type { CopyJob } from './job.ts'
import type { PartsCopy } from './parts-copy.ts'

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

/** 256 MiB at the usual size of parts: some seconds of one function's time. */
const PARTS_IN_RANGE = 32
/** Fewer are brought over sooner than they are handed out. */
const WORTH_SHARING = 4

export function planOf(copy: PartsCopy, partsInRange: number): PartsPlan {
  const { uploadId, partBytes } = copy.state
  const parts = copy.cut.length
  const missing: PartRange[] = []
  for (let firstPart = 1; firstPart <= parts; firstPart += partsInRange) {
    const range = { firstPart, lastPart: Math.min(firstPart + partsInRange - 1, parts) }
    if (within(copy, range).some(({ partNumber }) => !copy.done.has(partNumber)))
      missing.push(range)
  }
  return { uploadId, partBytes, parts, missing }
}

export function within({ cut }: PartsCopy, { firstPart, lastPart }: PartRange) {
  return cut.slice(firstPart - 1, lastPart)
}

/** True when others have been asked to bring it over. */
export async function handedOut(
  copy: PartsCopy,
  share: NonNullable<CopyJob['share']>,
): Promise<boolean> {
  const plan = planOf(copy, PARTS_IN_RANGE)
  if (plan.missing.length < WORTH_SHARING) return false
  await share(plan)
  return true
}

// Several may bring over one object at once, and one of them ends it. To the others what they had built up is gone,
// or the destination is not as they saw it: where that is because it holds this very copy, theirs is ended as well.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { carry } from './carry.ts'
import { findLanded } from './condition.ts'
import type { Copied, CopyJob } from './job.ts'
import { BeginAnew } from './job.ts'
import type { PartsCopy } from './parts-copy.ts'
import { passedDigests } from './parts-copy.ts'
import { conclude, proofFor } from './proof.ts'

/** Undefined where it is not there, or nobody can tell that it is this one. */
export async function endedByAnother(
  job: CopyJob,
  source: ObjectInfo,
  copy: PartsCopy | undefined,
  error: unknown,
): Promise<Omit<Copied, 'resumedBytes'> | undefined> {
  if (!mayBeEnded(job, error)) return undefined
  const passed = copy ? passedDigests(copy) : {}
  const { properties, losses } = await (copy?.carried() ?? carry(job, source))
  const digests = { ...passed, ...source.checksums }
  const { size } = source
  const info = await findLanded(job, { size, properties, digests, marked: job.own !== undefined })
  // What lay there before may be just like it, and be what was to be replaced.
  if (!info || (typeof job.mode === 'object' && info.etag === job.mode.ifMatch)) return undefined
  const proof = copy?.proof ?? proofFor(source, job.to)
  const proven = conclude(proof, source.checksums, info.checksums, passed, false)
  if (!proven) return undefined
  job.onProgress?.(size)
  const how = copy?.state.pulled ? 'provider' : 'parts'
  return { how, source, info, losses, ...proven }
}

/** Without a condition nobody knows what lay there when the copy began. */
function mayBeEnded({ mode, to }: CopyJob, error: unknown): boolean {
  if (mode === 'overwrite' || !isStorageError(error) || error.store !== to.name) return false
  return error instanceof BeginAnew || error.kind === 'exists' || error.kind === 'precondition'
}

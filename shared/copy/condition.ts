// What a write to the destination depends on. Where the store can hold the write to it, the store does; where
// it cannot, the destination is looked at right before. And when the answer to such a write was lost: whether
// what is there now is what was written.

import { compareDigests } from '#shared/compare/digests.ts'
import type { Digests } from '#shared/compare/digests.ts'
import type { ObjectInfo, ObjectProperties, PutMode } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { CopyJob } from './job.ts'
import { toKeyOf } from './job.ts'

interface Conditions {
  create: boolean
  match: boolean
}

/** The mode that the store itself can hold the write to. */
export function heldMode(mode: PutMode, can: Conditions): PutMode {
  if (mode === 'overwrite') return mode
  return (mode === 'create' ? can.create : can.match) ? mode : 'overwrite'
}

/** Looks at the destination where the store will not. A moment stays in between; a short one is all that can be had. */
export async function checkSeen(job: CopyJob, can: Conditions): Promise<void> {
  if (job.mode !== heldMode(job.mode, can)) await lookAtDestination(job)
}

/** Fails where it is not as the write is to find it. */
export async function lookAtDestination(job: CopyJob): Promise<void> {
  const { mode, to, signal } = job
  if (mode === 'overwrite') return
  const key = toKeyOf(job)
  const there = await to.find(key, { signal })
  if (mode === 'create' && there) {
    const message = `${quoteKey(key)} is in ${to.name} already; nothing was copied.`
    throw new StorageError('exists', message, { store: to.name, key })
  }
  if (typeof mode === 'object' && there?.etag !== mode.ifMatch) {
    const message = `${quoteKey(key)} in ${to.name} is not what it was when the copy began; nothing was copied.`
    throw new StorageError('precondition', message, { store: to.name, key })
  }
}

export interface Written {
  size: number
  properties: ObjectProperties
  digests: Digests
  /** The properties hold a mark that no other object has. */
  marked: boolean
}

/** Writes; when the answer is lost, what is there if it is this write's doing, and else the error. */
export async function writeOnce(
  job: CopyJob,
  written: Written,
  write: () => Promise<ObjectInfo>,
): Promise<ObjectInfo> {
  try {
    return await write()
  } catch (error) {
    const landed = isStorageError(error) && error.ambiguous && (await findLanded(job, written))
    if (landed) return landed
    throw error
  }
}

export async function findLanded(
  job: CopyJob,
  { size, properties, digests, marked }: Written,
): Promise<ObjectInfo | undefined> {
  const { to, signal } = job
  const there = await to.find(toKeyOf(job), { signal }).catch(() => undefined)
  if (there?.size !== size) return undefined
  const wanted = Object.entries(properties.metadata ?? {})
  const described = wanted.every(([name, value]) => there.metadata[name] === value)
  const same = compareDigests(there.checksums, digests)?.same ?? marked
  return described && same ? there : undefined
}

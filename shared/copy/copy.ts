// THE way bytes move between stores. One object from one store to another: by the provider itself where both
// are its own, small ones as one GET and one PUT, large ones in parts that survive whoever was copying. What
// arrives is proven by digests; a source that changes meanwhile is copied anew, and versions never mix.

import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { copyAtProvider } from './at-provider.ts'
import { copyInParts } from './in-parts.ts'
import type { Copied, CopyJob } from './job.ts'
import { BeginAnew, checkFits, wholeBytes } from './job.ts'
import { copyWhole } from './whole.ts'

/** A source that keeps changing is left to the next round. */
const ATTEMPTS = 3

export async function copyObject(job: CopyJob): Promise<Copied> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await copyOnce(job)
    } catch (error) {
      if (attempt === ATTEMPTS && error instanceof BeginAnew) throw forLater(error)
      if (!worthAnother(error, attempt)) throw error
      job.onProgress?.(0)
    }
  }
}

/** Bytes that were spoilt on their way come well the next time; those that are spoilt where they lie do not. */
function worthAnother(error: unknown, attempt: number): boolean {
  return error instanceof BeginAnew || (isStorageError(error, 'corrupt') && attempt === 1)
}

async function copyOnce(job: CopyJob): Promise<Copied> {
  const { from, key, size = 0, signal } = job
  checkFits(job, size)
  const atProvider = await copyAtProvider(job)
  if (atProvider) return atProvider
  if (size > wholeBytes(job)) {
    const source = await from.head(key, { signal })
    if (source.size > wholeBytes(job)) return copyInParts(job, source)
  }
  const whole = await copyWhole(job)
  return 'tooLarge' in whole ? copyInParts(job, whole.tooLarge) : whole
}

function forLater({ kind, message, store, key, cause }: BeginAnew): StorageError {
  return new StorageError(kind, message, { store, key, cause, retry: 'later' })
}

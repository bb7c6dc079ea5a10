// The end of a copy in parts: all are there, their digests add up to the source's, the source is still the same,
// the destination still as it was seen. Then they become one object, and what it is known by is told.

import type { Digests } from '#shared/compare/digests.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { removeSame } from './aside.ts'
import { checkSeen, findLanded, heldMode } from './condition.ts'
import { identityOf } from './identity.ts'
import type { Copied } from './job.ts'
import { BeginAnew, UploadGone, partsChanged, sourceChanged, toKeyOf, uploadGone } from './job.ts'
import type { PartsCopy } from './parts-copy.ts'
import { drop, forget, passedDigests } from './parts-copy.ts'
import type { Proven } from './proof.ts'
import { checkAgainstSource, checksumForCommit, conclude } from './proof.ts'

export async function commit(copy: PartsCopy): Promise<Omit<Copied, 'resumedBytes'>> {
  const { job, source, state } = copy
  const passed = passedDigests(copy)
  try {
    checkAgainstSource(job, source.checksums, passed)
    await checkSameStill(copy)
    await checkSeen(job, job.to.capabilities.multipart!)
    const info = await complete(copy, passed)
    const proven = await prove(copy, info, passed)
    await forget(copy)
    const { losses } = await copy.carried()
    return { how: state.pulled ? 'provider' : 'parts', source, info, losses, ...proven }
  } catch (error) {
    if (error instanceof UploadGone) await forget(copy)
    else if (isFinal(error)) await drop(copy)
    throw error
  }
}

/** What the parts are of, or are for, is not so any more, or they are wrong: nobody will go on with them. */
function isFinal(error: unknown): boolean {
  const ends = ['corrupt', 'exists', 'precondition', 'invalid', 'too-large'] as const
  return error instanceof BeginAnew || ends.some((kind) => isStorageError(error, kind))
}

/** Bytes of one version are together by now; they are only worth committing if it is still the one there. */
async function checkSameStill({ job, source }: PartsCopy): Promise<void> {
  const now = await job.from.find(job.key, { signal: job.signal })
  if (!now || identityOf(now) !== identityOf(source)) throw sourceChanged(job)
}

async function complete(copy: PartsCopy, passed: Digests): Promise<ObjectInfo> {
  const { job, source, proof, cut, done, state } = copy
  const { to, signal } = job
  const key = toKeyOf(job)
  const { properties } = await copy.carried()
  const checksum = checksumForCommit(proof, source.checksums, passed)
  const mode = heldMode(job.mode, to.capabilities.multipart!)
  const parts = cut.map(({ partNumber }) => done.get(partNumber)!.part)
  const options = { ...properties, mode, ...(checksum && { checksum }), signal }
  const digests = { ...passed, ...source.checksums }
  const written = { size: source.size, properties, digests, marked: job.own !== undefined }
  for (let lost = false; ; lost = true) {
    try {
      return await to.groups.multipart.complete(key, state.uploadId, parts, options)
    } catch (error) {
      const unknown = lost || (isStorageError(error) && error.ambiguous)
      const landed = unknown && (await findLanded(job, written))
      if (landed) return landed
      if (isStorageError(error, 'not-found')) throw uploadGone(job, error)
      if (isStorageError(error, 'invalid')) throw partsChanged(job, error)
      // It did not land, or not yet: the same again does no harm, for only one of them can.
      if (!unknown || lost) throw error
    }
  }
}

async function prove(copy: PartsCopy, info: ObjectInfo, passed: Digests): Promise<Proven> {
  const { job, proof, source, done } = copy
  const { to } = job
  const part = to.capabilities.multipart?.digests.part
  const told = [...done.values()].every(({ part: one }) => one.checksum?.algorithm === part)
  const md5 = part === 'md5' && proof.inFlight.includes('md5')
  const proven = conclude(proof, source.checksums, info.checksums, passed, md5 || told)
  if (proven) return proven
  // It stands where a right one is wanted: whoever reads it is better off with nothing.
  const key = toKeyOf(job)
  await removeSame(to, { ...info, key })
  const message = `${to.name} holds other bytes of ${quoteKey(key)} than were copied, so they were removed; copy it again.`
  throw new StorageError('corrupt', message, { store: to.name, key })
}

// A copy that the provider makes by itself: between its own buckets, without the bytes passing here, of the very
// version that was looked at. Whether the destination's credentials reach the source can only be tried; where
// they do not, the bytes move.

import { compareDigests } from '#shared/compare/digests.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { carry } from './carry.ts'
import { checkSeen, heldMode, writeOnce } from './condition.ts'
import { identityOf } from './identity.ts'
import { copyInParts } from './in-parts.ts'
import type { Copied, CopyJob } from './job.ts'
import { checkFits, sourceChanged, toKeyOf, wholeBytes } from './job.ts'
import { isRefusal, rememberRefusal, sameHome, wasRefused } from './pull.ts'

/** A larger object than so many parts takes a provider too long for one request. */
const PARTS_IN_ONE_REQUEST = 64

/** Undefined where the bytes have to move. */
export async function copyAtProvider(job: CopyJob): Promise<Copied | undefined> {
  const { from, to, key, through, signal } = job
  const { copy, put, multipart } = to.capabilities
  if (through === 'here' || copy === null || !sameHome(from, to) || wasRefused(job))
    return undefined
  // The store holds its writes to this condition, and its copies not.
  if (heldMode(job.mode, put) !== heldMode(job.mode, copy)) return undefined
  const source = await from.head(key, { signal })
  checkFits(job, source.size)
  const inOne = to.transfer.partSizeBytes * PARTS_IN_ONE_REQUEST
  if (multipart?.pulls != null && source.size > inOne) return copyInParts(job, source)
  // What it would not vouch for is better read, where that costs no more.
  const vouched = multipart === null || multipart.digests.whole.length > 0
  if (source.size > copy.maxBytes || (!vouched && source.size <= wholeBytes(job))) return undefined
  try {
    return await copyWhole(job, source)
  } catch (error) {
    if (!isRefusal(error)) throw error
    rememberRefusal(job)
    return undefined
  }
}

async function copyWhole(job: CopyJob, source: ObjectInfo): Promise<Copied> {
  const { from, to, key, storageClass, signal } = job
  const can = to.capabilities.copy!
  const { properties, losses } = await carry(job, source)
  await checkSeen(job, can)
  const mode = heldMode(job.mode, can)
  const origin = {
    key: from.fullKey(key),
    seen: { ...source, key: from.fullKey(key) },
    ...(from.bucket !== to.bucket && { bucket: from.bucket }),
    ...(can.sourceMatch && { ifMatch: source.etag }),
    ...(from.capabilities.versions && { version: source.version }),
  }
  const toKey = toKeyOf(job)
  const call = {
    ...{ operation: 'copy', key: toKey, conditional: mode !== 'overwrite', signal },
    timeoutSeconds: to.timeouts.copySeconds,
  }
  const full = to.fullKey(toKey)
  const digests = source.checksums
  const written = { size: source.size, properties, digests, marked: job.own !== undefined }
  const copy = () =>
    to.call(call, (driver, attempt) =>
      driver.copy(origin, full, { mode, properties, storageClass, signal: attempt }),
    )
  const info = await writeOnce(job, written, async () => to.strip(await copy())).catch(
    (error: unknown) => whose(job, source, error),
  )
  if (!can.sourceMatch) await checkUnchanged(job, source)
  job.onProgress?.(source.size)
  return { how: 'provider', source, info, losses, resumedBytes: 0, ...prove(job, source, info) }
}

/** A condition that did not hold is the source's or the destination's: no provider tells which. */
async function whose(job: CopyJob, source: ObjectInfo, error: unknown): Promise<never> {
  if (isStorageError(error, 'precondition')) await checkUnchanged(job, source)
  throw error
}

async function checkUnchanged(job: CopyJob, source: ObjectInfo): Promise<void> {
  const now = await job.from.find(job.key, { signal: job.signal })
  if (!now || identityOf(now) !== identityOf(source)) throw sourceChanged(job)
}

function prove({ to }: CopyJob, source: ObjectInfo, info: ObjectInfo) {
  const compared = compareDigests(source.checksums, info.checksums)
  if (compared === undefined) return { evidence: 'recorded' as const }
  const { algorithm, same } = compared
  if (same) {
    const digest = { algorithm, value: source.checksums[algorithm]! }
    return { evidence: 'declared' as const, digest }
  }
  const message = `${to.name} holds other bytes of ${quoteKey(info.key)} than it was to copy, by its ${algorithm} digest; copy it again.`
  throw new StorageError('corrupt', message, { store: to.name, key: info.key })
}

// Parts that the destination's provider reads by itself: from its own buckets, or, where it takes any signed
// URL, from another provider. It can only be tried whether its credentials reach there: a refusal is
// remembered for a while, and the bytes move through here.

import type { Part } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Piece } from './cut.ts'
import type { CopyJob } from './job.ts'
import { BeginAnew, toKeyOf } from './job.ts'
import type { PartsCopy } from './parts-copy.ts'
import type { Proof } from './proof.ts'

/** The header that carries the URL takes no more. */
const MAX_URL_LENGTH = 2048
const URL_SECONDS = 3600
const REMEMBERED_MILLISECONDS = 600_000

const refusals = new Map<string, number>()

function pairOf({ from, to }: CopyJob): string {
  return JSON.stringify([from.home, from.bucket, to.home, to.bucket])
}

export function wasRefused(job: CopyJob): boolean {
  const at = refusals.get(pairOf(job))
  return at !== undefined && performance.now() - at < REMEMBERED_MILLISECONDS
}

export function rememberRefusal(job: CopyJob): void {
  refusals.set(pairOf(job), performance.now())
}

/** What a provider says that may not, or cannot, read the source. */
const REFUSES: ReadonlySet<ErrorKind> = new Set([
  'denied',
  'unauthenticated',
  'not-found',
  'invalid',
  'unsupported',
])

export function isRefusal(error: unknown): boolean {
  return isStorageError(error) && REFUSES.has(error.kind)
}

export function sameHome(from: Store, to: Store): boolean {
  return from.home !== undefined && from.home === to.home
}

/** Of another provider's bytes nothing is known here but what both sides tell, so they have to tell it. */
export function pullable(job: CopyJob, proof: Proof): boolean {
  const { from, to, through } = job
  const pulls = to.capabilities.multipart?.pulls ?? null
  if (through === 'here' || pulls === null || wasRefused(job)) return false
  if (sameHome(from, to)) return true
  const signs = from.capabilities.presign?.actions.includes('get') === true
  return pulls === 'anywhere' && signs && proof.parts !== undefined
}

export async function pullPart(
  copy: PartsCopy,
  { partNumber, first, size }: Piece,
  signal: AbortSignal,
): Promise<Part> {
  const { job, source, state } = copy
  const { from, to } = job
  const key = toKeyOf(job)
  const timeoutSeconds = to.timeouts.copySeconds
  try {
    const origin = await originOf(copy)
    // Only a provider's own objects are sure to be held to the provider's own condition.
    const ifMatch = sameHome(from, to) ? source.etag : undefined
    return await to.call({ operation: 'part', key, signal, timeoutSeconds }, (driver, attempt) =>
      driver.multipart!.pull!(
        to.fullKey(key),
        state.uploadId,
        partNumber,
        { from: origin, ifMatch, first, size },
        { signal: attempt },
      ),
    )
  } catch (error) {
    throw signal.aborted ? error : afterPull(job, error)
  }
}

/** Where it is, for the provider to find it; the version, where there are any. */
async function originOf({ job: { from, to, key }, source: { version } }: PartsCopy) {
  if (to.capabilities.multipart?.pulls === 'provider') {
    return { bucket: from.bucket, key: from.fullKey(key), version }
  }
  const { url } = await from.presign({
    ...{ action: 'get', key, expiresInSeconds: URL_SECONDS },
    ...(from.capabilities.versions && version !== undefined && { version }),
  })
  if (url.length <= MAX_URL_LENGTH) return { url }
  throw new BeginAnew('unsupported', 'The URL of the source is longer than its header may be.')
}

/** What is not the source's doing moves by another way, or by the same one later. */
function afterPull(job: CopyJob, error: unknown): unknown {
  if (isStorageError(error, 'precondition')) {
    const { message, store } = error
    return new BeginAnew('precondition', message, { store, key: job.key, cause: error })
  }
  const foreign = !sameHome(job.from, job.to)
  if (!isRefusal(error) && !foreign) return error
  rememberRefusal(job)
  const message = `${job.to.name} does not read ${job.from.name} by itself; the bytes move through here.`
  return new BeginAnew('unsupported', message, { store: job.to.name, key: job.key, cause: error })
}

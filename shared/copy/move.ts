// One part moved through here: the body of one ranged GET, on condition that the source is still the same, is
// the body of one part's PUT. Together they are tried again when either breaks off.

import type { Driver, GetResult, Part } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { DigestsLost } from '#shared/wire/digests-lost.ts'
import type { PassingDigests } from '#shared/wire/passing-digests.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'
import { BODIES_STAY_OUTSIDE } from '#shared/wire/worker-streams.ts'
import type { Piece } from './cut.ts'
import type { CopyJob } from './job.ts'
import { asSourceChange, toKeyOf, uploadGone } from './job.ts'
import type { DonePart, PartsCopy } from './parts-copy.ts'
import { passing } from './passing.ts'
import { digestsOfPart } from './proof.ts'

/** A part is given this long beyond the usual time: a slower line counts as dead. */
const SLOWEST_BYTES_PER_SECOND = 64 * 1024

export async function movePart(
  copy: PartsCopy,
  piece: Piece,
  signal: AbortSignal,
): Promise<DonePart> {
  const { job, proof } = copy
  const { to } = job
  const key = toKeyOf(job)
  const timeoutSeconds = to.timeouts.requestSeconds + piece.size / SLOWEST_BYTES_PER_SECOND
  return to.call({ operation: 'part', key, signal, timeoutSeconds }, async (driver, attempt) => {
    const hashing = startPassingDigests(proof.inFlight, to.startInThread)
    try {
      const part = await sendPiece(copy, piece, hashing, driver, attempt)
      return { part, digests: digestsOfPart(job, proof, part, await hashing.values()) }
    } catch (error) {
      throw error instanceof DigestsLost ? unhashed(job, error) : error
    } finally {
      hashing.drop()
    }
  })
}

/** The next try hashes them where they pass. */
function unhashed({ to, key }: CopyJob, cause: unknown): StorageError {
  const message = `A part of ${quoteKey(key)} could not be hashed on its way to ${to.name}; it is sent again.`
  return new StorageError('unavailable', message, { store: to.name, key, retry: 'now', cause })
}

/** The bytes that pass are taken into `hashing`. */
async function sendPiece(
  copy: PartsCopy,
  piece: Piece,
  hashing: PassingDigests,
  driver: Driver,
  signal: AbortSignal,
): Promise<Part> {
  const { job, state, proof } = copy
  const { size, partNumber } = piece
  const { body, framed = false } = await readPiece(copy, piece, signal)
  const untouched = framed && BODIES_STAY_OUTSIDE && proof.inFlight.length === 0
  const toError = (cause: unknown) => brokenOff(copy, cause)
  const passed = untouched
    ? { stream: body, framed: 'answer' as const, failure: () => undefined }
    : passing({ body, framed, size, hashing, toError })
  const { failure, ...stream } = passed
  const full = job.to.fullKey(toKeyOf(job))
  return driver
    .multipart!.part(full, state.uploadId, partNumber, { ...stream, size }, { signal })
    .catch((error: unknown) => {
      throw isStorageError(error, 'not-found') ? uploadGone(job, error) : (failure() ?? error)
    })
}

async function readPiece(
  { job, source }: PartsCopy,
  { first, size }: Piece,
  signal: AbortSignal,
): Promise<GetResult> {
  const { from, key } = job
  const full = from.fullKey(key)
  const range = { first, last: first + size - 1 }
  const version = from.capabilities.versions ? source.version : undefined
  try {
    // Once: the part as a whole is what is tried again.
    const once = { operation: 'get', key, signal, forBody: true, repeatable: false }
    return await from.call(once, (driver, attempt) =>
      driver.get(full, { range, ifMatch: source.etag, version, signal: attempt }),
    )
  } catch (error) {
    throw asSourceChange(error, job)
  }
}

function brokenOff({ job: { from, key } }: PartsCopy, cause: unknown): unknown {
  if (isStorageError(cause)) return cause
  const message = `${from.name} broke off while sending ${quoteKey(key)}; it can be read again.`
  return new StorageError('unavailable', message, { store: from.name, key, retry: 'now', cause })
}

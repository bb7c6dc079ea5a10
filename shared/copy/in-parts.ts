// A large object, in parts. What an earlier try brought over stays; the source is looked at once more right
// before the commit, and the commit holds only while the destination is as it was seen.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { BODIES_STAY_OUTSIDE } from '#shared/wire/worker-streams.ts'
import type { Piece } from './cut.ts'
import { commit } from './commit.ts'
import { endedByAnother } from './ended.ts'
import type { Copied, CopyJob } from './job.ts'
import { BeginAnew, UploadGone } from './job.ts'
import { movePart } from './move.ts'
import type { DonePart, PartsCopy } from './parts-copy.ts'
import { arrivedBytes, drop, openParts, recordsParts } from './parts-copy.ts'
import { digestsOfPart } from './proof.ts'
import { pullPart } from './pull.ts'
import { handedOut } from './share.ts'

/** Time is up; the parts that are through stay, and the next call goes on from them. */
export class CopyPaused extends Error {
  constructor(key: string) {
    super(`The copy of ${quoteKey(key)} goes on later.`)
    this.name = 'CopyPaused'
  }
}

/** Others have been asked to bring over what is missing. */
export class CopyShared extends CopyPaused {}

export async function copyInParts(job: CopyJob, source: ObjectInfo): Promise<Copied> {
  let copy: PartsCopy | undefined
  let resumedBytes = source.size
  try {
    copy = await openParts(job, source)
    resumedBytes = arrivedBytes(copy)
    if (job.share && (await handedOut(copy, job.share))) throw new CopyShared(job.key)
    await bringParts(copy, copy.cut)
    return { ...(await commit(copy)), resumedBytes }
  } catch (error) {
    const ended = await endedByAnother(job, source, copy, error)
    if (ended) return { ...ended, resumedBytes }
    throw error
  }
}

/** Those of the pieces that are missing, a few at a time. */
export async function bringParts(copy: PartsCopy, pieces: readonly Piece[]): Promise<void> {
  const { job, done } = copy
  const missing = pieces.filter(({ partNumber }) => !done.has(partNumber))
  const stop = new AbortController()
  const signal = job.signal ? AbortSignal.any([job.signal, stop.signal]) : stop.signal
  const records: Promise<void>[] = []
  let bytes = arrivedBytes(copy)
  job.onProgress?.(bytes)
  const lane = async (): Promise<void> => {
    for (let piece = missing.shift(); piece !== undefined; piece = missing.shift()) {
      signal.throwIfAborted()
      if (job.mayGoOn?.() === false) throw new CopyPaused(job.key)
      const part = await bringPart(copy, piece, signal)
      done.set(piece.partNumber, part)
      records.push(keep(copy, part))
      bytes += piece.size
      job.onProgress?.(bytes)
    }
  }
  // The first failure ends the others, but a pause lets those finish that are on their way.
  const failures: unknown[] = []
  const guarded = () =>
    lane().catch((error: unknown) => {
      failures.push(error)
      if (!(error instanceof CopyPaused)) stop.abort(error)
    })
  const lanes = Math.min(lanesOf(copy), missing.length)
  await Promise.all(Array.from({ length: lanes }, guarded))
  const kept = await Promise.allSettled(records)
  for (const one of kept) if (one.status === 'rejected') failures.push(one.reason)
  const failure = failures.find((error) => !(error instanceof CopyPaused)) ?? failures[0]
  if (failure instanceof BeginAnew && !(failure instanceof UploadGone)) await drop(copy)
  if (failure !== undefined) throw failure
}

/**
 * A Worker has six connections at once, and a part takes two:
 * https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections
 */
const LANES_OF_WORKER = 3

function lanesOf({ job, proof }: PartsCopy): number {
  const { concurrency } = job.to.transfer
  if (!BODIES_STAY_OUTSIDE) return concurrency
  // More than one would not fit its 128 MB, where it has to look at the bytes.
  return Math.min(concurrency, proof.inFlight.length > 0 ? 1 : LANES_OF_WORKER)
}

async function bringPart(copy: PartsCopy, piece: Piece, signal: AbortSignal): Promise<DonePart> {
  if (!copy.state.pulled) return movePart(copy, piece, signal)
  const part = await pullPart(copy, piece, signal)
  return { part, digests: digestsOfPart(copy.job, copy.proof, part, {}) }
}

/** For whoever goes on with this copy. */
async function keep(copy: PartsCopy, { part, digests }: DonePart): Promise<void> {
  if (!recordsParts(copy)) return
  const { partNumber, etag } = part
  await copy.record.addPart(copy.state.uploadId, partNumber, { etag, digests })
}

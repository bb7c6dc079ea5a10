// An upload in parts: in parallel, each from its own slice, skipping what has arrived. URLs are asked for in
// batches when they run out, and anew when they have expired. The first part that fails for good stops the rest.

import type { Api } from './api.ts'
import { crc32c } from './crc32c.ts'
import { SkeinError } from './errors.ts'
import type { Progress } from './progress.ts'
import type {
  ArrivedPart,
  CompleteRequest,
  PartRequest,
  PartsPlan,
  PartsRequest,
} from './protocol.ts'
import type { Line } from './sending.ts'
import { deliver } from './sending.ts'
import type { Source } from './source.ts'

type SentPart = NonNullable<CompleteRequest['parts']>[number]

export interface PartsJob {
  api: Api
  line: Line
  source: Source
  progress: Progress
  concurrency: number
  id: string
  /** How the object is cut. */
  size: number
  count: number
  requests: readonly PartRequest[]
  arrived: readonly ArrivedPart[]
  /** Of the URLs that are asked for. */
  expiresInSeconds: number | undefined
  /** The upload has another id from now on. */
  onId(id: string): Promise<void>
}

export async function sendParts(job: PartsJob): Promise<SentPart[]> {
  const sent = await keepArrived(job)
  const missing = Array.from({ length: job.count }, (_, i) => i + 1).filter((n) => !sent.has(n))
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, ...(job.line.signal ? [job.line.signal] : [])])
  const line = { ...job.line, signal }
  const signatures = createSignatures(job, missing, signal)
  const queue = [...missing]
  async function work(): Promise<void> {
    for (let n = queue.shift(); n !== undefined; n = queue.shift()) {
      sent.set(n, await sendPart({ ...job, line }, signatures, n))
    }
  }
  const workers = Array.from({ length: Math.min(job.concurrency, missing.length) }, work)
  try {
    await Promise.all(workers)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(workers)
    throw error
  }
  return [...sent.values()].toSorted((a, b) => a.partNumber - b.partNumber)
}

/** Those that are whole; and, where the store tells a digest, the same bytes as here. */
async function keepArrived(job: PartsJob): Promise<Map<number, SentPart>> {
  const kept = new Map<number, SentPart>()
  for (const { partNumber, size, etag, checksum } of job.arrived) {
    const slice = sliceOf(job, partNumber)
    if (slice.size !== size) continue
    if (checksum?.algorithm === 'crc32c' && checksum.value !== (await crc32c(slice))) continue
    kept.set(partNumber, { partNumber, size, ...(etag !== undefined && { etag }) })
    job.progress.set(partNumber, size)
  }
  return kept
}

function sliceOf({ source, size }: PartsJob, partNumber: number): Blob {
  const first = (partNumber - 1) * size
  return source.slice(first, Math.min(first + size, source.size))
}

async function sendPart(job: PartsJob, signatures: Signatures, n: number): Promise<SentPart> {
  const body = sliceOf(job, n)
  const signed = await signatures.take(n)
  if (signed.size !== body.size) {
    throw new SkeinError('internal', `Skein cuts part ${n} otherwise than it planned the upload.`)
  }
  const answer = await deliver(job.line, {
    what: `part ${n} of ${job.count}`,
    signed,
    body,
    renew: () => signatures.renew(n),
    whole: false,
    create: false,
    onProgress: (bytes) => job.progress.set(n, bytes),
  })
  job.progress.set(n, body.size)
  const etag = answer?.header('etag')
  return { partNumber: n, size: body.size, ...(etag && { etag }) }
}

interface Signatures {
  take(partNumber: number): Promise<PartRequest>
  /** Another one than was taken last. */
  renew(partNumber: number): Promise<PartRequest>
}

const BATCH = 100

/** One request for URLs at a time, whoever needs them. */
function createSignatures(
  job: PartsJob,
  missing: readonly number[],
  signal: AbortSignal,
): Signatures {
  let ready = new Map(job.requests.map((one) => [one.partNumber, one]))
  let asking: Promise<void> | undefined
  const taken = new Map<number, PartRequest>()
  let { id } = job

  async function ask(from: number): Promise<void> {
    const partNumbers = missing.filter((n) => n >= from).slice(0, BATCH)
    const body: PartsRequest = { partNumbers, expiresInSeconds: job.expiresInSeconds }
    const plan = await job.api.call<PartsPlan>('POST', `uploads/${id}/parts`, { body, signal })
    if (plan.id !== id) await job.onId((id = plan.id))
    ready = new Map(plan.parts.requests.map((one) => [one.partNumber, one]))
  }

  async function take(n: number): Promise<PartRequest> {
    for (let asked = 0; !ready.has(n); asked++) {
      if (asked > job.concurrency) {
        throw new SkeinError('internal', `Skein was asked to sign part ${n} and did not.`)
      }
      await (asking ??= ask(n).finally(() => (asking = undefined)))
    }
    const one = ready.get(n)!
    taken.set(n, one)
    return one
  }

  return {
    take,
    renew(n) {
      // Those that were signed with it have expired with it.
      if (ready.get(n) === taken.get(n)) ready = new Map()
      return take(n)
    },
  }
}

// One resumable session of Cloud Storage: begun with a signed request, fed in chunks, and asked where it is
// whenever that is not known. Whoever knows its address may write to it, for a week.
// https://cloud.google.com/storage/docs/performing-resumable-uploads

import { retry } from './backoff.ts'
import { SkeinError } from './errors.ts'
import type { Progress } from './progress.ts'
import type { SignedRequest } from './protocol.ts'
import type { Line } from './sending.ts'
import { checkAnswer, deliver } from './sending.ts'
import type { Source } from './source.ts'
import type { Answer } from './transport.ts'

/** Chunks but the last are multiples of this. */
const UNIT_BYTES = 256 * 1024
const INCOMPLETE = 308

export interface SessionJob {
  line: Line
  source: Source
  progress: Progress
  chunkBytes: number
}

/** Begins the session; resolves with its address. */
export async function beginSession(
  line: Line,
  signed: SignedRequest,
  renew: () => Promise<SignedRequest>,
): Promise<string> {
  const answer = await deliver(line, {
    what: 'the beginning of the upload',
    signed,
    body: new Blob(),
    renew,
    whole: false,
    create: false,
    onProgress: () => undefined,
  })
  const address = answer?.header('location')
  if (address) return address
  throw new SkeinError(
    'unsupported',
    'The bucket shows no Location of the upload: `skein setup` writes the CORS rule that does.',
  )
}

/** Sends what is missing, from wherever the session is. False when there is no such session any more. */
export async function feedSession(
  job: SessionJob,
  address: string,
  isNew: boolean,
): Promise<boolean> {
  const { line, source, progress } = job
  let at = isNew ? 0 : await again(line, () => ask(job, address))
  while (at !== undefined && !isDone(at, source)) {
    progress.set(0, at)
    const known: number = at
    let unsure = false
    at = await again(line, async () => {
      const offset = unsure ? await ask(job, address) : known
      unsure = true
      if (offset === undefined || isDone(offset, source)) return offset
      const next = await sendChunk(job, address, offset)
      if (next !== undefined && next <= offset) throw stuck()
      return next
    })
  }
  if (at !== undefined) progress.set(0, source.size)
  return at !== undefined
}

/** It may keep less than it was sent, and something of it; or a page may not read how much. */
function stuck(): SkeinError {
  const message =
    'The store has kept nothing of a piece of the upload, or the bucket shows no Range: `skein setup` writes the CORS rule that does.'
  return new SkeinError('unavailable', message, { passing: true })
}

/** Whoever gives up says so, that nothing is kept of it. */
export async function cancelSession({ send }: Line, url: string): Promise<void> {
  await send({ signed: { method: 'DELETE', url, headers: {} }, body: undefined })
}

function again<T>({ patience, signal }: Line, attempt: () => Promise<T>): Promise<T> {
  return retry(attempt, patience, signal)
}

/** Beyond every end: an empty object too is done only when the store has said so. */
const DONE = Number.MAX_SAFE_INTEGER

function isDone(offset: number, { size }: Source): boolean {
  return offset > size
}

function sendChunk(job: SessionJob, address: string, at: number): Promise<number | undefined> {
  const { source, chunkBytes, progress } = job
  const length = Math.max(UNIT_BYTES, chunkBytes - (chunkBytes % UNIT_BYTES))
  const end = Math.min(at + length, source.size)
  // Where nothing is left to send, as of an empty object, asking finishes it.
  const range = at === end ? `bytes */${end}` : `bytes ${at}-${end - 1}/${source.size}`
  return put(job, address, range, source.slice(at, end), (sent) => progress.set(0, at + sent))
}

function ask(job: SessionJob, address: string): Promise<number | undefined> {
  return put(job, address, `bytes */${job.source.size}`, new Blob(), () => undefined)
}

/** Where the store wants to go on; undefined when there is no such session. */
async function put(
  { line }: SessionJob,
  url: string,
  range: string,
  body: Blob,
  onProgress: (sentBytes: number) => void,
): Promise<number | undefined> {
  const signed = { method: 'PUT' as const, url, headers: { 'content-range': range } }
  const answer = await line.send({ signed, body, onProgress, signal: line.signal })
  if (answer.status === INCOMPLETE) return offsetIn(answer)
  if (answer.status === 404 || answer.status === 410) return undefined
  checkAnswer(answer, 'a piece of the upload')
  return DONE
}

/** Nothing has been kept where there is no Range. */
function offsetIn(answer: Answer): number {
  const last = /^bytes=0-(\d+)$/.exec(answer.header('range') ?? '')?.[1]
  return last === undefined ? 0 : Number(last) + 1
}

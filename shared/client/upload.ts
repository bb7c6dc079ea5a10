// One upload from the first question to the accepted object: asks for a plan, or takes up what a reload
// interrupted, sends the bytes as the plan says, and lets Skein verify what arrived. What fails for good is
// given up at the store too, unless it may be resumed.

import type { Api } from './api.ts'
import type { Patience } from './backoff.ts'
import { crc32c } from './crc32c.ts'
import { SkeinError } from './errors.ts'
import { sendParts } from './parts.ts'
import type { Progress, UploadProgress } from './progress.ts'
import { createProgress } from './progress.ts'
import type {
  ArrivedPart,
  Checksum,
  CompleteRequest,
  CompletedObject,
  PartRequest,
  SignedRequest,
  UploadPlan,
  UploadRequest,
  UploadState,
} from './protocol.ts'
import { beginSession, cancelSession, feedSession } from './resumable.ts'
import type { Memory, ResumeStore } from './resume.ts'
import { openMemory } from './resume.ts'
import type { Line } from './sending.ts'
import { deliver } from './sending.ts'
import type { Source, Uploadable } from './source.ts'
import { toSource } from './source.ts'
import type { Transport } from './transport.ts'

export interface UploadOptions extends Omit<UploadRequest, 'key' | 'size' | 'checksum'> {
  /** Of the whole; `crc32c` is computed here, by reading the file once more. */
  checksum?: Checksum | 'crc32c' | undefined
  onProgress?: ((progress: UploadProgress) => void) | undefined
  signal?: AbortSignal | undefined
  /** Parts on their way at once; 4 unless said otherwise. */
  concurrency?: number | undefined
  /** What one request of a resumable session carries; 16 MiB unless said otherwise. */
  chunkBytes?: number | undefined
  /** Go on after a reload: true remembers in `localStorage`. Such an upload is not aborted when it fails. */
  resume?: boolean | ResumeStore | undefined
}

export interface Connection {
  api: Api
  send: Transport
  patience: Patience
}

interface Run {
  api: Api
  line: Line
  source: Source
  request: UploadRequest
  options: UploadOptions
  progress: Progress
  memory: Memory
  /** What there is to give up. */
  id?: string | undefined
  session?: string | undefined
}

export async function upload(
  { api, send, patience }: Connection,
  key: string,
  file: Uploadable,
  options: UploadOptions,
): Promise<CompletedObject> {
  const { signal, onProgress, resume } = options
  const source = toSource(file)
  const request = await requestFor(key, source, options)
  const memory = await openMemory(api.base, request, source, resume)
  const line = { send, patience, signal }
  const progress = createProgress(source.size, onProgress)
  const run: Run = { api, line, source, request, options, progress, memory }
  try {
    const object = (await takeUp(run)) ?? (await begin(run))
    await memory.forget()
    return object
  } catch (error) {
    if (!memory.lasting) giveUp(run)
    throw error
  }
}

async function requestFor(
  key: string,
  source: Source,
  { checksum, signal, ...options }: UploadOptions,
): Promise<UploadRequest> {
  const whole = source.slice(0, source.size)
  return {
    key,
    size: source.size,
    contentType: options.contentType ?? (source.type || undefined),
    contentEncoding: options.contentEncoding,
    contentDisposition: options.contentDisposition,
    contentLanguage: options.contentLanguage,
    cacheControl: options.cacheControl,
    checksum:
      checksum === 'crc32c'
        ? { algorithm: 'crc32c', value: await crc32c(whole, signal) }
        : checksum,
    metadata: options.metadata,
    storageClass: options.storageClass,
    ifAbsent: options.ifAbsent,
    expiresInSeconds: options.expiresInSeconds,
    method: options.method,
  }
}

async function plan(run: Run): Promise<UploadPlan> {
  const { signal } = run.line
  const made = await run.api.call<UploadPlan>('POST', 'uploads', { body: run.request, signal })
  run.id = made.id
  return made
}

async function begin(run: Run): Promise<CompletedObject> {
  const made = await plan(run)
  const { id, method, parts } = made
  if (parts) {
    await run.memory.keep({ id })
    return complete(run, await sendAll(run, id, parts, parts.requests, []))
  }
  const renew = async () => requestOf(await plan(run))
  const request = requestOf(made)
  if (method !== 'resumable') return sendWhole(run, request, renew)
  await runSession(run, request, renew)
  return complete(run)
}

function requestOf({ method, request }: UploadPlan): SignedRequest {
  if (request) return request
  throw new SkeinError(
    'internal',
    `Skein planned an upload by ${method} and gave no request for it.`,
  )
}

async function sendWhole(
  run: Run,
  first: SignedRequest,
  renew: () => Promise<SignedRequest>,
): Promise<CompletedObject> {
  const { line, source, progress, request } = run
  const { size } = source
  const delivery = {
    ...{ what: 'the upload', body: source.slice(0, size), renew, whole: true },
    create: request.ifAbsent ?? false,
    onProgress: (bytes: number) => progress.set(0, Math.min(bytes, size)),
  }
  delivery.onProgress(0)
  let answer = await deliver(line, { ...delivery, signed: first })
  if (answer === undefined) {
    const arrived = await complete(run).catch(unlessNothing)
    if (arrived) return arrived
    answer = await deliver(line, { ...delivery, signed: await renew() })
  }
  delivery.onProgress(size)
  return complete(run)
}

/** Completion says that nothing has arrived. */
function unlessNothing(error: unknown): undefined {
  if (!(error instanceof SkeinError && error.kind === 'not-found')) throw error
}

const CHUNK_BYTES = 16 * 2 ** 20

async function runSession(
  run: Run,
  signed: SignedRequest,
  renew: () => Promise<SignedRequest>,
): Promise<void> {
  const session = await beginSession(run.line, signed, renew)
  run.session = session
  await run.memory.keep({ id: run.id!, session })
  if (await feedSession(sessionJob(run), session, true)) return
  throw new SkeinError('unavailable', 'The store has lost the upload; begin it again.')
}

function sessionJob({ line, source, progress, options }: Run) {
  return { line, source, progress, chunkBytes: options.chunkBytes ?? CHUNK_BYTES }
}

const CONCURRENCY = 4

function sendAll(
  run: Run,
  id: string,
  { size, count }: { size: number; count: number },
  requests: readonly PartRequest[],
  arrived: readonly ArrivedPart[],
) {
  const { api, line, source, progress, options } = run
  const concurrency = Math.max(1, options.concurrency ?? CONCURRENCY)
  const onId = async (next: string) => {
    run.id = next
    await run.memory.keep({ id: next })
  }
  const { expiresInSeconds } = options
  const job = { api, line, source, progress, concurrency, id, size, count, requests, arrived }
  return sendParts({ ...job, expiresInSeconds, onId })
}

/** What an earlier page began; undefined when there is nothing to go on with. */
async function takeUp(run: Run): Promise<CompletedObject | undefined> {
  const { api, memory, line } = run
  const remembered = await memory.recall()
  if (remembered === undefined) return undefined
  try {
    const { id, session } = remembered
    const state = await api.call<UploadState>('GET', `uploads/${id}`, { signal: line.signal })
    if (state.object) {
      run.progress.set(0, run.source.size)
      return state.object
    }
    run.id = id
    if (state.state === 'open' && state.parts) {
      return await complete(run, await sendAll(run, id, state.parts, [], state.parts.arrived))
    }
    if (session !== undefined && (await feedSession(sessionJob(run), session, false))) {
      return await complete(run)
    }
  } catch (error) {
    if (!isOver(error)) throw error
  }
  await memory.forget()
  return undefined
}

/** Swept, aborted or expired: nothing but a new upload helps. */
function isOver(error: unknown): boolean {
  return error instanceof SkeinError && (error.kind === 'not-found' || error.kind === 'denied')
}

function complete(run: Run, parts?: CompleteRequest['parts']): Promise<CompletedObject> {
  const path = `uploads/${run.id}/complete`
  // From here on it may be accepted, and is nothing to give up.
  run.id = undefined
  const body: CompleteRequest = { ...(parts && { parts }) }
  return run.api.call<CompletedObject>('POST', path, { body, signal: run.line.signal })
}

/** A courtesy, for which nobody waits: what it does not reach is swept. */
function giveUp({ api, line, id, session }: Run): void {
  if (id === undefined) return
  if (session !== undefined) void cancelSession(line, session).catch(() => undefined)
  void api.call('DELETE', `uploads/${id}`, { once: true }).catch(() => undefined)
}

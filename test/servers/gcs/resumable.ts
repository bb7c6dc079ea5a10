/**
 * The resumable upload protocol of both APIs, spoken to a session's own URL, which needs no
 * other credential.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
import { randomBytes } from 'node:crypto'
import type { Answer, Call } from './call.ts'
import { empty, json, wholeNumber } from './call.ts'
import { entityTooLarge, entityTooSmall, GcsError } from './errors.ts'
import { hashHeaders } from './reading.ts'
import { jsonEtag, objectResource, readAttributes, xmlEtag } from './object-resource.ts'
import { writeObject } from './objects.ts'
import type { SessionRequest } from './resumable-session.ts'
import { ResumableSession, UNIT_BYTES } from './resumable-session.ts'
import type { ObjectVersion, State } from './state.ts'
import { findBucket } from './state.ts'
import { declaredDigests, verifyDeclared } from './body-checks.ts'

const WEEK_MS = 7 * 24 * 60 * 60 * 1000

export function startSession(state: State, call: Call, request: SessionRequest): Answer {
  findBucket(state, request.bucket)
  const name = 'x-upload-content-length'
  const total = wholeNumber(name, call.headers[name])
  readAttributes(request.resource)
  if (request.sizeRange && total !== undefined && total > request.sizeRange.max)
    throw entityTooLarge()
  const id = `ABg5-${randomBytes(24).toString('base64url')}`
  state.sessions.set(id, new ResumableSession(id, request, state.now(), total))
  const path =
    request.api === 'json'
      ? `${call.path}?uploadType=resumable&name=${encodeURIComponent(request.name)}&`
      : `${call.path}?`
  const status = request.api === 'json' ? 200 : 201
  return empty(status, {
    location: `${call.origin}${path}upload_id=${id}`,
    'x-guploader-uploadid': id,
  })
}

export function findSession(state: State, id: string): ResumableSession {
  const session = state.sessions.get(id)
  if (!session) throw plain(404, 'Not Found')
  if (state.now() > session.startedAtMs + WEEK_MS || session.isCancelled) throw plain(410, 'Gone')
  return session
}

/** The protocol's refusals are plain text in the JSON API. */
function plain(status: number, message: string): GcsError {
  const code = status === 404 ? 'NoSuchUpload' : 'InvalidArgument'
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  return new GcsError({
    status,
    reason: status < 404 ? 'invalid' : 'notFound',
    code,
    message,
    headers,
  })
}

export async function useSession(state: State, call: Call, id: string): Promise<Answer> {
  const session = findSession(state, id)
  if (call.method === 'DELETE') return cancel(session)
  if (call.method !== 'PUT' && call.method !== 'POST') throw plain(405, 'Method Not Allowed')
  if (session.version) return finishedAnswer(call, session, session.version)
  const range = parseContentRange(call)
  checkTotal(session, range)
  if (range.first === undefined) return answerStatus(state, call, session, range)
  await receive(call, session, range)
  const isWhole = range.isLast || session.receivedBytes === session.total
  return isWhole ? finish(state, call, session) : answerIncomplete(call, session)
}

/** https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload */
function cancel(session: ResumableSession): Answer {
  session.isCancelled = true
  session.release()
  return empty(499)
}

interface ContentRange {
  /** Undefined for a status query. */
  readonly first: number | undefined
  readonly last: number | undefined
  readonly total: number | undefined
  /** The request's end is the object's end. */
  readonly isLast: boolean
}

function parseContentRange(call: Call): ContentRange {
  const header = call.headers['content-range']
  if (header === undefined) return { first: 0, last: undefined, total: undefined, isLast: true }
  const match = /^bytes (?:\*|(\d+)-(\d+|\*))\/(\d+|\*)$/.exec(header)
  if (!match) throw plain(400, 'Failed to parse Content-Range header.')
  const first = match[1] === undefined ? undefined : Number(match[1])
  const last = match[2] === undefined || match[2] === '*' ? undefined : Number(match[2])
  const total = match[3] === '*' ? undefined : Number(match[3])
  const isBackward = last !== undefined && first !== undefined && last < first
  if (isBackward || (last !== undefined && total !== undefined && last >= total)) {
    throw plain(400, 'Failed to parse Content-Range header.')
  }
  const isLast =
    first !== undefined && (last === undefined || (total !== undefined && last === total - 1))
  return { first, last, total, isLast }
}

function checkTotal(session: ResumableSession, range: ContentRange): void {
  if (range.total === undefined) return
  if (session.total !== undefined && session.total !== range.total) {
    throw plain(
      400,
      `Invalid request. The total size ${range.total} differs from the size ${session.total} given before.`,
    )
  }
  if (range.total < session.persistedBytes) {
    throw plain(400, 'Invalid request. The total size is less than what has been uploaded.')
  }
}

function answerStatus(
  state: State,
  call: Call,
  session: ResumableSession,
  range: ContentRange,
): Answer {
  session.total ??= range.total
  const isWhole = session.total !== undefined && session.persistedBytes === session.total
  return isWhole ? finish(state, call, session) : answerIncomplete(call, session)
}

/** Google's Go client asks not to be answered 308, which its transport would follow: https://pkg.go.dev/google.golang.org/api/internal/gensupport */
function answerIncomplete({ headers }: Call, session: ResumableSession): Answer {
  const last = session.persistedBytes - 1
  const range = last >= 0 ? { range: `bytes=0-${last}` } : {}
  const told = { ...range, 'x-guploader-uploadid': session.id }
  if (headers['x-guploader-no-308'] !== 'yes') return empty(308, told)
  return empty(200, { ...told, 'x-http-status-code-override': 308 })
}

async function receive(call: Call, session: ResumableSession, range: ContentRange): Promise<void> {
  const first = range.first ?? 0
  if (first > session.persistedBytes) {
    throw plain(
      400,
      `Invalid request. According to the Content-Range header, the upload offset is ${first} ` +
        `byte(s), which exceeds already uploaded size of ${session.persistedBytes} byte(s).`,
    )
  }
  checkChunkSize(call, range)
  session.total ??= range.total
  const overlap = session.persistedBytes - first
  try {
    const got = await append(call, session, range, overlap)
    checkReceived(session, range, first + got)
  } catch (error) {
    session.dropPending()
    throw error
  }
}

/** Bytes that the session has already are read past. */
async function append(
  call: Call,
  session: ResumableSession,
  range: ContentRange,
  overlap: number,
): Promise<number> {
  let got = 0
  for await (const chunk of call.body) {
    const fresh = chunk.subarray(Math.max(overlap - got, 0))
    got += chunk.length
    if (fresh.length > 0) session.add(fresh)
    checkLimits(session, range)
  }
  return got
}

function checkLimits(session: ResumableSession, range: ContentRange): void {
  const size = session.receivedBytes
  if (session.request.sizeRange && size > session.request.sizeRange.max) throw entityTooLarge()
  const limit = range.last === undefined ? session.total : range.last + 1
  if (limit !== undefined && size > limit) {
    throw plain(400, 'Invalid request. More bytes came than the Content-Range header announced.')
  }
}

function checkChunkSize(call: Call, range: ContentRange): void {
  if (range.first === undefined || range.last === undefined) return
  const size = range.last - range.first + 1
  const length = wholeNumber('content-length', call.headers['content-length'])
  if (length !== undefined && length !== size) {
    throw plain(
      400,
      `Invalid request. There were ${length} byte(s) in the request body, not ${size}.`,
    )
  }
  if (!range.isLast && size % UNIT_BYTES !== 0) {
    throw plain(
      400,
      'Invalid request. The number of bytes uploaded is required to be a multiple of ' +
        `${UNIT_BYTES}, except for the final request. The received request contained ${size} ` +
        'bytes, which does not meet this requirement.',
    )
  }
}

function checkReceived(session: ResumableSession, range: ContentRange, end: number): void {
  const expected = range.last === undefined ? session.total : range.last + 1
  if (expected === undefined || end === expected) return
  throw plain(400, `Invalid request. The body ended at byte ${end} where ${expected} was expected.`)
}

function finish(state: State, call: Call, session: ResumableSession): Answer {
  const { request } = session
  if (request.sizeRange && session.receivedBytes < request.sizeRange.min) {
    session.dropPending()
    throw entityTooSmall()
  }
  const digested = session.finish()
  const { storageClass } = request.resource
  try {
    verifyDeclared(digested, declaredDigests(call, request.resource))
    session.version = writeObject(state, findBucket(state, request.bucket), {
      name: request.name,
      digested,
      attributes: readAttributes(request.resource),
      storageClass,
      conditions: request.conditions,
    })
  } catch (error) {
    session.isCancelled = true
    throw error
  } finally {
    session.release()
  }
  return finishedAnswer(call, session, session.version)
}

function finishedAnswer(call: Call, session: ResumableSession, version: ObjectVersion): Answer {
  const id = { 'x-guploader-uploadid': session.id }
  if (session.request.api === 'xml') {
    return empty(200, {
      ...id,
      etag: xmlEtag(version),
      ...hashHeaders(version),
      'x-goog-generation': String(version.generation),
      'x-goog-metageneration': String(version.metageneration),
      'x-goog-stored-content-length': String(version.content.size),
    })
  }
  return json(200, objectResource(version, call.origin), { ...id, etag: jsonEtag(version) })
}

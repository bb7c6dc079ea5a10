// Answers a folder's signed URLs over HTTP as a cloud would: ranges, conditions, HEAD, the overrides that
// were signed, and uploads held to what their URL says. Bytes stream both ways.

import type { ByteRange, Driver, GetResult, ObjectInfo } from '../../contract.ts'
import type { ErrorKind, StorageError } from '../../errors.ts'
import { isStorageError } from '../../errors.ts'
import { encodeMetadataValue } from '../../metadata.ts'
import type { ResponseOverrides } from '../../signer.ts'
import type { FileSettings } from './settings.ts'
import { CHECKSUM_PREFIX, CONTENT_HEADERS, META_PREFIX } from './signature.ts'
import type { FileOperation } from './verify.ts'
import { verifyFileRequest } from './verify.ts'

export interface ServedFolder {
  settings: FileSettings
  driver: Driver
}

type Reading = Extract<FileOperation, { action: 'get' | 'head' }>
type Writing = Extract<FileOperation, { action: 'put' }>
type Deleting = Extract<FileOperation, { action: 'delete' }>
type PartWriting = Extract<FileOperation, { action: 'part' }>

const STATUS: Record<ErrorKind, number> = {
  'not-found': 404,
  exists: 412,
  precondition: 412,
  denied: 403,
  unauthenticated: 401,
  invalid: 400,
  'too-large': 413,
  unsupported: 501,
  throttled: 429,
  unavailable: 503,
  corrupt: 400,
  internal: 500,
}

export async function serveSignedFile(folder: ServedFolder, request: Request): Promise<Response> {
  try {
    const operation = verifyFileRequest(folder.settings, request, folder.settings.now())
    return await perform(folder.driver, operation, request)
  } catch (error) {
    if (!isStorageError(error)) throw error
    return refusal(error)
  }
}

function refusal(error: StorageError): Response {
  const { kind, message, store, key } = error
  const status = STATUS[kind]
  return Response.json(
    { type: `urn:skein:problem:${kind}`, title: kind, status, detail: message, store, key },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )
}

function perform(driver: Driver, operation: FileOperation, request: Request): Promise<Response> {
  if (operation.action === 'put') return write(driver, operation, request)
  if (operation.action === 'part') return writePart(driver, operation, request)
  if (operation.action === 'delete') return remove(driver, operation, request)
  return read(driver, operation, request)
}

async function write(driver: Driver, operation: Writing, request: Request): Promise<Response> {
  const { key, mode, checksum, properties, contentLength } = operation
  const options = { ...properties, mode, checksum, signal: request.signal }
  const { etag } = await driver.put(key, bodyOf(request, contentLength), options)
  return new Response(null, { headers: { etag: `"${etag}"` } })
}

async function writePart(
  driver: Driver,
  operation: PartWriting,
  request: Request,
): Promise<Response> {
  const { key, uploadId, partNumber, checksum, contentLength } = operation
  const content = bodyOf(request, contentLength)
  const options = { checksum, signal: request.signal }
  const part = await driver.multipart?.part(key, uploadId, partNumber, content, options)
  return new Response(null, { headers: { etag: `"${part?.etag}"` } })
}

async function remove(
  driver: Driver,
  { key, ifMatch }: Deleting,
  { signal }: Request,
): Promise<Response> {
  const [result] = await driver.delete([{ key, ifMatch }], { signal })
  if (result?.error) throw result.error
  return new Response(null, { status: 204 })
}

function bodyOf({ body }: Request, size: number | undefined) {
  if (body === null) return { bytes: new Uint8Array() }
  return size === undefined ? { stream: body } : { stream: body, size }
}

async function read(driver: Driver, operation: Reading, request: Request): Promise<Response> {
  for (;;) {
    const info = await driver.head(operation.key, { signal: request.signal })
    const unmet = unmetCondition(info, request.headers)
    if (unmet) return new Response(null, { status: unmet, headers: objectHeaders(info, {}) })
    const range = rangeOf(info, request.headers)
    if (range === 'unsatisfiable') return outOfRange(info)
    const headers = objectHeaders(info, operation.response)
    if (operation.action === 'head') return answer(info, range, headers, null)
    const result = await openSame(driver, info, range, request.signal)
    if (result) return answer(info, range, headers, result.body)
  }
}

/** Undefined when the object has been replaced since it was looked at: then the headers would be another's. */
async function openSame(
  driver: Driver,
  { key, etag }: ObjectInfo,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<GetResult | undefined> {
  try {
    return await driver.get(key, { range, ifMatch: etag, signal })
  } catch (error) {
    if (isStorageError(error, 'precondition')) return undefined
    throw error
  }
}

function answer(
  { size }: ObjectInfo,
  range: Required<ByteRange> | undefined,
  headers: Record<string, string>,
  body: ReadableStream<Uint8Array> | null,
): Response {
  if (!range) return new Response(body, { headers: { ...headers, 'content-length': String(size) } })
  const { first, last = size - 1 } = range
  return new Response(body, {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(last - first + 1),
      'content-range': `bytes ${first}-${last}/${size}`,
    },
  })
}

function outOfRange({ size }: ObjectInfo): Response {
  return Response.json(
    { title: 'invalid', status: 416, detail: `The range begins past the last of ${size} bytes.` },
    {
      status: 416,
      headers: {
        'content-type': 'application/problem+json',
        'content-range': `bytes */${size}`,
      },
    },
  )
}

function objectHeaders(info: ObjectInfo, overrides: ResponseOverrides): Record<string, string> {
  const headers: Record<string, string> = {
    etag: `"${info.etag}"`,
    'last-modified': info.modified.toUTCString(),
    'accept-ranges': 'bytes',
    // What users uploaded is shown on the server's own origin: it shall run nothing there.
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  }
  for (const [name, header] of CONTENT_HEADERS) {
    const value = overrides[name] ?? info[name]
    if (value !== undefined) headers[header] = value
  }
  for (const [name, value] of Object.entries(info.metadata)) {
    headers[META_PREFIX + name] = encodeMetadataValue(value)
  }
  for (const [algorithm, value] of Object.entries(info.checksums)) {
    headers[CHECKSUM_PREFIX + algorithm] = value
  }
  return headers
}

/** In the order of RFC 9110, section 13.2.2. */
function unmetCondition({ etag, modified }: ObjectInfo, headers: Headers): number | undefined {
  const seconds = Math.floor(modified.getTime() / 1000)
  const match = headers.get('if-match')
  const notSince = Date.parse(headers.get('if-unmodified-since') ?? '') / 1000
  if (match !== null ? !names(match, etag) : seconds > notSince) return 412
  const noneMatch = headers.get('if-none-match')
  const since = Date.parse(headers.get('if-modified-since') ?? '') / 1000
  if (noneMatch !== null ? names(noneMatch, etag) : seconds <= since) return 304
  return undefined
}

function names(list: string, etag: string): boolean {
  return list.split(',').some((one) => ['*', `"${etag}"`, `W/"${etag}"`, etag].includes(one.trim()))
}

const RANGE = /^bytes=(\d*)-(\d*)$/

/** Undefined for the whole object, as also for what is no single range of bytes. */
function rangeOf(
  { size, etag }: ObjectInfo,
  headers: Headers,
): Required<ByteRange> | undefined | 'unsatisfiable' {
  const [, first = '', last = ''] = RANGE.exec(headers.get('range') ?? '') ?? []
  const only = headers.get('if-range')
  if ((first === '' && last === '') || (only !== null && !names(only, etag))) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 }
  }
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= size) return 'unsatisfiable'
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return { first: Number(first), last: end }
}

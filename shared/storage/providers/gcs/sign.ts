// Presigned requests of Cloud Storage's XML API, V4. Everything asked for is under the signature, so the
// server holds the bearer to all of it: type, exact length or a range of lengths, digest, generation,
// metadata. No request is made, except by the keys that only IAM holds.
// https://cloud.google.com/storage/docs/access-control/signed-urls

import type { Pair } from '#shared/wire/sigv4.ts'
import { encodePath } from '#shared/wire/sigv4.ts'
import { quoteKey } from '../../keys.ts'
import { StorageError } from '../../errors.ts'
import type {
  Constraint,
  Presigned,
  ResponseOverrides,
  SignDelete,
  SignForm,
  SignGet,
  SignPart,
  SignPut,
  SignRequest,
  Signer,
} from '../../signer.ts'
import { checkGeneration, generationToMatch, hashHeader, propertyHeaders } from './headers.ts'
import type { GcsSettings } from './settings.ts'
import type { SigningKey } from './signing-key.ts'
import { uploadTarget } from './upload-target.ts'
import { signPolicy, signUrl } from './v4.ts'

export function createGcsSigner(settings: GcsSettings): Signer {
  return {
    async presign(request) {
      const source = settings.signingKey()
      const key = source instanceof Promise ? await source : source
      return request.action === 'form'
        ? signForm(settings, key, request)
        : signRequest(settings, key, request)
    },
  }
}

/** A request before it is signed. */
interface Draft {
  key: string
  method: Presigned['method']
  headers: Record<string, string>
  query: Pair[]
  enforced: Constraint[]
}

async function signRequest(
  settings: GcsSettings,
  signingKey: SigningKey,
  request: Exclude<SignRequest, SignForm>,
): Promise<Presigned> {
  const nowMs = settings.now()
  const { key, method, headers, query, enforced } = draft(settings, request)
  const { origin, path } = splitEndpoint(settings.endpoint)
  const url = await signUrl(signingKey, {
    method,
    origin,
    path: `${path}/${settings.bucket}/${encodePath(key)}`,
    headers,
    query,
    expiresInSeconds: request.expiresInSeconds,
    nowMs,
  })
  return {
    method,
    url,
    headers,
    ...ending(signingKey, request.expiresInSeconds, nowMs),
    enforced,
  }
}

function draft(settings: GcsSettings, request: Exclude<SignRequest, SignForm>): Draft {
  switch (request.action) {
    case 'get':
    case 'head':
      return draftGet(settings, request)
    case 'put':
    case 'resumable':
      return draftPut(settings, request)
    case 'part':
      return draftPart(settings, request)
    default:
      return draftDelete(request)
  }
}

function draftGet(settings: GcsSettings, request: SignGet): Draft {
  const headers: Record<string, string> = {}
  const { range, ifMatch } = request
  if (range) headers['range'] = `bytes=${range.first}-${range.last}`
  if (ifMatch !== undefined) {
    headers['x-goog-if-generation-match'] = checkGeneration(ifMatch, settings.name, request.key)
  }
  const query = responseQuery(settings, request.key, request.response ?? {})
  if (request.version !== undefined) query.push(['generation', request.version])
  const method = request.action === 'get' ? 'GET' : 'HEAD'
  return { key: request.key, method, headers, query, enforced: [] }
}

/** Cloud Storage knows these two: https://cloud.google.com/storage/docs/xml-api/reference-headers#query */
function responseQuery(settings: GcsSettings, key: string, response: ResponseOverrides): Pair[] {
  const { contentType, contentDisposition, ...others } = response
  const other = Object.entries(others).find(([, value]) => value !== undefined)
  if (other) refuse(settings, key, `override the ${other[0]} of an answer`)
  const query: Pair[] = []
  if (contentType !== undefined) query.push(['response-content-type', contentType])
  if (contentDisposition !== undefined) {
    query.push(['response-content-disposition', contentDisposition])
  }
  return query
}

function draftPut(settings: GcsSettings, request: SignPut): Draft {
  if (Object.keys(request.tags ?? {}).length > 0) refuse(settings, request.key, 'tag objects')
  const resumable = request.action === 'resumable'
  if (resumable && request.checksum) {
    // It is looked at with the last request of the session, which needs no signature.
    refuse(settings, request.key, 'hold a resumable upload to a digest')
  }
  const generation = generationToMatch(request.mode, settings.name, request.key)
  const headers = {
    ...propertyHeaders(request),
    ...lengthHeaders(request),
    ...hashHeader(request.checksum),
    ...(generation !== undefined && { 'x-goog-if-generation-match': generation }),
    ...(resumable && { 'x-goog-resumable': 'start' }),
  }
  const sized = request.contentLength !== undefined || request.contentLengthRange !== undefined
  const enforced: Constraint[] = []
  if (sized) enforced.push('size')
  if (request.contentType !== undefined) enforced.push('type')
  if (request.checksum) enforced.push('checksum')
  if (generation !== undefined) enforced.push('overwrite')
  const method = resumable ? 'POST' : 'PUT'
  return { key: request.key, method, headers, query: [], enforced }
}

/** The request that begins a session has no body of its own, so there a length is a range of one. */
function lengthHeaders(request: SignPut): Record<string, string> {
  const { contentLength: length, contentLengthRange: range } = request
  if (length === undefined) {
    return range ? { 'x-goog-content-length-range': `${range.min},${range.max}` } : {}
  }
  if (request.action === 'put') return { 'content-length': String(length) }
  return { 'x-goog-content-length-range': `${length},${length}` }
}

function draftPart(settings: GcsSettings, request: SignPart): Draft {
  const { key, uploadId } = uploadTarget(settings.prefix, request.key, request.uploadId)
  const { contentLength, checksum } = request
  const headers = {
    ...(contentLength !== undefined && { 'content-length': String(contentLength) }),
    ...hashHeader(checksum),
  }
  const query: Pair[] = [
    ['partNumber', String(request.partNumber)],
    ['uploadId', uploadId],
  ]
  const enforced: Constraint[] = []
  if (contentLength !== undefined) enforced.push('size')
  if (checksum) enforced.push('checksum')
  return { key, method: 'PUT', headers, query, enforced }
}

function draftDelete(request: SignDelete): Draft {
  const { version } = request
  const query: Pair[] = version === undefined ? [] : [['generation', version]]
  return { key: request.key, method: 'DELETE', headers: {}, query, enforced: [] }
}

/** https://cloud.google.com/storage/docs/xml-api/post-object-forms */
async function signForm(
  settings: GcsSettings,
  key: SigningKey,
  request: SignForm,
): Promise<Presigned> {
  if (Object.keys(request.tags ?? {}).length > 0) refuse(settings, request.key, 'tag objects')
  if (request.key.includes('${filename}')) {
    refuse(settings, request.key, 'take a form for a key that holds ${filename}, which it replaces')
  }
  const nowMs = settings.now()
  const fields = await signPolicy(key, {
    bucket: settings.bucket,
    key: request.key,
    fields: propertyHeaders(request),
    conditions: formConditions(request),
    expiresInSeconds: request.expiresInSeconds,
    nowMs,
  })
  const enforced: Constraint[] = []
  if (request.contentLengthRange) enforced.push('size')
  if (request.contentType !== undefined || request.contentTypePrefix !== undefined) {
    enforced.push('type')
  }
  return {
    method: 'POST',
    url: `${settings.endpoint}/${settings.bucket}/`,
    headers: {},
    fields,
    ...ending(key, request.expiresInSeconds, nowMs),
    enforced,
  }
}

function formConditions(request: SignForm): (string | number)[][] {
  const { contentLengthRange: range, contentType, contentTypePrefix } = request
  const conditions: (string | number)[][] = []
  if (range) conditions.push(['content-length-range', range.min, range.max])
  if (contentTypePrefix !== undefined && contentType === undefined) {
    conditions.push(['starts-with', '$Content-Type', contentTypePrefix])
  }
  return conditions
}

function ending(
  key: SigningKey,
  expiresInSeconds: number,
  nowMs: number,
): Pick<Presigned, 'expiresAt' | 'expiresAtMost'> {
  const seconds = Math.min(expiresInSeconds, key.lastsSeconds ?? Infinity)
  // The signature's clock has no fractions of a second.
  const start = Math.floor(nowMs / 1000)
  return { expiresAt: new Date((start + seconds) * 1000), expiresAtMost: false }
}

function splitEndpoint(endpoint: string): { origin: string; path: string } {
  const slash = endpoint.indexOf('/', endpoint.indexOf('//') + 2)
  return slash < 0
    ? { origin: endpoint, path: '' }
    : { origin: endpoint.slice(0, slash), path: endpoint.slice(slash) }
}

function refuse(settings: GcsSettings, key: string, what: string): never {
  throw new StorageError('unsupported', `${settings.name} cannot ${what} (${quoteKey(key)}).`, {
    store: settings.name,
    key,
  })
}

// What a signed URL of S3 asks for: method, parameters and headers, of which every one will be under the
// signature, so that whoever holds the URL can send this request and no other. What S3 is asked to hold
// its bearer to is named in `enforced`; what this store cannot hold is refused here.

import type { Pair } from '#shared/wire/sigv4.ts'
import { encodeUri } from '#shared/wire/sigv4.ts'
import type { Checksum, ObjectProperties } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { encodeMetadataValue } from '../../metadata.ts'
import type {
  Constraint,
  Presigned,
  ResponseOverrides,
  SignDelete,
  SignGet,
  SignPart,
  SignPut,
} from '../../signer.ts'
import type { S3Settings } from './settings.ts'

export interface PresignedRequest {
  method: Presigned['method']
  query: Pair[]
  /** Names in lower case. */
  headers: Record<string, string>
  enforced: Constraint[]
}

export function readRequest(request: SignGet): PresignedRequest {
  const headers: Record<string, string> = {}
  const { range, ifMatch } = request
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`
  if (range !== undefined) headers['range'] = `bytes=${range.first}-${range.last}`
  const query = [...versionQuery(request.version), ...overrideQuery(request.response)]
  return { method: request.action === 'head' ? 'HEAD' : 'GET', query, headers, enforced: [] }
}

export function putRequest(settings: S3Settings, request: SignPut): PresignedRequest {
  checkConstraints(settings, request)
  const headers = propertyHeaders(request)
  addConditions(headers, settings, request.mode)
  addContent(headers, request)
  return { method: 'PUT', query: [], headers, enforced: enforcedOf(settings, request) }
}

export function partRequest(settings: S3Settings, request: SignPart): PresignedRequest {
  checkConstraints(settings, request)
  const headers: Record<string, string> = {}
  addContent(headers, request)
  const query: Pair[] = [
    ['partNumber', String(request.partNumber)],
    ['uploadId', request.uploadId],
  ]
  return { method: 'PUT', query, headers, enforced: enforcedOf(settings, request) }
}

export function deleteRequest(request: SignDelete): PresignedRequest {
  return { method: 'DELETE', query: versionQuery(request.version), headers: {}, enforced: [] }
}

type Upload = Omit<SignPut, 'action'> | SignPart

function checkConstraints(settings: S3Settings, request: Upload): void {
  const { presign, put } = settings.capabilities
  const mode = modeOf(request)
  const { checksum } = request
  if (checksum && !presign?.checksums.includes(checksum.algorithm)) {
    throw unsupported(settings, request.key, `sign an upload with a ${checksum.algorithm} digest`)
  }
  if (mode === 'create' && !presign?.enforces.includes('overwrite')) {
    throw unsupported(settings, request.key, 'sign an upload that only creates')
  }
  if (typeof mode === 'object' && !put.match) {
    throw unsupported(settings, request.key, 'sign an upload that only replaces one content')
  }
}

export function unsupported(settings: S3Settings, key: string, what: string): StorageError {
  return new StorageError('unsupported', `${settings.name} cannot ${what}.`, {
    store: settings.name,
    key,
  })
}

function modeOf(request: Upload): SignPut['mode'] {
  return 'mode' in request ? request.mode : undefined
}

function enforcedOf(settings: S3Settings, request: Upload): Constraint[] {
  const asked: Constraint[] = []
  if (request.contentLength !== undefined) asked.push('size')
  if ('contentType' in request && request.contentType !== undefined) asked.push('type')
  if (request.checksum !== undefined) asked.push('checksum')
  if ((modeOf(request) ?? 'overwrite') !== 'overwrite') asked.push('overwrite')
  const can = settings.capabilities.presign?.enforces ?? []
  return asked.every((constraint) => can.includes(constraint))
    ? asked
    : asked.filter((constraint) => can.includes(constraint))
}

export function addConditions(
  headers: Record<string, string>,
  settings: S3Settings,
  mode: SignPut['mode'],
): void {
  if (mode === 'create') headers['if-none-match'] = '*'
  if (typeof mode !== 'object') return
  headers['if-match'] = settings.row.quirks?.bareIfMatch ? mode.ifMatch : `"${mode.ifMatch}"`
}

/** Signed as headers: S3 ignores a checksum that stands in the query. */
export function addContent(
  headers: Record<string, string>,
  {
    contentLength,
    checksum,
  }: { contentLength?: number | undefined; checksum?: Checksum | undefined },
): void {
  if (contentLength !== undefined) headers['content-length'] = String(contentLength)
  if (checksum) headers[checksumHeader(checksum)] = checksum.value
}

function checksumHeader({ algorithm }: Checksum): string {
  return algorithm === 'md5' ? 'content-md5' : `x-amz-checksum-${algorithm}`
}

/** The headers that write an object's properties, all but its tags. */
export function contentHeaders(properties: ObjectProperties): Record<string, string> {
  const { contentType, contentEncoding, contentDisposition, contentLanguage } = properties
  const { cacheControl, metadata, storageClass } = properties
  const headers: Record<string, string> = {}
  if (contentType !== undefined) headers['content-type'] = contentType
  if (contentEncoding !== undefined) headers['content-encoding'] = contentEncoding
  if (contentDisposition !== undefined) headers['content-disposition'] = contentDisposition
  if (contentLanguage !== undefined) headers['content-language'] = contentLanguage
  if (cacheControl !== undefined) headers['cache-control'] = cacheControl
  for (const name in metadata) {
    headers[`x-amz-meta-${name}`] = encodeMetadataValue(metadata[name] ?? '')
  }
  if (storageClass !== undefined) headers['x-amz-storage-class'] = storageClass
  return headers
}

export function propertyHeaders(properties: ObjectProperties): Record<string, string> {
  const headers = contentHeaders(properties)
  if (properties.tags === undefined) return headers
  const tags = Object.entries(properties.tags).map((pair) => pair.map(encodeUri).join('='))
  if (tags.length > 0) headers['x-amz-tagging'] = tags.join('&')
  return headers
}

export function versionQuery(version: string | undefined): Pair[] {
  return version === undefined ? [] : [['versionId', version]]
}

const OVERRIDES: readonly (readonly [keyof ResponseOverrides, string])[] = [
  ['contentType', 'response-content-type'],
  ['contentDisposition', 'response-content-disposition'],
  ['contentEncoding', 'response-content-encoding'],
  ['contentLanguage', 'response-content-language'],
  ['cacheControl', 'response-cache-control'],
]

function overrideQuery(response: ResponseOverrides | undefined): Pair[] {
  const query: Pair[] = []
  for (const [field, name] of OVERRIDES) {
    const value = response?.[field]
    if (value !== undefined) query.push([name, value])
  }
  return query
}

/**
 * The XML API's objects: PUT, GET, HEAD, DELETE, copy and the start of a resumable upload.
 * https://cloud.google.com/storage/docs/xml-api/put-object-upload
 */
import type { Answer, Call, HeaderValue, JsonObject } from './call.ts'
import { empty, wholeNumber, xml } from './call.ts'
import { conditionNotMet, escapeXml, invalid } from './errors.ts'
import { findCors } from './cors.ts'
import { travelling } from './json-copies.ts'
import { decode } from './percent.ts'
import { checkObjectName, readAttributes, xmlEtag } from './object-resource.ts'
import { deleteObject, findVersion, writeObject } from './objects.ts'
import { headerPreconditions, requireConditions, requireHttpConditions } from './preconditions.ts'
import { hashHeaders, readObject } from './reading.ts'
import { startSession } from './resumable.ts'
import type { ObjectVersion, State } from './state.ts'
import { findBucket } from './state.ts'
import {
  declaredDigests,
  intake,
  parseSizeRange,
  verifyDeclared,
  refuseCustomerKeys,
} from './body-checks.ts'

/** The object's resource as the request's headers describe it. */
export function headerResource(call: Call): JsonObject {
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(call.headers)) {
    if (!name.startsWith('x-goog-meta-') || value === undefined) continue
    metadata[name.slice('x-goog-meta-'.length)] = value
  }
  const resource = {
    contentType: call.headers['content-type'],
    contentEncoding: call.headers['content-encoding'],
    contentDisposition: call.headers['content-disposition'],
    contentLanguage: call.headers['content-language'],
    cacheControl: call.headers['cache-control'],
    customTime: call.headers['x-goog-custom-time'],
    storageClass: call.headers['x-goog-storage-class'],
    metadata,
  }
  return Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== undefined))
}

export async function putObject(
  state: State,
  call: Call,
  bucketName: string,
  name: string,
): Promise<Answer> {
  findBucket(state, bucketName)
  refuseCustomerKeys(call)
  checkObjectName(name)
  const resource = headerResource(call)
  const attributes = readAttributes(resource)
  const range = parseSizeRange(call)
  const digested = await intake(call.body, range)
  verifyDeclared(digested, declaredDigests(call))
  const version = writeObject(state, findBucket(state, bucketName), {
    name,
    digested,
    attributes,
    storageClass: call.headers['x-goog-storage-class'],
    conditions: headerPreconditions(call),
  })
  return empty(200, writtenHeaders(version))
}

export function writtenHeaders(version: ObjectVersion): Record<string, HeaderValue> {
  return {
    etag: xmlEtag(version),
    ...hashHeaders(version),
    'x-goog-generation': String(version.generation),
    'x-goog-metageneration': String(version.metageneration),
    'x-goog-stored-content-encoding': version.attributes.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(version.content.size),
  }
}

export function getObjectXml(state: State, call: Call, bucketName: string, name: string): Answer {
  const generation = wholeNumber('generation', call.query.get('generation'))
  const version = findVersion(findBucket(state, bucketName), name, generation)
  requireConditions(headerPreconditions(call), version)
  requireHttpConditions(call, version)
  const answer = readObject(call, version)
  return { ...answer, headers: { ...answer.headers, ...overrides(call.query) } }
}

/** https://cloud.google.com/storage/docs/xml-api/reference-headers#responsecontentdisposition */
function overrides(query: URLSearchParams): Record<string, string> {
  const given = ['content-disposition', 'content-type'].flatMap((name) => {
    const value = query.get(`response-${name}`)
    return value === null ? [] : [[name, Buffer.from(value, 'utf8').toString('latin1')] as const]
  })
  return Object.fromEntries(given)
}

export function deleteObjectXml(
  state: State,
  call: Call,
  bucketName: string,
  name: string,
): Answer {
  const generation = wholeNumber('generation', call.query.get('generation'))
  deleteObject(state, findBucket(state, bucketName), name, generation, headerPreconditions(call))
  return empty(204)
}

export function copyFromSource(state: State, call: Call, bucketName: string, name: string): Answer {
  const bucket = findBucket(state, bucketName)
  const source = findCopySource(state, call)
  const directive = call.headers['x-goog-metadata-directive'] ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE') {
    throw invalid('x-goog-metadata-directive must be COPY or REPLACE.')
  }
  const version = writeObject(state, bucket, {
    name,
    digested: { content: source.content, crc32c: source.crc32c, md5: source.md5 },
    attributes: directive === 'COPY' ? travelling(source) : readAttributes(headerResource(call)),
    storageClass: call.headers['x-goog-storage-class'],
    ...(source.componentCount === undefined ? {} : { componentCount: source.componentCount }),
    conditions: headerPreconditions(call),
  })
  const modified = new Date(version.updatedAtMs).toISOString()
  const etag = escapeXml(xmlEtag(version))
  const result = `<LastModified>${modified}</LastModified><ETag>${etag}</ETag>`
  return xml(200, `<CopyObjectResult>${result}</CopyObjectResult>`, writtenHeaders(version))
}

function findCopySource(state: State, call: Call): ObjectVersion {
  const path = decode(call.headers['x-goog-copy-source'] ?? '').replace(/^\//, '')
  const slash = path.indexOf('/')
  if (slash < 1) throw invalid('x-goog-copy-source names no object: bucket/object is expected.')
  const bucket = findBucket(state, path.slice(0, slash))
  const header = 'x-goog-copy-source-generation'
  const generation = wholeNumber(header, call.headers[header])
  const source = findVersion(bucket, path.slice(slash + 1), generation)
  requireConditions(headerPreconditions(call, 'x-goog-copy-source-'), source)
  const ifMatch = call.headers['x-goog-copy-source-if-match']
  if (ifMatch !== undefined && ifMatch !== xmlEtag(source)) {
    throw conditionNotMet('x-goog-copy-source-if-match')
  }
  return source
}

/** The session belongs to the origin that started it, where the bucket lets that origin in. */
export function startResumableXml(
  state: State,
  call: Call,
  bucketName: string,
  name: string,
): Answer {
  if (call.headers['x-goog-resumable'] !== 'start') {
    throw invalid('x-goog-resumable must be "start".')
  }
  refuseCustomerKeys(call)
  checkObjectName(name)
  const bucket = findBucket(state, bucketName)
  const origin = call.headers['origin']
  return startSession(state, call, {
    api: 'xml',
    bucket: bucketName,
    name,
    resource: headerResource(call),
    conditions: headerPreconditions(call),
    corsOrigin: origin !== undefined && findCors(bucket, origin, 'POST') ? origin : undefined,
    sizeRange: parseSizeRange(call),
  })
}

/**
 * The XML API's multipart uploads: start, parts, listing, completion and abort. The object
 * has a CRC-32C and no MD5, and no precondition is honoured: naming one is refused.
 * https://cloud.google.com/storage/docs/multipart-uploads
 */
import { randomBytes } from 'node:crypto'
import { XMLParser } from 'fast-xml-parser'
import type { Answer, Call, JsonObject } from './call.ts'
import { empty, isObject, readAll, textOf, wholeNumber, xml } from './call.ts'
import type { Digested } from './content.ts'
import { concatenate } from './content.ts'
import { combineCrc32c } from './crc32c.ts'
import { entityTooSmall, escapeXml, invalid, noSuchUpload } from './errors.ts'
import { compareUtf8 } from './listing.ts'
import { checkObjectName, checkStorageClass, readAttributes, xmlEtag } from './object-resource.ts'
import { writeObject } from './objects.ts'
import { headerPreconditions, isEmpty } from './preconditions.ts'
import { hashHeaders } from './reading.ts'
import type { Bucket, State } from './state.ts'
import { findBucket } from './state.ts'
import { declaredDigests, intake, verifyDeclared, refuseCustomerKeys } from './body-checks.ts'
import { headerResource, writtenHeaders } from './xml-objects.ts'

const MAX_PARTS = 10_000

export interface MultipartTarget {
  readonly bucket: string
  readonly key: string
}

export interface MultipartUpload extends MultipartTarget {
  readonly id: string
  readonly resource: JsonObject
  readonly startedAtMs: number
  readonly parts: Map<number, UploadedPart>
}

interface UploadedPart {
  readonly digested: Digested
  readonly etag: string
  readonly atMs: number
}

function refusePreconditions(call: Call): void {
  const http = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']
  const named = http.find((name) => call.headers[name] !== undefined)
  if (named === undefined && isEmpty(headerPreconditions(call))) return
  throw invalid('Preconditions are not supported in XML multipart uploads.')
}

export function startMultipart(state: State, call: Call, target: MultipartTarget): Answer {
  findBucket(state, target.bucket)
  refuseCustomerKeys(call)
  checkObjectName(target.key)
  refusePreconditions(call)
  const resource = headerResource(call)
  readAttributes(resource)
  const { storageClass } = resource
  if (storageClass !== undefined) checkStorageClass(storageClass)
  const id = `ABPnzm${randomBytes(24).toString('base64url')}`
  const upload = { ...target, id, resource, startedAtMs: state.now(), parts: new Map() }
  state.multiparts.set(id, upload)
  return xml(
    200,
    element('InitiateMultipartUploadResult', targetElements(target) + element('UploadId', id)),
  )
}

function targetElements({ bucket, key }: MultipartTarget): string {
  return element('Bucket', escapeXml(bucket)) + element('Key', escapeXml(key))
}

function element(name: string, inner: string | number): string {
  return `<${name}>${inner}</${name}>`
}

function findUpload(state: State, call: Call, target: MultipartTarget): MultipartUpload {
  const upload = state.multiparts.get(call.query.get('uploadId') ?? '')
  if (!upload || upload.bucket !== target.bucket || upload.key !== target.key) throw noSuchUpload()
  return upload
}

export async function putPart(state: State, call: Call, target: MultipartTarget): Promise<Answer> {
  const upload = findUpload(state, call, target)
  refusePreconditions(call)
  const number = wholeNumber('partNumber', call.query.get('partNumber')) ?? 0
  if (number < 1 || number > MAX_PARTS) {
    throw invalid(`Part number must be an integer between 1 and ${MAX_PARTS}, inclusive.`)
  }
  const digested = await intake(call.body)
  verifyDeclared(digested, declaredDigests(call))
  // The upload may have ended while the part was on its way.
  findUpload(state, call, target)
  const etag = `"${Buffer.from(digested.md5 ?? '', 'base64').toString('hex')}"`
  upload.parts.set(number, { digested, etag, atMs: state.now() })
  return empty(200, { etag, ...hashHeaders(digested) })
}

export function listParts(state: State, call: Call, target: MultipartTarget): Answer {
  const upload = findUpload(state, call, target)
  const after = wholeNumber('part-number-marker', call.query.get('part-number-marker')) ?? 0
  const limit = Math.min(wholeNumber('max-parts', call.query.get('max-parts')) ?? 1000, 1000)
  const left = [...upload.parts].filter(([number]) => number > after).toSorted(([a], [b]) => a - b)
  const shown = left.slice(0, limit)
  const isTruncated = left.length > shown.length
  const parts = shown.map(([number, part]) =>
    element(
      'Part',
      element('PartNumber', number) +
        element('LastModified', new Date(part.atMs).toISOString()) +
        element('ETag', escapeXml(part.etag)) +
        element('Size', part.digested.content.size),
    ),
  )
  const head =
    targetElements(target) +
    element('UploadId', upload.id) +
    element('StorageClass', textOf(upload.resource['storageClass'], 'STANDARD')) +
    element('PartNumberMarker', after) +
    (isTruncated ? element('NextPartNumberMarker', shown.at(-1)?.[0] ?? after) : '') +
    element('MaxParts', limit) +
    element('IsTruncated', String(isTruncated))
  return xml(200, element('ListPartsResult', head + parts.join('')))
}

export function abortMultipart(state: State, call: Call, target: MultipartTarget): Answer {
  refusePreconditions(call)
  state.multiparts.delete(findUpload(state, call, target).id)
  return empty(204)
}

export async function completeMultipart(
  state: State,
  call: Call,
  target: MultipartTarget,
): Promise<Answer> {
  refusePreconditions(call)
  const listed = readPartList((await readAll(call.body)).toString('utf8'))
  const upload = findUpload(state, call, target)
  const bucket = findBucket(state, target.bucket)
  const parts = listed.map((part) => matchPart(upload, part))
  checkSizes(bucket, parts)
  const { storageClass } = upload.resource
  const version = writeObject(state, bucket, {
    name: target.key,
    digested: joinParts(parts),
    attributes: readAttributes(upload.resource),
    storageClass,
    conditions: {},
  })
  state.multiparts.delete(upload.id)
  const path = `${target.bucket}/${target.key.split('/').map(encodeURIComponent).join('/')}`
  const location = element('Location', escapeXml(`${call.origin}/${path}`))
  const etag = element('ETag', escapeXml(xmlEtag(version)))
  const result = element('CompleteMultipartUploadResult', location + targetElements(target) + etag)
  return xml(200, result, writtenHeaders(version))
}

interface ListedPart {
  readonly number: number
  readonly etag: string
}

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Part' })

function readPartList(text: string): ListedPart[] {
  const document = parseXml(text)
  const root = document['CompleteMultipartUpload']
  const parts: unknown = isObject(root) ? root['Part'] : undefined
  if (!Array.isArray(parts) || parts.length === 0) throw malformedXml()
  const listed = parts.map((part: unknown) => {
    if (!isObject(part)) throw malformedXml()
    const number = Number(part['PartNumber'])
    if (!Number.isInteger(number)) throw malformedXml()
    return { number, etag: unquote(textOf(part['ETag'])) }
  })
  const isAscending = listed.every(
    (part, at) => at === 0 || part.number > (listed[at - 1]?.number ?? 0),
  )
  if (!isAscending) {
    throw invalid(
      'The list of parts was not in ascending order by part number.',
      'InvalidPartOrder',
    )
  }
  return listed
}

function parseXml(text: string): JsonObject {
  let parsed: unknown
  try {
    parsed = parser.parse(text, true)
  } catch {
    throw malformedXml()
  }
  if (!isObject(parsed)) throw malformedXml()
  return parsed
}

function malformedXml() {
  return invalid(
    'The XML you provided was not well-formed.',
    'MalformedCompleteMultipartUploadRequest',
  )
}

function unquote(etag: string): string {
  return etag.replaceAll('&quot;', '"').replace(/^"(.*)"$/, '$1')
}

function matchPart(upload: MultipartUpload, listed: ListedPart): UploadedPart {
  const part = upload.parts.get(listed.number)
  if (part && unquote(part.etag) === listed.etag) return part
  throw invalid(
    `Part ${listed.number} could not be found, or its ETag does not match.`,
    'InvalidPart',
  )
}

function checkSizes(bucket: Bucket, parts: readonly UploadedPart[]): void {
  const { minPartBytes } = bucket.settings
  const early = parts.slice(0, -1)
  if (early.some((part) => part.digested.content.size < minPartBytes)) throw entityTooSmall()
}

function joinParts(parts: readonly UploadedPart[]): Digested {
  const all = parts.map((part) => part.digested)
  return {
    content: concatenate(all.map((part) => part.content)),
    crc32c: all.reduce((crc, part) => combineCrc32c(crc, part.crc32c, part.content.size), 0),
    md5: undefined,
  }
}

export function listMultiparts(state: State, call: Call, bucketName: string): Answer {
  findBucket(state, bucketName)
  const { query } = call
  const prefix = query.get('prefix') ?? ''
  const marker = [query.get('key-marker') ?? '', query.get('upload-id-marker') ?? ''] as const
  const limit = Math.min(wholeNumber('max-uploads', query.get('max-uploads')) ?? 1000, 1000)
  const left = [...state.multiparts.values()]
    .filter((upload) => upload.bucket === bucketName && upload.key.startsWith(prefix))
    .filter((upload) => isAfter(upload, marker))
    .toSorted((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id))
  const shown = left.slice(0, limit)
  const last = left.length > limit ? shown.at(-1) : undefined
  const head =
    element('Bucket', escapeXml(bucketName)) +
    element('Prefix', escapeXml(prefix)) +
    (last
      ? element('NextKeyMarker', escapeXml(last.key)) + element('NextUploadIdMarker', last.id)
      : '') +
    element('MaxUploads', limit) +
    element('IsTruncated', String(last !== undefined))
  return xml(200, element('ListMultipartUploadsResult', head + shown.map(describe).join('')))
}

/** Without an upload id the marker stands for every upload of its key. */
function isAfter(upload: MultipartUpload, [key, id]: readonly [string, string]): boolean {
  const order = compareUtf8(upload.key, key)
  return order > 0 || (order === 0 && id !== '' && compareUtf8(upload.id, id) > 0)
}

function describe(upload: MultipartUpload): string {
  const inner =
    element('Key', escapeXml(upload.key)) +
    element('UploadId', upload.id) +
    element('StorageClass', textOf(upload.resource['storageClass'], 'STANDARD')) +
    element('Initiated', new Date(upload.startedAtMs).toISOString())
  return element('Upload', inner)
}

// Uploads in parts. A digest of the whole can be checked at completion only by algorithms whose parts
// combine, the CRCs; and the algorithm has to be named when the upload begins.

import type { Xml } from '#shared/wire/xml.ts'
import { element, elementsOf, textOf } from '#shared/wire/xml.ts'
import type {
  BeginOptions,
  Call,
  Checksum,
  ChecksumAlgorithm,
  Content,
  MultipartDriver,
  ObjectInfo,
  Part,
  PutOptions,
} from '../../contract.ts'
import { StorageError, absentAlone, isStorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { strangeAnswer } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { joinCursor, splitCursor } from './cursor.ts'
import type { CarriedAlgorithm } from './digests.ts'
import {
  bareEtag,
  carriedByHeaders,
  carriedByXml,
  checksumElement,
  requireEtag,
  toDigests,
  toPartChecksum,
} from './digests.ts'
import { sentDocument } from './document.ts'
import { dateIn, toWritten } from './fields.ts'
import { multipartEtag } from './multipart-etag.ts'
import { objectParts } from './object-parts.ts'
import { head } from './objects.ts'
import { addConditions, addContent, propertyHeaders } from './presigned-request.ts'
import { sizeOf } from './requests.ts'

export function multipartGroup(bucket: S3Bucket): MultipartDriver {
  return {
    begin: (key, options) => begin(bucket, key, options),
    part: (key, uploadId, partNumber, content, options) =>
      sendPart(bucket, { key, uploadId, partNumber, content }, options),
    complete: (key, uploadId, parts, options) => complete(bucket, key, uploadId, parts, options),
    abort: (key, uploadId, options) => abort(bucket, key, uploadId, options),
    listParts: (key, uploadId, options) => listParts(bucket, key, uploadId, options),
    listUploads: (options) => listUploads(bucket, options),
    // Who computes no digest of a whole knows none of its parts, and may take the question for a plain GET.
    ...(bucket.settings.capabilities.multipart?.digests.whole.length && {
      partsOf: (key, options) => objectParts(bucket, key, options),
    }),
  }
}

/** The CRC of a whole can be told from its parts; other digests stay digests of the parts' digests. */
function isCombinable(algorithm: ChecksumAlgorithm): boolean {
  return algorithm.startsWith('crc')
}

export async function begin(
  { requests, settings }: S3Bucket,
  key: string,
  options: BeginOptions,
): Promise<string> {
  const { signal, mode: _, checksum, ...properties } = options
  const headers = {
    ...propertyHeaders(properties),
    ...(checksum && checksum.algorithm !== 'md5' && declare(checksum.algorithm)),
  }
  const query = { uploads: '' }
  const { xml } = await requests.xml({ method: 'POST', key, query, headers, signal })
  const uploadId = textOf(xml, 'UploadId')
  if (!uploadId) throw strangeAnswer(settings.name, key)
  return uploadId
}

function declare(algorithm: CarriedAlgorithm): Record<string, string> {
  return {
    'x-amz-checksum-algorithm': algorithm.toUpperCase(),
    'x-amz-checksum-type': isCombinable(algorithm) ? 'FULL_OBJECT' : 'COMPOSITE',
  }
}

interface SentPart {
  key: string
  uploadId: string
  partNumber: number
  content: Content
}

async function sendPart(
  { settings, requests }: S3Bucket,
  { key, uploadId, partNumber, content }: SentPart,
  { signal, checksum }: Parameters<MultipartDriver['part']>[4],
): Promise<Part> {
  const headers: Record<string, string> = {}
  addContent(headers, { checksum })
  const query = { partNumber: String(partNumber), uploadId }
  const told = await requests.headers({ method: 'PUT', key, query, headers, content, signal })
  const size = sizeOf(content, settings, key)
  const etag = requireEtag(settings, key, told.get('etag'))
  return { partNumber, size, etag, checksum: checksum ?? toPartChecksum(carriedByHeaders(told)) }
}

/** An upload that is not there may be one whose completion went through while its answer was lost: then the object tells. */
export async function complete(
  bucket: S3Bucket,
  key: string,
  uploadId: string,
  parts: Part[],
  options: PutOptions,
): Promise<ObjectInfo> {
  try {
    return await sendCompletion(bucket, key, uploadId, parts, options)
  } catch (error) {
    const done = isStorageError(error, 'not-found') && (await findOwn(bucket, key, parts, options))
    if (done) return done
    throw restartOnConflict(error, bucket, key)
  }
}

async function sendCompletion(
  bucket: S3Bucket,
  key: string,
  uploadId: string,
  parts: Part[],
  options: PutOptions,
): Promise<ObjectInfo> {
  const { settings, requests } = bucket
  const { mode, checksum, signal, ...properties } = options
  const { headers, content } = sentDocument('CompleteMultipartUpload', parts.map(toCompletedPart))
  addConditions(headers, settings, mode)
  if (checksum) addWholeChecksum(headers, checksum, settings.name, key)
  const query = { uploadId }
  const request = { method: 'POST', key, query, mode, headers, content, signal } as const
  const { headers: told, xml } = await requests.xml(request)
  // Ceph answers with an empty ETag while it still moves the parts.
  const etag = bareEtag(textOf(xml, 'ETag')) || multipartEtag(parts)
  if (etag === undefined) return head(bucket, key, { signal })
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const written = toWritten(settings, key, size, properties)
  const version = told.get('x-amz-version-id') ?? undefined
  return { ...written, etag, version, ...toDigests(told, etag, carriedByXml(xml)) }
}

function toCompletedPart({ partNumber, etag, checksum }: Part): Xml {
  const carried = checksum?.algorithm === 'md5' ? undefined : checksum
  return element('Part', [
    element('PartNumber', String(partNumber)),
    element('ETag', etag),
    ...(carried ? [element(checksumElement(carried.algorithm), carried.value)] : []),
  ])
}

function addWholeChecksum(
  headers: Record<string, string>,
  checksum: Checksum,
  store: string,
  key: string,
): void {
  if (!isCombinable(checksum.algorithm)) {
    const message = `${store} cannot check a ${checksum.algorithm} digest of a whole that was sent in parts; give a CRC.`
    throw new StorageError('unsupported', message, { store, key })
  }
  addContent(headers, { checksum })
  headers['x-amz-checksum-type'] = 'FULL_OBJECT'
}

async function findOwn(
  bucket: S3Bucket,
  key: string,
  parts: Part[],
  { signal }: Call,
): Promise<ObjectInfo | undefined> {
  const etag = multipartEtag(parts)
  if (etag === undefined) return undefined
  const found = await head(bucket, key, { signal }).catch(absentAlone)
  return found?.etag === etag ? found : undefined
}

/** A put that met another write can be sent again; a completion cannot, its upload has to begin anew. */
function restartOnConflict(error: unknown, { settings }: S3Bucket, key: string): unknown {
  if (!isStorageError(error) || error.status !== 409) return error
  const message = `Another write of ${quoteKey(key)} in ${settings.name} came in between; the upload has to begin anew.`
  const details = { store: settings.name, key, status: 409, cause: error.cause }
  return new StorageError('precondition', message, details)
}

export async function abort(
  { requests }: S3Bucket,
  key: string,
  uploadId: string,
  { signal }: Call,
): Promise<void> {
  try {
    await requests.headers({ method: 'DELETE', key, query: { uploadId }, signal })
  } catch (error) {
    if (!isStorageError(error, 'not-found') || error.key === undefined) throw error
  }
}

async function listParts(
  { requests }: S3Bucket,
  key: string,
  uploadId: string,
  { cursor, signal }: Call & { cursor?: string | undefined },
): Promise<{ parts: Part[]; cursor?: string | undefined }> {
  const query = { uploadId, 'part-number-marker': cursor }
  const { xml } = await requests.xml({ method: 'GET', key, query, signal })
  const parts = elementsOf(xml, 'Part').map(toPart)
  const more = textOf(xml, 'IsTruncated') === 'true'
  return more ? { parts, cursor: textOf(xml, 'NextPartNumberMarker') } : { parts }
}

function toPart(xml: string): Part {
  const checksum = toPartChecksum(carriedByXml(xml))
  return {
    partNumber: Number(textOf(xml, 'PartNumber') ?? 0),
    size: Number(textOf(xml, 'Size') ?? 0),
    etag: bareEtag(textOf(xml, 'ETag')),
    ...(checksum && { checksum }),
  }
}

type ListUploads = NonNullable<MultipartDriver['listUploads']>

/** Plain keys: not every look-alike says whether it encoded those of uploads, and Skein's own need none. */
async function listUploads(
  { requests, settings }: S3Bucket,
  { prefix, cursor, signal }: Parameters<ListUploads>[0],
): ReturnType<ListUploads> {
  const [keyMarker, idMarker] = splitCursor(cursor)
  const markers = { 'key-marker': keyMarker, 'upload-id-marker': idMarker }
  const query = { uploads: '', prefix, ...markers }
  const { xml } = await requests.xml({ method: 'GET', query, signal })
  if (textOf(xml, 'Bucket') === undefined) throw strangeAnswer(settings.name)
  const uploads = elementsOf(xml, 'Upload').map((upload) => ({
    key: textOf(upload, 'Key') ?? '',
    uploadId: textOf(upload, 'UploadId') ?? '',
    begun: dateIn(upload, 'Initiated'),
  }))
  if (textOf(xml, 'IsTruncated') !== 'true') return { uploads }
  const next = joinCursor(textOf(xml, 'NextKeyMarker'), textOf(xml, 'NextUploadIdMarker'))
  return { uploads, cursor: next }
}

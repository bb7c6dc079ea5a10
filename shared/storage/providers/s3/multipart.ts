// Uploads in parts. A digest of the whole can be checked at completion only by algorithms whose parts
// combine, the CRCs; and the algorithm has to be named when the upload begins.

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3'
import { textOf } from '#shared/wire/exchange.ts'
import type { Pair } from '#shared/wire/sigv4.ts'
import type {
  BeginOptions,
  Call,
  ChecksumAlgorithm,
  Content,
  MultipartDriver,
  ObjectInfo,
  Part,
  PutOptions,
} from '../../contract.ts'
import { StorageError, absentAlone, isStorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { readHeaders } from './answer-headers.ts'
import type { S3Bucket } from './bucket.ts'
import { joinCursor, splitCursor } from './cursor.ts'
import { strangeAnswer } from './errors.ts'
import {
  bareEtag,
  requireEtag,
  toChecksumFields,
  toConditions,
  toDigests,
  toPartChecksum,
  toPropertyFields,
  toWritten,
} from './fields.ts'
import { multipartEtag } from './multipart-etag.ts'
import { head } from './objects.ts'
import { addContent } from './presigned-request.ts'
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
  }
}

/** The CRC of a whole can be told from its parts; other digests stay digests of the parts' digests. */
function isCombinable(algorithm: ChecksumAlgorithm): boolean {
  return algorithm.startsWith('crc')
}

export async function begin(bucket: S3Bucket, key: string, options: BeginOptions): Promise<string> {
  const { signal, mode: _, checksum, ...properties } = options
  const input = {
    Bucket: bucket.Bucket,
    Key: key,
    ...toPropertyFields(properties),
    ...(checksum && checksum.algorithm !== 'md5' && declare(checksum.algorithm)),
  }
  const { UploadId } = await bucket.ask(signal, { key }, (s3, call) =>
    s3.send(new CreateMultipartUploadCommand(input), call),
  )
  if (UploadId === undefined) throw strangeAnswer(bucket.settings, key)
  return UploadId
}

const DECLARED = {
  crc32: 'CRC32',
  crc32c: 'CRC32C',
  crc64nvme: 'CRC64NVME',
  sha1: 'SHA1',
  sha256: 'SHA256',
} as const

function declare(algorithm: keyof typeof DECLARED) {
  const type = isCombinable(algorithm) ? ('FULL_OBJECT' as const) : ('COMPOSITE' as const)
  return { ChecksumAlgorithm: DECLARED[algorithm], ChecksumType: type }
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
  const query: Pair[] = [
    ['partNumber', String(partNumber)],
    ['uploadId', uploadId],
  ]
  const answer = await requests.send({ method: 'PUT', key, query, headers, content, signal })
  await textOf(answer)
  const output = readHeaders(answer.headers)
  const size = sizeOf(content, settings, key)
  const etag = requireEtag(settings, key, output.ETag)
  return { partNumber, size, etag, checksum: checksum ?? toPartChecksum(output) }
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
  const { settings } = bucket
  const { mode, checksum, signal, ...properties } = options
  const input = {
    Bucket: bucket.Bucket,
    Key: key,
    UploadId: uploadId,
    MultipartUpload: { Parts: parts.map(toCompletedPart) },
    ...toConditions(mode, settings),
    ...wholeChecksum(checksum, settings.name, key),
  }
  const output = await bucket.ask(signal, { key, mode }, (s3, call) =>
    s3.send(new CompleteMultipartUploadCommand(input), call),
  )
  // Ceph answers with an empty ETag while it still moves the parts.
  const etag = bareEtag(output.ETag) || multipartEtag(parts)
  if (etag === undefined) return head(bucket, key, { signal })
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const written = toWritten(settings, key, size, properties)
  return { ...written, etag, version: output.VersionId, ...toDigests({ ...output, ETag: etag }) }
}

function toCompletedPart({ partNumber, etag, checksum }: Part) {
  const carried = checksum?.algorithm === 'md5' ? undefined : checksum
  return { PartNumber: partNumber, ETag: etag, ...toChecksumFields(carried) }
}

function wholeChecksum(checksum: PutOptions['checksum'], store: string, key: string) {
  if (checksum === undefined) return {}
  if (isCombinable(checksum.algorithm)) {
    return { ...toChecksumFields(checksum), ChecksumType: 'FULL_OBJECT' as const }
  }
  const message = `${store} cannot check a ${checksum.algorithm} digest of a whole that was sent in parts; give a CRC.`
  throw new StorageError('unsupported', message, { store, key })
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
  bucket: S3Bucket,
  key: string,
  uploadId: string,
  { signal }: Call,
): Promise<void> {
  const input = { Bucket: bucket.Bucket, Key: key, UploadId: uploadId }
  try {
    await bucket.ask(signal, { key }, (s3, call) =>
      s3.send(new AbortMultipartUploadCommand(input), call),
    )
  } catch (error) {
    if (!isStorageError(error, 'not-found') || error.key === undefined) throw error
  }
}

async function listParts(
  bucket: S3Bucket,
  key: string,
  uploadId: string,
  { cursor, signal }: Call & { cursor?: string | undefined },
): Promise<{ parts: Part[]; cursor?: string | undefined }> {
  const input = { Bucket: bucket.Bucket, Key: key, UploadId: uploadId, PartNumberMarker: cursor }
  const output = await bucket.ask(signal, { key }, (s3, call) =>
    s3.send(new ListPartsCommand(input), call),
  )
  const parts = (output.Parts ?? []).map((part) => {
    const checksum = toPartChecksum(part)
    const { PartNumber = 0, Size = 0, ETag } = part
    return {
      partNumber: PartNumber,
      size: Size,
      etag: bareEtag(ETag),
      ...(checksum && { checksum }),
    }
  })
  return output.IsTruncated ? { parts, cursor: output.NextPartNumberMarker } : { parts }
}

type ListUploads = NonNullable<MultipartDriver['listUploads']>

/** Plain keys: not every look-alike says whether it encoded those of uploads, and Skein's own need none. */
async function listUploads(
  bucket: S3Bucket,
  { prefix, cursor, signal }: Parameters<ListUploads>[0],
): ReturnType<ListUploads> {
  const [KeyMarker, UploadIdMarker] = splitCursor(cursor)
  const input = { Bucket: bucket.Bucket, Prefix: prefix, KeyMarker, UploadIdMarker }
  const output = await bucket.ask(signal, {}, (s3, call) =>
    s3.send(new ListMultipartUploadsCommand(input), call),
  )
  if (output.Bucket === undefined) throw strangeAnswer(bucket.settings)
  const uploads = (output.Uploads ?? []).map(({ Key = '', UploadId = '', Initiated }) => ({
    key: Key,
    uploadId: UploadId,
    begun: Initiated,
  }))
  if (!output.IsTruncated) return { uploads }
  return { uploads, cursor: joinCursor(output.NextKeyMarker, output.NextUploadIdMarker) }
}

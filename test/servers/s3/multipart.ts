// Multipart uploads up to their completion: Create, UploadPart, UploadPartCopy, Abort.

import { randomBytes } from 'node:crypto'
import { encryptionHeaders, readAttributes } from './attributes.ts'
import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import {
  checksumHeaders,
  chooseChecksumType,
  digestOf,
  parseAlgorithm,
  readClaim,
} from './checksums.ts'
import type { Algorithm, Checksum } from './checksums.ts'
import { md5OfContent, sliceContent } from './content.ts'
import type { Content } from './content.ts'
import { describeCopy, requireSource, sourceHeaders } from './copy-object.ts'
import { refuse } from './errors.ts'
import { maxPutBytes, receive } from './receive.ts'
import { stampOf } from './state.ts'
import type { Bucket, StoredPart, Upload } from './state.ts'
import { defaultAlgorithm, requireKey } from './write-object.ts'
import { element, s3Document } from './xml.ts'

export function createMultipartUpload(call: Call, bucket: Bucket): Answer {
  requireKey(call.key)
  const named = call.headers.get('x-amz-checksum-algorithm')
  const askedType = call.headers.get('x-amz-checksum-type')
  if (bucket.dialect.checksums === 'none' && (named ?? askedType) !== undefined) {
    throw refuse('InvalidRequest', "Unsupported header 'x-amz-checksum-algorithm' received.")
  }
  if (named === undefined && askedType !== undefined) {
    throw refuse('InvalidRequest', 'x-amz-checksum-type needs x-amz-checksum-algorithm.')
  }
  const algorithm = named === undefined ? undefined : parseAlgorithm(named)
  const upload: Upload = {
    uploadId: randomBytes(48).toString('base64url'),
    key: call.key,
    initiatedMs: stampOf(call.state),
    attributes: readAttributes(call.state, bucket, call.headers),
    algorithm,
    checksumType: chooseChecksumType(algorithm ?? 'crc64nvme', askedType),
    parts: new Map(),
  }
  bucket.uploads.set(upload.uploadId, upload)
  return xmlAnswer(
    s3Document(
      'InitiateMultipartUploadResult',
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.uploadId),
    ),
    { ...encryptionHeaders(upload.attributes.encryption), ...algorithmHeaders(upload) },
  )
}

export function algorithmHeaders(upload: Upload): Record<string, string> {
  if (!upload.algorithm) return {}
  return {
    'x-amz-checksum-algorithm': upload.algorithm.toUpperCase(),
    'x-amz-checksum-type': upload.checksumType,
  }
}

export function requireUpload(call: Call, bucket: Bucket): Upload {
  const uploadId = call.query.get('uploadId') ?? ''
  const upload = bucket.uploads.get(uploadId)
  if (upload && upload.key === call.key) return upload
  throw refuse('NoSuchUpload', undefined, { details: { UploadId: uploadId } })
}

function readPartNumber(call: Call, bucket: Bucket): number {
  const text = call.query.get('partNumber') ?? ''
  const number = Number(text)
  const { maxParts } = bucket.dialect
  if (/^\d+$/.test(text) && number >= 1 && number <= maxParts) return number
  throw refuse(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${maxParts}, inclusive`,
    {
      details: { ArgumentName: 'partNumber', ArgumentValue: text },
    },
  )
}

export async function uploadPart(call: Call, bucket: Bucket): Promise<Answer> {
  const number = readPartNumber(call, bucket)
  const upload = requireUpload(call, bucket)
  requireAgreedAlgorithm(upload, readClaim(call.headers)?.algorithm)
  const received = await receive(call, {
    dialect: bucket.dialect,
    otherwise: upload.algorithm ?? defaultAlgorithm(bucket),
  })
  // The upload may have ended while the body came in.
  requireUpload(call, bucket)
  const checksum: Checksum | undefined = received.checksum && {
    ...received.checksum,
    type: upload.checksumType,
  }
  const part: StoredPart = {
    number,
    etag: received.md5.toString('hex'),
    content: received.content,
    modifiedMs: stampOf(call.state),
    checksum,
  }
  upload.parts.set(number, part)
  return {
    status: 200,
    headers: {
      etag: `"${part.etag}"`,
      ...encryptionHeaders(upload.attributes.encryption),
      ...partChecksumHeaders(checksum),
    },
  }
}

function partChecksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  const { 'x-amz-checksum-type': _, ...value } = checksumHeaders(checksum)
  return value
}

/**
 * A part may carry only the checksum its upload was created for, and a COMPOSITE upload needs it. Where
 * the upload names none, as the SDKs leave it, each part's own checksum is verified and goes no further.
 */
function requireAgreedAlgorithm(upload: Upload, claimed: Algorithm | undefined): void {
  if (upload.algorithm === undefined || claimed === upload.algorithm) return
  if (claimed === undefined && upload.checksumType === 'FULL_OBJECT') return
  throw refuse(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${claimed ?? 'null'}`,
  )
}

export function uploadPartCopy(call: Call, bucket: Bucket): Answer {
  const number = readPartNumber(call, bucket)
  const upload = requireUpload(call, bucket)
  const source = requireSource(call)
  const content = readSourceRange(call, source.version.content)
  const algorithm = upload.algorithm ?? defaultAlgorithm(bucket)
  const part: StoredPart = {
    number,
    etag: md5OfContent(content),
    content,
    modifiedMs: stampOf(call.state),
    checksum: algorithm && {
      algorithm,
      type: upload.checksumType,
      value: digestOf(algorithm, content),
    },
  }
  upload.parts.set(number, part)
  return xmlAnswer(describeCopy('CopyPartResult', part), {
    ...encryptionHeaders(upload.attributes.encryption),
    ...sourceHeaders(source),
  })
}

/** Both ends are demanded, and within the source: unlike a GET's range, nothing is cut short. */
function readSourceRange(call: Call, content: Content): Content {
  const header = call.headers.get('x-amz-copy-source-range')
  if (header === undefined) return requirePartSize(content)
  const match = /^bytes=(\d+)-(\d+)$/.exec(header)
  const start = Number(match?.[1])
  const end = Number(match?.[2]) + 1
  if (!match || start >= end) {
    throw refuse(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    )
  }
  if (end > content.size) {
    throw refuse(
      'InvalidRange',
      `Range specified is not valid for source object of size: ${content.size}`,
    )
  }
  return requirePartSize(sliceContent(content, start, end))
}

function requirePartSize(content: Content): Content {
  if (content.size <= maxPutBytes) return content
  throw refuse(
    'InvalidRequest',
    'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
  )
}

export function abortMultipartUpload(call: Call, bucket: Bucket): Answer {
  bucket.uploads.delete(requireUpload(call, bucket).uploadId)
  return { status: 204 }
}

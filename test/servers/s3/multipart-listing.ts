// ListParts and ListMultipartUploads.

import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { checksumElements } from './checksums.ts'
import { compareUtf8 } from './key-index.ts'
import { encodeUrl, readLimit } from './listing.ts'
import { algorithmHeaders, requireUpload } from './multipart.ts'
import type { Bucket, Upload } from './state.ts'
import { element, optional, s3Document } from './xml.ts'
import type { Xml } from './xml.ts'

export function listParts(call: Call, bucket: Bucket): Answer {
  const upload = requireUpload(call, bucket)
  const after = Number(call.query.get('part-number-marker') ?? 0)
  const limit = readLimit(call.query.get('max-parts'), 'max-parts')
  const rest = [...upload.parts.values()]
    .filter((part) => part.number > after)
    .toSorted((a, b) => a.number - b.number)
  const page = rest.slice(0, limit)
  const isTruncated = rest.length > page.length
  const withChecksums = upload.algorithm !== undefined
  return xmlAnswer(
    s3Document(
      'ListPartsResult',
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.uploadId),
      element('StorageClass', upload.attributes.storageClass),
      element('PartNumberMarker', after),
      element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
      element('MaxParts', limit),
      element('IsTruncated', isTruncated),
      checksumKind(upload),
      page.map((part) =>
        element(
          'Part',
          element('PartNumber', part.number),
          element('LastModified', new Date(part.modifiedMs).toISOString()),
          element('ETag', `"${part.etag}"`),
          element('Size', part.content.size),
          withChecksums ? checksumElements(part.checksum, false) : [],
        ),
      ),
    ),
    algorithmHeaders(upload),
  )
}

function checksumKind(upload: Upload): Xml[] {
  if (!upload.algorithm) return []
  return [
    element('ChecksumAlgorithm', upload.algorithm.toUpperCase()),
    element('ChecksumType', upload.checksumType),
  ]
}

type Position = { key: string; uploadId: string }

export function listMultipartUploads(call: Call, bucket: Bucket): Answer {
  const prefix = call.query.get('prefix') ?? ''
  const delimiter = call.query.get('delimiter') ?? ''
  const limit = readLimit(call.query.get('max-uploads'), 'max-uploads')
  const encodingType = call.query.get('encoding-type')
  const encode = encodingType === 'url' ? encodeUrl : (text: string) => text
  const marker = {
    key: call.query.get('key-marker') ?? '',
    uploadId: call.query.get('upload-id-marker') ?? '',
  }
  const rest = rollUp(uploadsAfter(bucket, prefix, marker), prefix, delimiter).filter(
    (entry) => typeof entry !== 'string' || entry !== marker.key,
  )
  const page = rest.slice(0, limit)
  const isTruncated = rest.length > page.length
  const next = isTruncated ? positionOf(page.at(-1)) : undefined
  return xmlAnswer(
    s3Document(
      'ListMultipartUploadsResult',
      element('Bucket', bucket.name),
      element('KeyMarker', encode(marker.key)),
      element('UploadIdMarker', marker.uploadId),
      optional('NextKeyMarker', next && encode(next.key)),
      optional('NextUploadIdMarker', next?.uploadId),
      element('Prefix', encode(prefix)),
      optional('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
      optional('EncodingType', encodingType),
      element('MaxUploads', limit),
      element('IsTruncated', isTruncated),
      page.map((entry) => describeEntry(entry, encode)),
    ),
  )
}

/** By key, then by the time of their beginning; the marker's own key counts only after its upload. */
function uploadsAfter(bucket: Bucket, prefix: string, marker: Position): Upload[] {
  const sorted = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix))
    .toSorted((a, b) => compareUtf8(a.key, b.key))
  if (marker.key === '') return sorted
  const at = sorted.findIndex((upload) => upload.uploadId === marker.uploadId)
  return sorted.filter((upload, index) => {
    const order = compareUtf8(upload.key, marker.key)
    return order > 0 || (order === 0 && at >= 0 && index > at)
  })
}

function rollUp(
  uploads: readonly Upload[],
  prefix: string,
  delimiter: string,
): (Upload | string)[] {
  const seen = new Set<string>()
  return uploads.flatMap((upload): (Upload | string)[] => {
    const at = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length)
    if (at < 0) return [upload]
    const rolled = upload.key.slice(0, at + delimiter.length)
    if (seen.has(rolled)) return []
    seen.add(rolled)
    return [rolled]
  })
}

function positionOf(entry: Upload | string | undefined): Position | undefined {
  return typeof entry === 'string' ? { key: entry, uploadId: '' } : entry
}

function describeEntry(entry: Upload | string, encode: (text: string) => string): Xml {
  if (typeof entry === 'string') {
    return element('CommonPrefixes', element('Prefix', encode(entry)))
  }
  return element(
    'Upload',
    element('Key', encode(entry.key)),
    element('UploadId', entry.uploadId),
    element('StorageClass', entry.attributes.storageClass),
    element('Initiated', new Date(entry.initiatedMs).toISOString()),
    checksumKind(entry),
  )
}

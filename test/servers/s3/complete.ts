// CompleteMultipartUpload: the list of parts held against what was uploaded, sizes, checksums and the
// write's conditions, and the same answer again to the same request sent twice.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html

import { createHash } from 'node:crypto'
import { encryptionHeaders } from './attributes.ts'
import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import {
  algorithms,
  checksumElementName,
  checksumElements,
  checksumOfParts,
  digestOf,
  headerOf,
  refuseMismatch,
} from './checksums.ts'
import type { Checksum } from './checksums.ts'
import { requireWritable } from './conditions.ts'
import { joinContents } from './content.ts'
import { refuse } from './errors.ts'
import { requireUpload } from './multipart.ts'
import { receiveXml } from './receive.ts'
import { clockOf } from './state.ts'
import type { Bucket, StoredPart, Upload, Version } from './state.ts'
import { addVersion, versionHeaders } from './versions.ts'
import { chooseEtag, defaultAlgorithm } from './write-object.ts'
import { element, s3Document } from './xml.ts'
import { childrenOf, readXml, requireText, textOf } from './xml-read.ts'

const rememberedMs = 10 * 60_000

type Named = { number: number; etag: string; checksum: string | undefined }

export async function completeMultipartUpload(call: Call, bucket: Bucket): Promise<Answer> {
  const named = readNamedParts(await receiveCompletion(call, bucket))
  const asText = JSON.stringify(named.map((part) => [part.number, part.etag]))
  const before = recall(call, bucket, asText)
  if (before) return describeCompletion(call, bucket, before)
  const upload = requireUpload(call, bucket)
  const chosen = choosePartsOf(upload, bucket, named)
  const { checksum, parts } = computeChecksum(bucket, upload, chosen)
  verifyClaim(call, upload, checksum)
  requireObjectSize(call, parts)
  requireWritable(call, bucket)
  const version = assemble(call, bucket, upload, parts, checksum)
  bucket.uploads.delete(upload.uploadId)
  const finishedMs = clockOf(call.state)
  bucket.completions.set(upload.uploadId, { key: call.key, parts: asText, version, finishedMs })
  return describeCompletion(call, bucket, version)
}

/** The checksum headers of this request speak of the object, not of the XML it carries. */
async function receiveCompletion(call: Call, bucket: Bucket): Promise<string> {
  const headers = new Map(
    [...call.headers].filter(([name]) => !/^x-amz-(checksum-|sdk-checksum-)/.test(name)),
  )
  return receiveXml({ ...call, headers }, bucket.dialect)
}

function readNamedParts(text: string): Named[] {
  const parts = childrenOf(readXml(text, 'CompleteMultipartUpload'), 'Part')
  if (parts.length === 0) throw refuse('MalformedXML')
  return parts.map((part) => {
    const number = Number(requireText(part, 'PartNumber'))
    const etag = requireText(part, 'ETag').replaceAll('"', '')
    const checksum = algorithms
      .map((algorithm) => textOf(part, checksumElementName(algorithm)))
      .find((value) => value !== undefined)
    if (!Number.isInteger(number)) throw refuse('MalformedXML')
    return { number, etag, checksum }
  })
}

/** S3 answers a repeated Complete as the first, for some minutes. */
function recall(call: Call, bucket: Bucket, parts: string): Version | undefined {
  const completion = bucket.completions.get(call.query.get('uploadId') ?? '')
  if (!completion || completion.key !== call.key || completion.parts !== parts) return undefined
  const isFresh = clockOf(call.state) - completion.finishedMs < rememberedMs
  return isFresh ? completion.version : undefined
}

function choosePartsOf(upload: Upload, bucket: Bucket, named: readonly Named[]): StoredPart[] {
  const inOrder = named.every((part, index) => part.number > (named[index - 1]?.number ?? 0))
  if (!inOrder)
    throw refuse('InvalidPartOrder', undefined, { details: { UploadId: upload.uploadId } })
  const parts = named.map((one) => requirePart(upload, one))
  requireSizes(bucket, parts)
  return parts
}

function requirePart(upload: Upload, named: Named): StoredPart {
  const part = upload.parts.get(named.number)
  if (upload.checksumType === 'COMPOSITE' && named.checksum === undefined) {
    throw refuse(
      'InvalidRequest',
      `The upload was created using a ${upload.algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${named.number} in the request.`,
    )
  }
  const isRight = part && part.etag === named.etag
  if (isRight && (named.checksum ?? part.checksum?.value) === part.checksum?.value) return part
  throw refuse('InvalidPart', undefined, {
    details: { UploadId: upload.uploadId, PartNumber: String(named.number), ETag: named.etag },
  })
}

function requireSizes(bucket: Bucket, parts: readonly StoredPart[]): void {
  const { minPartBytes, equalParts } = bucket.dialect
  const [first] = parts
  for (const part of parts.slice(0, -1)) {
    if (part.content.size < minPartBytes) {
      throw refuse(
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
        {
          details: {
            ProposedSize: String(part.content.size),
            MinSizeAllowed: String(minPartBytes),
            PartNumber: String(part.number),
            ETag: part.etag,
          },
        },
      )
    }
  }
  const lengths = parts.map((part) => part.content.size)
  const whole = first?.content.size ?? 0
  const isEqual = lengths.every((size, index) =>
    index === lengths.length - 1 ? size <= whole : size === whole,
  )
  if (equalParts && !isEqual) {
    throw refuse('InvalidPart', 'All non-trailing parts must have the same length.')
  }
}

/** The object's checksum, from those of its parts; parts that carry another are read again. */
function computeChecksum(
  bucket: Bucket,
  upload: Upload,
  parts: readonly StoredPart[],
): { checksum: Checksum | undefined; parts: readonly StoredPart[] } {
  const algorithm = upload.algorithm ?? defaultAlgorithm(bucket)
  if (!algorithm) return { checksum: undefined, parts }
  const digested = parts.map((part) => {
    const value =
      part.checksum?.algorithm === algorithm
        ? part.checksum.value
        : digestOf(algorithm, part.content)
    return { ...part, checksum: { algorithm, type: upload.checksumType, value } }
  })
  const digests = digested.map((part) => ({ value: part.checksum.value, size: part.content.size }))
  return { checksum: checksumOfParts(algorithm, upload.checksumType, digests), parts: digested }
}

/** Holds the checksum that the request claims for the whole object against the computed one. */
function verifyClaim(call: Call, upload: Upload, checksum: Checksum | undefined): void {
  const claimed = algorithms.find((one) => call.headers.has(headerOf(one)))
  const type = call.headers.get('x-amz-checksum-type')
  if (!checksum) {
    if (claimed ?? type) throw refuse('InvalidRequest', 'Checksums are not supported here.')
    return
  }
  if (type !== undefined && type !== upload.checksumType) {
    throw refuse(
      'InvalidRequest',
      `The upload was created with the ${upload.checksumType} checksum type.`,
    )
  }
  if (!claimed) return
  if (claimed !== checksum.algorithm) {
    // For an upload that named no algorithm, S3 takes any checksum here and does not look at it.
    if (upload.algorithm === undefined) return
    throw refuse('InvalidRequest', `The upload was created using a ${upload.algorithm} checksum.`)
  }
  const value = call.headers.get(headerOf(claimed)) ?? ''
  // A composite value may be given without its count of parts.
  const accepted = [checksum.value, checksum.value.replace(/-\d+$/, '')]
  if (!accepted.includes(value)) refuseMismatch(claimed)
}

function requireObjectSize(call: Call, parts: readonly StoredPart[]): void {
  const claimed = call.headers.get('x-amz-mp-object-size')
  const size = parts.reduce((sum, part) => sum + part.content.size, 0)
  if (claimed === undefined || Number(claimed) === size) return
  throw refuse(
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${claimed} does not match what was computed: ${size}`,
  )
}

function assemble(
  call: Call,
  bucket: Bucket,
  upload: Upload,
  parts: readonly StoredPart[],
  checksum: Checksum | undefined,
): Version {
  const md5 = createHash('md5')
  for (const part of parts) md5.update(Buffer.from(part.etag, 'hex'))
  return addVersion(call.state, bucket, {
    ...upload.attributes,
    key: upload.key,
    etag: `${chooseEtag(upload.attributes, md5.digest('hex'))}-${parts.length}`,
    content: joinContents(parts.map((part) => part.content)),
    checksum,
    parts,
  })
}

function describeCompletion(call: Call, bucket: Bucket, version: Version): Answer {
  const host = call.headers.get('host') ?? ''
  const body = s3Document(
    'CompleteMultipartUploadResult',
    element('Location', `http://${host}${call.path.split('/').map(encodeURIComponent).join('/')}`),
    element('Bucket', bucket.name),
    element('Key', version.key),
    element('ETag', `"${version.etag}"`),
    checksumElements(version.checksum),
  )
  return xmlAnswer(body, {
    ...encryptionHeaders(version.encryption),
    ...versionHeaders(bucket, version),
  })
}

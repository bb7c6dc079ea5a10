// CopyObject, and the reading of a copy's source that UploadPartCopy shares.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import { encryptionHeaders, readAttributes, readTags, requireReadable } from './attributes.ts'
import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { checksumElements, digestOf, parseAlgorithm } from './checksums.ts'
import type { Checksum } from './checksums.ts'
import { requireCopySource, requireWritable } from './conditions.ts'
import { md5OfContent } from './content.ts'
import { Refusal, refuse } from './errors.ts'
import { maxPutBytes } from './receive.ts'
import type { Attributes, Bucket, Version } from './state.ts'
import { addVersion, requireVersion, versionHeaders } from './versions.ts'
import { chooseEtag, requireKey } from './write-object.ts'
import { element, s3Document } from './xml.ts'

export type Source = { bucket: Bucket; version: Version; named: boolean }

/** Finds what `x-amz-copy-source` names, and holds the source's conditions against it. */
export function requireSource(call: Call): Source {
  const { bucketName, key, versionId } = parseSource(call.headers.get('x-amz-copy-source') ?? '')
  const bucket = call.state.buckets.get(bucketName)
  if (!bucket) throw refuse('NoSuchBucket', undefined, { details: { BucketName: bucketName } })
  const version = requireSourceVersion(bucket, key, versionId)
  requireReadable(call.state, version)
  requireCopySource(call.headers, version)
  return { bucket, version, named: versionId !== undefined }
}

function requireSourceVersion(bucket: Bucket, key: string, versionId: string | undefined): Version {
  try {
    return requireVersion(bucket, key, versionId)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'MethodNotAllowed') throw error
    throw refuse(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    )
  }
}

function parseSource(header: string): {
  bucketName: string
  key: string
  versionId: string | undefined
} {
  const [path = '', query = ''] = header.replace(/^\//, '').split('?', 2)
  const slash = path.indexOf('/')
  const versionId = new URLSearchParams(query).get('versionId') ?? undefined
  if (slash < 1 || slash === path.length - 1) {
    throw refuse(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    )
  }
  try {
    const key = decodeURIComponent(path.slice(slash + 1))
    return { bucketName: decodeURIComponent(path.slice(0, slash)), key, versionId }
  } catch {
    throw refuse('InvalidArgument', 'Copy Source must be URL-encoded')
  }
}

export function copyObject(call: Call, bucket: Bucket): Answer {
  requireKey(call.key)
  requireWritable(call, bucket)
  const source = requireSource(call)
  const { content } = source.version
  if (content.size > maxPutBytes) {
    throw refuse(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    )
  }
  const attributes = chooseAttributes(call, bucket, source.version)
  requireChange(call, bucket, source, attributes)
  const version = addVersion(call.state, bucket, {
    ...attributes,
    key: call.key,
    etag: chooseEtag(attributes, md5Of(source.version)),
    content,
    checksum: chooseChecksum(call, bucket, source.version),
    parts: [],
  })
  return xmlAnswer(describeCopy('CopyObjectResult', version), {
    ...encryptionHeaders(version.encryption),
    ...versionHeaders(bucket, version),
    ...sourceHeaders(source),
  })
}

export function sourceHeaders(source: Source): Record<string, string> {
  if (source.bucket.versioning === 'Off') return {}
  return { 'x-amz-copy-source-version-id': source.version.versionId }
}

type Described = { etag: string; modifiedMs: number; checksum: Checksum | undefined }

export function describeCopy(root: string, described: Described): string {
  return s3Document(
    root,
    element('ETag', `"${described.etag}"`),
    element('LastModified', new Date(described.modifiedMs).toISOString()),
    checksumElements(described.checksum, root === 'CopyObjectResult'),
  )
}

function directive(call: Call, name: string): 'COPY' | 'REPLACE' {
  const value = call.headers.get(name) ?? 'COPY'
  if (value === 'COPY' || value === 'REPLACE') return value
  throw refuse('InvalidArgument', `Unknown ${name.replace('x-amz-', '')} directive.`)
}

/** Storage class, encryption and lock never come from the source. */
function chooseAttributes(call: Call, bucket: Bucket, source: Version): Attributes {
  const asked = readAttributes(call.state, bucket, call.headers)
  const keepsMetadata = directive(call, 'x-amz-metadata-directive') === 'COPY'
  const keepsTags = directive(call, 'x-amz-tagging-directive') === 'COPY'
  return {
    ...asked,
    ...(keepsMetadata ? { contentHeaders: source.contentHeaders, metadata: source.metadata } : {}),
    tags: keepsTags ? source.tags : readTags(bucket, call.headers),
  }
}

/** A copy onto itself must change something, or it is refused. */
function requireChange(call: Call, bucket: Bucket, source: Source, attributes: Attributes): void {
  const onItself = source.bucket === bucket && source.version.key === call.key && !source.named
  const replaces = directive(call, 'x-amz-metadata-directive') === 'REPLACE'
  const moves = attributes.storageClass !== source.version.storageClass
  const encrypts = call.headers.has('x-amz-server-side-encryption')
  if (!onItself || replaces || moves || encrypts) return
  throw refuse(
    'InvalidRequest',
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  )
}

/** A copy is one piece: what was uploaded in parts gets the digest of its bytes. */
function md5Of(source: Version): string {
  if (source.parts.length === 0 && source.encryption.algorithm === 'AES256') return source.etag
  return md5OfContent(source.content)
}

function chooseChecksum(call: Call, bucket: Bucket, source: Version): Checksum | undefined {
  if (bucket.dialect.checksums === 'none') return undefined
  const named = call.headers.get('x-amz-checksum-algorithm')
  const kept = source.checksum
  const algorithm = named === undefined ? (kept?.algorithm ?? 'crc64nvme') : parseAlgorithm(named)
  if (kept?.algorithm === algorithm && kept.type === 'FULL_OBJECT') return kept
  return { algorithm, type: 'FULL_OBJECT', value: digestOf(algorithm, source.content) }
}

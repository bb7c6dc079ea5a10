// PutObject, DeleteObject and RestoreObject.

import { randomBytes } from 'node:crypto'
import { encryptionHeaders, isArchived, readAttributes } from './attributes.ts'
import type { Answer, Call } from './call.ts'
import { checksumHeaders } from './checksums.ts'
import type { Algorithm, Checksum } from './checksums.ts'
import { requireDeletable, requireWritable } from './conditions.ts'
import { refuse } from './errors.ts'
import { receive, receiveXml } from './receive.ts'
import type { Received } from './receive.ts'
import { clockOf } from './state.ts'
import type { Attributes, Bucket, State, Version } from './state.ts'
import {
  addMarker,
  addVersion,
  findVersion,
  removeVersion,
  requireUnlocked,
  requireVersion,
  versionHeaders,
} from './versions.ts'
import { readXml, textOf } from './xml-read.ts'

const dayMs = 86_400_000
const maxKeyBytes = 1024

export function requireKey(key: string): void {
  const size = Buffer.byteLength(key)
  if (size <= maxKeyBytes) return
  throw refuse('KeyTooLongError', undefined, {
    details: { Size: String(size), MaxSizeAllowed: String(maxKeyBytes) },
  })
}

/** The checksum S3 adds by itself where the client sends none. */
export function defaultAlgorithm(bucket: Bucket): Algorithm | undefined {
  return bucket.dialect.checksums === 'all' ? 'crc64nvme' : undefined
}

export async function putObject(call: Call, bucket: Bucket): Promise<Answer> {
  requireKey(call.key)
  const attributes = readAttributes(call.state, bucket, call.headers)
  // Looked at before the body, to refuse early, and after it, since others write meanwhile.
  requireWritable(call, bucket)
  const received = await receive(call, {
    dialect: bucket.dialect,
    otherwise: defaultAlgorithm(bucket),
  })
  requireDigestForLock(call, attributes, received)
  requireWritable(call, bucket)
  const version = store(call.state, bucket, call.key, attributes, received)
  return {
    status: 200,
    headers: {
      etag: `"${version.etag}"`,
      ...encryptionHeaders(version.encryption),
      ...checksumHeaders(version.checksum),
      ...versionHeaders(bucket, version),
    },
  }
}

export function store(
  state: State,
  bucket: Bucket,
  key: string,
  attributes: Attributes,
  received: Received,
): Version {
  const checksum: Checksum | undefined = received.checksum && {
    ...received.checksum,
    type: 'FULL_OBJECT',
  }
  return addVersion(state, bucket, {
    ...attributes,
    key,
    etag: chooseEtag(attributes, received.md5.toString('hex')),
    content: received.content,
    checksum,
    parts: [],
  })
}

/** Under KMS an ETag is no digest of the object: nobody may take it for one. */
export function chooseEtag(attributes: Attributes, md5: string): string {
  return attributes.encryption.algorithm === 'aws:kms' ? randomBytes(16).toString('hex') : md5
}

function requireDigestForLock(call: Call, attributes: Attributes, received: Received): void {
  const isLocked = attributes.lock.mode !== undefined || attributes.lock.legalHold === true
  if (!isLocked || received.claimed || call.headers.has('content-md5')) return
  throw refuse(
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  )
}

export function deleteObject(call: Call, bucket: Bucket): Answer {
  const removed = deleteOne(call, bucket, {
    key: call.key,
    versionId: call.query.get('versionId'),
    etag: call.headers.get('if-match'),
  })
  return { status: 204, headers: removed ? versionHeaders(bucket, removed) : {} }
}

export type Deletion = { key: string; versionId: string | undefined; etag: string | undefined }

/** The marker added or the version removed; undefined where there was nothing to remove. */
export function deleteOne(call: Call, bucket: Bucket, deletion: Deletion): Version | undefined {
  const { key, versionId, etag } = deletion
  requireDeletable(bucket, key, etag)
  if (versionId === undefined && bucket.versioning !== 'Off') {
    return addMarker(call.state, bucket, key)
  }
  const version = findVersion(bucket, key, versionId ?? 'null')
  if (!version) return undefined
  const bypass = call.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
  requireUnlocked(call.state, version, bypass)
  removeVersion(bucket, version)
  return version
}

export async function restoreObject(call: Call, bucket: Bucket): Promise<Answer> {
  const { state } = call
  const version = requireVersion(bucket, call.key, call.query.get('versionId'))
  const request = readXml(await receiveXml(call, bucket.dialect), 'RestoreRequest')
  const days = Number(textOf(request, 'Days'))
  if (!Number.isInteger(days) || days < 1) throw refuse('MalformedXML')
  if (!isArchived(version)) {
    throw refuse(
      'InvalidObjectState',
      "Restore is not allowed for the object's current storage class",
    )
  }
  const now = clockOf(state)
  if (version.restore && now < version.restore.readyMs) throw refuse('RestoreAlreadyInProgress')
  const isReady = version.restore !== undefined && now < version.restore.untilMs
  const readyMs = isReady ? now : now + bucket.dialect.restoreMs
  version.restore = { readyMs, untilMs: readyMs + days * dayMs }
  return { status: isReady ? 200 : 202 }
}

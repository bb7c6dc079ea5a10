// What a client says about an object in headers: content headers, metadata, storage class, tags,
// encryption, lock; read with S3's limits, and written back as S3 answers them.

import { refuse } from './errors.ts'
import type { Attributes, Bucket, Encryption, Lock, Tag, Version } from './state.ts'
import { clockOf } from './state.ts'
import type { State } from './state.ts'
import { parseTagHeader } from './tags.ts'
import { encryptionDefault, lockDefault } from './defaults.ts'

type Headers = ReadonlyMap<string, string>

const contentNames = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
]
const metaPrefix = 'x-amz-meta-'
const maxMetadataBytes = 2048

export function readAttributes(state: State, bucket: Bucket, headers: Headers): Attributes {
  requirePlainAcl(headers)
  return {
    contentHeaders: readContentHeaders(headers),
    metadata: readMetadata(headers),
    storageClass: readStorageClass(bucket, headers),
    tags: readTags(bucket, headers),
    encryption: readEncryption(bucket, headers),
    lock: readLock(state, bucket, headers),
  }
}

/** New buckets have no ACLs: only what changes nothing is taken. */
function requirePlainAcl(headers: Headers): void {
  const acl = headers.get('x-amz-acl') ?? 'private'
  const grants = [...headers.keys()].some((name) => name.startsWith('x-amz-grant-'))
  if (grants || !['private', 'bucket-owner-full-control'].includes(acl)) {
    throw refuse('AccessControlListNotSupported')
  }
}

export function readContentHeaders(headers: Headers): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of contentNames) {
    const value = headers.get(name)
    if (value !== undefined && value !== '') found[name] = value
  }
  const encoding = stripChunkedCoding(found['content-encoding'])
  delete found['content-encoding']
  return {
    'content-type': 'binary/octet-stream',
    ...found,
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  }
}

/** `aws-chunked` belongs to the transfer, not to the object. */
function stripChunkedCoding(encoding = ''): string {
  const codings = encoding.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',')
}

export function readMetadata(headers: Headers): Record<string, string> {
  const entries = [...headers]
    .filter(([name]) => name.startsWith(metaPrefix))
    .map(([name, value]) => [name.slice(metaPrefix.length), value] as const)
  const size = entries.reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  )
  if (size > maxMetadataBytes) {
    throw refuse('MetadataTooLarge', undefined, {
      details: { Size: String(size), MaxSizeAllowed: String(maxMetadataBytes) },
    })
  }
  return Object.fromEntries(entries)
}

function readStorageClass(bucket: Bucket, headers: Headers): string {
  const name = headers.get('x-amz-storage-class') ?? 'STANDARD'
  if (bucket.dialect.storageClasses.includes(name)) return name
  throw refuse('InvalidStorageClass', undefined, { details: { StorageClassRequested: name } })
}

export function readTags(bucket: Bucket, headers: Headers): readonly Tag[] {
  const header = headers.get('x-amz-tagging')
  if (header === undefined) return []
  requireTagging(bucket)
  return parseTagHeader(header)
}

export function requireTagging(bucket: Bucket): void {
  if (!bucket.dialect.tags) throw refuse('NotImplemented', 'Object tagging is not implemented.')
}

function readEncryption(bucket: Bucket, headers: Headers): Encryption {
  if (headers.has('x-amz-server-side-encryption-customer-algorithm')) {
    throw refuse(
      'InvalidRequest',
      'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.',
    )
  }
  const algorithm = headers.get('x-amz-server-side-encryption')
  const kmsKeyId = headers.get('x-amz-server-side-encryption-aws-kms-key-id')
  if (algorithm === undefined) {
    if (kmsKeyId !== undefined) {
      throw refuse(
        'InvalidArgument',
        'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      )
    }
    return encryptionDefault(bucket)
  }
  if (algorithm === 'AES256') return { algorithm }
  if (algorithm !== 'aws:kms') throw refuse('InvalidEncryptionAlgorithmError')
  return { algorithm, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) }
}

function readLock(state: State, bucket: Bucket, headers: Headers): Lock {
  const mode = headers.get('x-amz-object-lock-mode')
  const until = headers.get('x-amz-object-lock-retain-until-date')
  const hold = headers.get('x-amz-object-lock-legal-hold')
  const named = mode ?? until ?? hold
  if (named === undefined) return lockDefault(state, bucket)
  if (!bucket.objectLock) {
    throw refuse('InvalidRequest', 'Bucket is missing Object Lock Configuration')
  }
  return {
    ...(mode === undefined && until === undefined
      ? lockDefault(state, bucket)
      : readRetention(state, mode, until)),
    ...(hold === undefined ? {} : { legalHold: readHold(hold) }),
  }
}

export function readHold(status: string): boolean {
  if (status === 'ON' || status === 'OFF') return status === 'ON'
  throw refuse('InvalidArgument', 'Legal Hold must be either of ON or OFF')
}

export function readRetention(
  state: State,
  mode: string | undefined,
  until: string | undefined,
): Lock {
  if (mode === undefined || until === undefined) {
    throw refuse(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    )
  }
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') {
    throw refuse('InvalidArgument', 'Unknown wormMode directive.')
  }
  const retainUntilMs = Date.parse(until)
  if (Number.isNaN(retainUntilMs))
    throw refuse('InvalidArgument', 'The retain until date is invalid')
  if (retainUntilMs <= clockOf(state)) {
    throw refuse('InvalidArgument', 'The retain until date must be in the future!')
  }
  return { mode, retainUntilMs }
}

/** The headers that GET and HEAD give beside those of the body. */
export function describeVersion(state: State, version: Version): Record<string, string> {
  const headers: Record<string, string> = {
    ...version.contentHeaders,
    ...encryptionHeaders(version.encryption),
    ...lockHeaders(version.lock),
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  }
  for (const [name, value] of Object.entries(version.metadata)) headers[metaPrefix + name] = value
  if (version.storageClass !== 'STANDARD') headers['x-amz-storage-class'] = version.storageClass
  if (version.tags.length > 0) headers['x-amz-tagging-count'] = String(version.tags.length)
  const restore = describeRestore(state, version)
  if (restore !== undefined) headers['x-amz-restore'] = restore
  return headers
}

export function encryptionHeaders(encryption: Encryption): Record<string, string> {
  return {
    'x-amz-server-side-encryption': encryption.algorithm,
    ...(encryption.kmsKeyId === undefined
      ? {}
      : { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.kmsKeyId }),
  }
}

function lockHeaders(lock: Lock): Record<string, string> {
  const headers: Record<string, string> = {}
  if (lock.mode) headers['x-amz-object-lock-mode'] = lock.mode
  if (lock.retainUntilMs !== undefined) {
    headers['x-amz-object-lock-retain-until-date'] = new Date(lock.retainUntilMs).toISOString()
  }
  if (lock.legalHold !== undefined) {
    headers['x-amz-object-lock-legal-hold'] = lock.legalHold ? 'ON' : 'OFF'
  }
  return headers
}

function describeRestore(state: State, version: Version): string | undefined {
  if (!version.restore) return undefined
  const { readyMs, untilMs } = version.restore
  const now = clockOf(state)
  if (now < readyMs) return 'ongoing-request="true"'
  if (now >= untilMs) return undefined
  return `ongoing-request="false", expiry-date="${new Date(untilMs).toUTCString()}"`
}

export function isArchived(version: Version): boolean {
  return version.storageClass === 'GLACIER' || version.storageClass === 'DEEP_ARCHIVE'
}

/** Refuses to read bytes that lie in an archive and were not restored. */
export function requireReadable(state: State, version: Version): void {
  if (!isArchived(version)) return
  const now = clockOf(state)
  if (version.restore && now >= version.restore.readyMs && now < version.restore.untilMs) return
  throw refuse('InvalidObjectState', undefined, { details: { StorageClass: version.storageClass } })
}

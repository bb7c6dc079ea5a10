// Notifications in S3's shape: Amazon's own, and those of MinIO, Wasabi and Ceph, which copy it each in its own
// way. Event names are matched exactly: MinIO files changes of tags and retention under `ObjectCreated:`.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

import type { EventType, Reading, Vendor } from './event.ts'
import { ignored } from './event.ts'
import { bareEtag, sizeAt, textAt, timeAt } from './json.ts'

const TYPES: Readonly<Record<string, EventType>> = {
  'ObjectCreated:Put': 'created',
  'ObjectCreated:Post': 'created',
  'ObjectCreated:Copy': 'created',
  'ObjectCreated:CompleteMultipartUpload': 'created',
  'ObjectRemoved:Delete': 'deleted',
  'ObjectRemoved:DeleteMarkerCreated': 'deleted',
  // Reported under names of their own, and only to whoever asked for them too.
  'LifecycleExpiration:Delete': 'deleted',
  'LifecycleExpiration:DeleteMarkerCreated': 'deleted',
}

interface Dialect {
  vendor: Vendor
  /** As the documents say, and as Ceph does not. */
  encodesKeys: boolean
  /** Wasabi's is always "1". */
  sequences: boolean
}

const AMAZON: Dialect = { vendor: 'aws', encodesKeys: true, sequences: true }

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'aws:s3': AMAZON,
  'minio:s3': { ...AMAZON, vendor: 'minio' },
  'wasabi:s3': { ...AMAZON, vendor: 'wasabi', sequences: false },
  'ceph:s3': { ...AMAZON, vendor: 'ceph', encodesKeys: false },
}

export function isS3Record(record: unknown): boolean {
  return Object.hasOwn(DIALECTS, textAt(record, 'eventSource') ?? '')
}

/** `delivery` names the message that brought it: what has no sequence of its own gets its identity from there. */
export function readS3Record(record: unknown, delivery: string): Reading {
  const dialect = DIALECTS[textAt(record, 'eventSource') ?? ''] ?? AMAZON
  // Some senders write the prefix that only configurations have.
  const name = (textAt(record, 'eventName') ?? '').replace(/^s3:/, '')
  const bucket = textAt(record, 's3', 'bucket', 'name')
  const written = textAt(record, 's3', 'object', 'key')
  const key = written && (dialect.encodesKeys ? decodeFormKey(written) : written)
  if (bucket === undefined || written === undefined) return ignored('it names no bucket and key')
  if (key === undefined) return ignored('its key is not encoded as S3 encodes keys', { bucket })
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
  if (type === undefined) return ignored(`${name || 'no name'} changes no content`, { bucket, key })
  const version = versionOf(record, dialect)
  const sequencer = dialect.sequences ? textAt(record, 's3', 'object', 'sequencer') : undefined
  return {
    type: name === 'ObjectRemoved:Delete' && version !== undefined ? 'version-deleted' : type,
    ...{ vendor: dialect.vendor, bucket, key, version, sequencer },
    etag: bareEtag(textAt(record, 's3', 'object', 'eTag')),
    size: type === 'created' ? sizeOf(record, dialect) : undefined,
    at: timeAt(record, 'eventTime'),
    // No vendor of this shape gives an event an id.
    id: `${bucket}/${key}#${sequencer ?? delivery}#${name}`,
    by: textAt(record, 'userIdentity', 'principalId'),
    source: textAt(record, 's3', 'object', 'userMetadata', 'X-Amz-Meta-Skein_source'),
  }
}

/** As forms write it: a plus is a space. Undefined for what cannot have been written so. */
function decodeFormKey(written: string): string | undefined {
  try {
    return decodeURIComponent(written.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** MinIO writes "1", or "null", where no versions are kept. */
function versionOf(record: unknown, { vendor }: Dialect): string | undefined {
  const version = textAt(record, 's3', 'object', 'versionId')
  return vendor === 'minio' && (version === '1' || version === 'null') ? undefined : version
}

/** MinIO leaves the size of an empty object out. */
function sizeOf(record: unknown, { vendor }: Dialect): number | undefined {
  return sizeAt(record, 's3', 'object', 'size') ?? (vendor === 'minio' ? 0 : undefined)
}

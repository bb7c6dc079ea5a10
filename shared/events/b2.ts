// What Backblaze B2 posts: up to fifty events at once. A delete through its S3 interface hides the object, and
// comes as a hide marker; `ObjectDeleted` is one version gone, below which another may be.
// https://www.backblaze.com/docs/cloud-storage-event-notifications-reference-guide

import type { EventType, Reading } from './event.ts'
import { ignored } from './event.ts'
import { at, listAt, sizeAt, textAt } from './json.ts'

const TYPES: Readonly<Record<string, EventType>> = {
  'b2:ObjectCreated:Upload': 'created',
  'b2:ObjectCreated:MultipartUpload': 'created',
  'b2:ObjectCreated:Copy': 'created',
  // B2's own replication: new content all the same.
  'b2:ObjectCreated:Replica': 'created',
  'b2:ObjectCreated:MultipartReplica': 'created',
  'b2:HideMarkerCreated:Hide': 'deleted',
  'b2:HideMarkerCreated:LifecycleRule': 'deleted',
  'b2:ObjectDeleted:Delete': 'version-deleted',
  'b2:ObjectDeleted:LifecycleRule': 'version-deleted',
}

export function isB2(payload: unknown): boolean {
  return (
    listAt(payload, 'events')?.some((event) => textAt(event, 'eventType')?.startsWith('b2:')) ??
    false
  )
}

export function readB2(payload: unknown): Reading[] {
  const events = listAt(payload, 'events')
  return events ? events.map(readOne) : [ignored('it holds no events')]
}

function readOne(event: unknown): Reading {
  const name = textAt(event, 'eventType') ?? ''
  const bucket = textAt(event, 'bucketName')
  const key = textAt(event, 'objectName')
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
  if (type === undefined) return ignored(`${name || 'no event'} changes no content`)
  if (bucket === undefined || key === undefined) return ignored('it names no bucket and object')
  const version = textAt(event, 'objectVersionId')
  return {
    ...{ type, vendor: 'b2', bucket, key, version },
    size: type === 'created' ? sizeAt(event, 'objectSize') : undefined,
    at: momentOf(event),
    id: textAt(event, 'eventId') ?? `${bucket}/${key}#${version ?? ''}#${name}`,
    by: textAt(event, 'matchedRuleName'),
  }
}

function momentOf(event: unknown): string | undefined {
  const milliseconds = at(event, 'eventTimestamp')
  const known = typeof milliseconds === 'number' && Math.abs(milliseconds) <= 8.64e15
  return known ? new Date(milliseconds).toISOString() : undefined
}

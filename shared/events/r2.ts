// What R2 puts into a queue. It has neither id nor order nor version: an event is known by all that it says.
// https://developers.cloudflare.com/r2/buckets/event-notifications/

import type { EventType, Reading } from './event.ts'
import { ignored } from './event.ts'
import { bareEtag, sizeAt, textAt, timeAt } from './json.ts'

const TYPES: Readonly<Record<string, EventType>> = {
  PutObject: 'created',
  CopyObject: 'created',
  CompleteMultipartUpload: 'created',
  DeleteObject: 'deleted',
  LifecycleDeletion: 'deleted',
}

export function isR2(payload: unknown): boolean {
  return [
    textAt(payload, 'action'),
    textAt(payload, 'bucket'),
    textAt(payload, 'object', 'key'),
  ].every((one) => one !== undefined)
}

export function readR2(payload: unknown): Reading {
  const bucket = textAt(payload, 'bucket')
  const key = textAt(payload, 'object', 'key')
  const action = textAt(payload, 'action') ?? ''
  if (bucket === undefined || key === undefined) return ignored('it names no bucket and key')
  const type = Object.hasOwn(TYPES, action) ? TYPES[action] : undefined
  if (type === undefined)
    return ignored(`${action || 'no action'} changes no content`, { bucket, key })
  const etag = bareEtag(textAt(payload, 'object', 'eTag'))
  const at = timeAt(payload, 'eventTime')
  return {
    ...{ type, vendor: 'r2', bucket, key, etag, at },
    account: textAt(payload, 'account'),
    size: sizeAt(payload, 'object', 'size'),
    id: `${bucket}/${key}#${action}#${at ?? ''}#${etag ?? ''}`,
  }
}

// What S3 tells through EventBridge: the same changes in another shape. Keys are as they are, names have
// hyphens, and whether a delete took a version for good stands in a field of its own.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html

import type { EventType, Reading } from './event.ts'
import { ignored } from './event.ts'
import { bareEtag, sizeAt, textAt, timeAt } from './json.ts'

export function isBridged(payload: unknown): boolean {
  return textAt(payload, 'source') === 'aws.s3' && textAt(payload, 'detail-type') !== undefined
}

export function readBridged(payload: unknown, delivery: string): Reading {
  const bucket = textAt(payload, 'detail', 'bucket', 'name')
  const key = textAt(payload, 'detail', 'object', 'key')
  if (bucket === undefined || key === undefined) return ignored('it names no bucket and key')
  const type = typeOf(payload)
  const name = textAt(payload, 'detail-type')
  if (type === undefined) return ignored(`"${name}" changes no content`, { bucket, key })
  return {
    ...{ type, vendor: 'aws', bucket, key },
    version: textAt(payload, 'detail', 'object', 'version-id'),
    etag: bareEtag(textAt(payload, 'detail', 'object', 'etag')),
    size: type === 'created' ? sizeAt(payload, 'detail', 'object', 'size') : undefined,
    sequencer: textAt(payload, 'detail', 'object', 'sequencer'),
    at: timeAt(payload, 'time'),
    id: textAt(payload, 'id') ?? delivery,
    by: textAt(payload, 'detail', 'requester'),
  }
}

function typeOf(payload: unknown): EventType | undefined {
  const name = textAt(payload, 'detail-type')
  if (name === 'Object Created') return 'created'
  if (name !== 'Object Deleted') return undefined
  const forGood = textAt(payload, 'detail', 'deletion-type') === 'Permanently Deleted'
  const version = textAt(payload, 'detail', 'object', 'version-id')
  return forGood && version !== undefined ? 'version-deleted' : 'deleted'
}

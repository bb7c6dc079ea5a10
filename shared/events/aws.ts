// Everything that brings S3's notifications: bare, in EventBridge's shape, in an envelope of SNS, in a message
// of SQS, and in one another. Lambda and the wire spell SNS's fields differently; both are read.

import type { Reading } from './event.ts'
import { ignored } from './event.ts'
import { isBridged, readBridged } from './event-bridge.ts'
import { at, listAt, parseJson, textAt } from './json.ts'
import { isS3Record, readS3Record } from './s3.ts'

/** SQS around SNS around S3, and one to spare. */
const MAX_ENVELOPES = 4

/** Whether it is one of these shapes, whatever is in it. */
export function isAws(payload: unknown): boolean {
  return (
    isTest(payload) ||
    isBridged(payload) ||
    isSns(payload) ||
    (listAt(payload, 'Records')?.some((record) => isS3Record(record) || isCarried(record)) ?? false)
  )
}

export function readAws(payload: unknown, delivery: string, envelopes = MAX_ENVELOPES): Reading[] {
  if (isTest(payload)) return [ignored('it is the test event of a new notification')]
  if (isBridged(payload)) return [readBridged(payload, delivery)]
  if (isSns(payload)) {
    return readEnvelope(payload, 'Message', textAt(payload, 'MessageId') ?? delivery, envelopes)
  }
  const records = listAt(payload, 'Records')
  if (records === undefined) return [ignored('it is no notification of S3')]
  return records.flatMap((record) => {
    if (textAt(record, 'eventSource') === 'aws:sqs') {
      return readEnvelope(record, 'body', textAt(record, 'messageId') ?? delivery, envelopes)
    }
    if (textAt(record, 'EventSource') === 'aws:sns') {
      const id = textAt(record, 'Sns', 'MessageId') ?? delivery
      return readEnvelope(at(record, 'Sns'), 'Message', id, envelopes)
    }
    return [isS3Record(record) ? readS3Record(record, delivery) : ignored('it is no record of S3')]
  })
}

/** S3 sends one for each destination that is configured, without any records. */
function isTest(payload: unknown): boolean {
  return textAt(payload, 'Event') === 's3:TestEvent'
}

export function isSns(payload: unknown): boolean {
  return textAt(payload, 'Type') === 'Notification' && textAt(payload, 'TopicArn') !== undefined
}

function isCarried(record: unknown): boolean {
  return textAt(record, 'eventSource') === 'aws:sqs' || textAt(record, 'EventSource') === 'aws:sns'
}

function readEnvelope(
  envelope: unknown,
  field: string,
  delivery: string,
  envelopes: number,
): Reading[] {
  if (envelopes === 0) return [ignored('it is wrapped too often')]
  return readAws(parseJson(textAt(envelope, field) ?? ''), delivery, envelopes - 1)
}

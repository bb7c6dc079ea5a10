// The queue's door on AWS Lambda: a batch of SQS messages in, the ones to try again out. What is set aside
// is in the dead-letter queue, with its reason, before it is acknowledged.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Outcome } from '#shared/jobs/queue.ts'
import { setAsideBody } from '#shared/jobs/queue.ts'
import { platform, queueUrl, setAsideUrl, sqs } from './platform.ts'
import { postpone, sendBodies } from './queue.ts'

interface SqsRecord {
  eventSource: 'aws:sqs'
  messageId: string
  receiptHandle: string
  body: string
  attributes: { ApproximateReceiveCount: string }
}

interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[]
}

const skein = createSkein(await findConfig(platform), platform)

export async function handler(event: unknown): Promise<BatchAnswer> {
  if (!isBatch(event)) {
    throw new Error(
      'This function consumes an SQS queue alone, and the event is not a batch of it.',
    )
  }
  const messages = event.Records.map(({ messageId: id, body, attributes }) => {
    return { id, body, attempt: Number(attributes.ApproximateReceiveCount) }
  })
  const outcomes = await skein.consume(messages)
  const again = await Promise.all(event.Records.map((record, i) => settle(record, outcomes[i]!)))
  const failed = event.Records.filter((_, i) => again[i])
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
}

function isBatch(event: unknown): event is { Records: SqsRecord[] } {
  if (typeof event !== 'object' || event === null || !('Records' in event)) return false
  const { Records } = event
  return Array.isArray(Records) && Records.every(isOfQueue)
}

function isOfQueue(record: unknown): boolean {
  return (record as Partial<SqsRecord> | null)?.eventSource === 'aws:sqs'
}

/** True when the message must come again. */
async function settle({ body, receiptHandle }: SqsRecord, outcome: Outcome): Promise<boolean> {
  if (outcome.result === 'done') return false
  try {
    if (outcome.result === 'set-aside') {
      // Without a place for it, it comes until the queue's own redrive has it.
      if (!setAsideUrl) return true
      await sendBodies(sqs, setAsideUrl, [setAsideBody(body, outcome.reason)])
      return false
    }
    const { afterSeconds } = outcome
    if (queueUrl) await postpone(sqs, queueUrl, [{ receiptHandle, afterSeconds }])
  } catch (error) {
    // It comes again all the same, when the queue's own time is up.
    platform.log?.(JSON.stringify({ level: 'error', error: (error as Error).message }))
  }
  return true
}

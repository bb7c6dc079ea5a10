// What stands between a queue of SQS and a Lambda function: it receives batches, hands each to the function, and
// deletes what the function did not name as failed. What it named, and the whole batch where the function
// threw, comes again when the queue says so.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

import type { CallSqs } from '../../../functions/aws/sqs.ts'

export interface EventSource {
  call: CallSqs
  queueUrl: string
  region: string
  handler: (event: unknown) => Promise<unknown>
  batchSize: number
  /** Told of each batch before it is handed over, and of what was deleted afterwards. */
  onBatch?: (records: readonly SqsRecord[]) => void
  onDone?: (records: readonly SqsRecord[]) => void
}

export interface SqsRecord {
  messageId: string
  receiptHandle: string
  body: string
  attributes: Record<string, string>
}

interface Received {
  MessageId: string
  ReceiptHandle: string
  Body: string
  Attributes: Record<string, string>
}

const WAIT_SECONDS = 5

/** One invocation after another, as one instance of a function has them, until told to end. */
export async function pollQueue(source: EventSource, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await pollOnce(source)
}

async function pollOnce(source: EventSource): Promise<void> {
  const { call, queueUrl, batchSize, handler } = source
  const request = {
    QueueUrl: queueUrl,
    MaxNumberOfMessages: batchSize,
    WaitTimeSeconds: WAIT_SECONDS,
    MessageSystemAttributeNames: ['All'],
  }
  const { Messages = [] } = (await call('ReceiveMessage', request)) as { Messages?: Received[] }
  if (Messages.length === 0) return
  const records = Messages.map((one) => recordOf(one, source))
  source.onBatch?.(records)
  const failed = failedOf(await handler({ Records: records }).catch(() => undefined), records)
  const done = records.filter(({ messageId }) => !failed.has(messageId))
  if (done.length === 0) return
  const Entries = done.map(({ receiptHandle }, i) => ({
    Id: String(i),
    ReceiptHandle: receiptHandle,
  }))
  await call('DeleteMessageBatch', { QueueUrl: queueUrl, ...{ Entries } })
  source.onDone?.(done)
}

function recordOf(message: Received, { queueUrl, region }: EventSource): SqsRecord {
  const [account, name] = queueUrl.split('/').slice(-2)
  const about = {
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${region}:${account}:${name}`,
    awsRegion: region,
  }
  const { MessageId: messageId, ReceiptHandle: receiptHandle, Body: body, Attributes } = message
  return { messageId, receiptHandle, body, attributes: Attributes, ...about }
}

/** An answer that is none, or names what was not in the batch, fails all of it. */
function failedOf(answer: unknown, records: readonly SqsRecord[]): ReadonlySet<string> {
  const all = new Set(records.map(({ messageId }) => messageId))
  const { batchItemFailures } = (answer ?? {}) as { batchItemFailures?: unknown }
  if (!Array.isArray(batchItemFailures)) return all
  const named = batchItemFailures.map(
    (one: { itemIdentifier?: string }) => one.itemIdentifier ?? '',
  )
  return named.every((id) => all.has(id)) ? new Set(named) : all
}

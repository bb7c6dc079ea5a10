// The suite's queue on AWS: SQS.

import { queueOver } from '#shared/jobs/queue.ts'
import type { Queue } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { CallSqs } from './sqs.ts'

/** Ten messages and 256 KiB, which every queue takes. */
const LIMITS = { messages: 10, bytes: 250_000 }

export function sqsQueue(call: CallSqs, queueUrl: string): Queue {
  return queueOver(LIMITS, (bodies, delaySeconds) =>
    sendBodies(call, queueUrl, bodies, delaySeconds),
  )
}

/** Resolves once SQS has every one of them. At most ten. */
export async function sendBodies(
  call: CallSqs,
  queueUrl: string,
  bodies: readonly string[],
  delaySeconds = 0,
): Promise<void> {
  const Entries = bodies.map((MessageBody, index) => ({
    Id: String(index),
    MessageBody,
    ...(delaySeconds > 0 && { DelaySeconds: delaySeconds }),
  }))
  const request = { QueueUrl: queueUrl, Entries }
  const { Failed: [failed] = [] } = await call('SendMessageBatch', request)
  if (failed === undefined) return
  throw new StorageError('unavailable', `The queue ${queueUrl} refused a task: ${failed.Code}.`, {
    retry: failed.SenderFault ? 'never' : 'later',
  })
}

export interface Postponed {
  receiptHandle: string
  afterSeconds: number
}

/** When messages come again, counted from now. At most ten. */
export async function postpone(
  call: CallSqs,
  queueUrl: string,
  messages: readonly Postponed[],
): Promise<void> {
  const Entries = messages.map(({ receiptHandle, afterSeconds }, index) => ({
    Id: String(index),
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: Math.ceil(afterSeconds),
  }))
  const request = { QueueUrl: queueUrl, Entries }
  await call('ChangeMessageVisibilityBatch', request)
}

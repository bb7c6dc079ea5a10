// The SQS server: its queues by a clock of the test's own, its wire by another's signer and by the suite's own
// calls.

import { AwsClient } from 'aws4fetch'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postpone, sqsQueue } from '../../../functions/aws/queue.ts'
import { createSqs } from '../../../functions/aws/sqs.ts'
import type { EventSource, SqsRecord } from './event-source.ts'
import { pollQueue } from './event-source.ts'
import { Queue } from './queue.ts'
import type { SqsServer } from './server.ts'
import { SQS_REGION, sqsCredential, startSqsServer } from './server.ts'

let sqs: SqsServer
beforeAll(async () => {
  sqs = await startSqsServer()
})
afterAll(() => sqs.close())

const { accessKeyId, secretAccessKey } = sqsCredential
const ENV = {
  AWS_REGION: SQS_REGION,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
}

function withClock() {
  const clock = { at: 1_000_000 }
  return { clock, now: () => clock.at }
}

const bodiesOf = (messages: readonly { body: string }[]) => messages.map(({ body }) => body)

test('hides what was received until it is deleted, or comes again and is counted', () => {
  const { clock, now } = withClock()
  const queue = new Queue({ visibilitySeconds: 30, now })
  for (const body of ['a', 'b', 'c']) queue.send(body)
  const [a, b] = queue.receive(2)
  expect(bodiesOf(queue.receive(10))).toEqual(['c'])
  expect(queue.counts()).toEqual({ visible: 0, inFlight: 3, delayed: 0 })
  const lost = a!.receipt!
  queue.delete(b!.receipt!)
  clock.at += 29_999
  expect(queue.receive(10)).toEqual([])
  clock.at += 1
  const again = queue.receive(10)
  expect(again.map(({ body, receiveCount }) => [body, receiveCount])).toEqual([
    ['a', 2],
    ['c', 2],
  ])
  // Whoever let it go cannot delete it any more.
  queue.delete(lost)
  expect(queue.counts()).toEqual({ visible: 0, inFlight: 2, delayed: 0 })
})

test('delays, and changes how long what is in flight stays hidden', () => {
  const { clock, now } = withClock()
  const queue = new Queue({ visibilitySeconds: 30, now })
  queue.send('later', 10)
  expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 1 })
  clock.at += 10_000
  const [later] = queue.receive(1)
  expect(queue.postpone(later!.receipt!, 5)).toBe(true)
  clock.at += 5000
  // It is ready again, and nobody's.
  expect(queue.postpone(later!.receipt!, 5)).toBe(false)
  expect(bodiesOf(queue.receive(1))).toEqual(['later'])
})

test('what came too often goes to the dead-letter queue', () => {
  const { clock, now } = withClock()
  const dead = new Queue({ now })
  const queue = new Queue({ visibilitySeconds: 1, redrive: { to: dead, maxReceiveCount: 2 }, now })
  queue.send('deadly')
  for (let i = 0; i < 2; i++) {
    expect(queue.receive(1)).toHaveLength(1)
    clock.at += 1000
  }
  expect(queue.receive(1)).toEqual([])
  expect(bodiesOf(dead.receive(1))).toEqual(['deadly'])
  expect(queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 })
})

function caller(name: string, keys = sqsCredential) {
  const client = new AwsClient({ ...keys, service: 'sqs', region: SQS_REGION, retries: 0 })
  return async (action: string, request: object = {}) => {
    const answer = await client.fetch(`${sqs.url}/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${action}`,
      },
      body: JSON.stringify({ QueueUrl: sqs.urlOf(name), ...request }),
    })
    return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) }
  }
}

test('takes what another signer signs, and nothing else', async () => {
  sqs.addQueue('signed')
  const Entries = [{ Id: '0', MessageBody: 'Fäden' }]
  expect(await caller('signed')('SendMessageBatch', { Entries })).toMatchObject({
    status: 200,
    Successful: [{ Id: '0', MD5OfMessageBody: expect.stringMatching(/^[0-9a-f]{32}$/) as string }],
  })
  const wrong = { accessKeyId, secretAccessKey: 'another' }
  expect(await caller('signed', wrong)('SendMessageBatch', { Entries })).toMatchObject({
    status: 403,
    __type: expect.stringContaining('InvalidSignatureException') as string,
  })
  const plain = await fetch(`${sqs.url}/`, { method: 'POST', body: '{}' })
  expect(plain.status).toBe(403)
  expect(await caller('nowhere')('SendMessageBatch', { Entries })).toMatchObject({
    status: 400,
    __type: 'com.amazonaws.sqs#QueueDoesNotExist',
  })
})

const entries = (count: number, entry: object = {}) =>
  Array.from({ length: count }, (_, i) => ({ Id: String(i), MessageBody: 'x', ...entry }))

test.each([
  ['eleven entries', entries(11), 'TooManyEntriesInBatchRequest'],
  ['no entries', [], 'EmptyBatchRequest'],
  ['one id twice', entries(2, { Id: 'a' }), 'BatchEntryIdsNotDistinct'],
  [
    'more than a mebibyte',
    entries(2, { MessageBody: 'x'.repeat(2 ** 19 + 1) }),
    'BatchRequestTooLong',
  ],
])('refuses a batch with %s', async (_, Entries, type) => {
  sqs.addQueue('strict')
  expect(await caller('strict')('SendMessageBatch', { Entries })).toMatchObject({
    status: 400,
    __type: `com.amazonaws.sqs#${type}`,
  })
})

test('refuses one entry of a batch and takes the others', async () => {
  sqs.addQueue('partly')
  const Entries = [
    { Id: 'good', MessageBody: 'x' },
    { Id: 'late', MessageBody: 'x', DelaySeconds: 901 },
    { Id: 'control', MessageBody: '\u0001' },
  ]
  expect(await caller('partly')('SendMessageBatch', { Entries })).toMatchObject({
    Successful: [{ Id: 'good' }],
    Failed: [
      { Id: 'late', Code: 'InvalidParameterValueException' },
      { Id: 'control', Code: 'InvalidMessageContents' },
    ],
  })
})

test('waits for a message as long as it was asked to', async () => {
  const queue = sqs.addQueue('waited-for')
  const received = caller('waited-for')('ReceiveMessage', { WaitTimeSeconds: 20 })
  await caller('waited-for')('GetQueueAttributes')
  queue.send('at last')
  expect(await received).toMatchObject({ Messages: [{ Body: 'at last' }] })
  expect(await caller('waited-for')('ReceiveMessage')).toEqual({ status: 200 })
})

test('hands batches to a function, and deletes what it does not name as failed', async () => {
  const queue = sqs.addQueue('tasks', { visibilitySeconds: 600 })
  const call = createSqs(ENV)
  await sqsQueue(call, sqs.urlOf('tasks')).send(
    Array.from({ length: 12 }, (_, n) => ({ v: 1, kind: 'test', n }) as const),
  )
  const end = new AbortController()
  const seen: string[] = []
  const source: EventSource = {
    ...{ call, queueUrl: sqs.urlOf('tasks'), region: SQS_REGION, batchSize: 5 },
    async handler(event) {
      const { Records } = event as { Records: SqsRecord[] }
      seen.push(...Records.map(({ body }) => body))
      if (seen.length === 5) throw new Error('the first batch fails whole')
      const [first] = Records
      if (seen.length < 12) return { batchItemFailures: [{ itemIdentifier: first!.messageId }] }
      end.abort()
      const { receiptHandle } = first!
      await postpone(call, sqs.urlOf('tasks'), [{ receiptHandle, afterSeconds: 0 }])
      return { batchItemFailures: [{ itemIdentifier: first!.messageId }] }
    },
  }
  await pollQueue(source, end.signal)
  expect(new Set(seen).size).toBe(12)
  // The five, the first of the second batch, and the one that asked to come at once.
  expect(queue.counts()).toEqual({ visible: 1, inFlight: 6, delayed: 0 })
  const [again] = queue.receive(1)
  expect(again!.receiveCount).toBe(2)
})

// The queue on AWS: its signature held to another signer's, and what it does when SQS says no.

import { AwsV4Signer } from 'aws4fetch'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sqsQueue } from '../../functions/aws/queue.ts'
import { createSqs } from '../../functions/aws/sqs.ts'
import type { QueueStub } from './queue-stub.ts'
import { startQueueStub } from './queue-stub.ts'

const NOW = Date.parse('2026-03-12T19:03:58Z')
const ENV = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'never-shown-8d1f0e',
  AWS_SESSION_TOKEN: 'a token/with+signs==',
}

let sqs: QueueStub
beforeAll(async () => {
  sqs = await startQueueStub()
})
afterAll(() => sqs.stop())
beforeEach(() => {
  sqs.calls.length = 0
  sqs.sent.length = 0
})

const task = (n: number) => ({ v: 1, kind: 'test', n }) as const

function open() {
  const queueUrl = `${sqs.url}/123456789012/tasks`
  return sqsQueue(
    createSqs(ENV, () => NOW),
    queueUrl,
  )
}

test('signs as another signer does', async () => {
  await open().send([task(1), task(2)], { delaySeconds: 7 })
  const { headers, body } = sqs.calls[0]!
  const signed = await new AwsV4Signer({
    method: 'POST',
    url: `${sqs.url}/`,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.SendMessageBatch',
    },
    body,
    accessKeyId: ENV.AWS_ACCESS_KEY_ID,
    secretAccessKey: ENV.AWS_SECRET_ACCESS_KEY,
    sessionToken: ENV.AWS_SESSION_TOKEN,
    service: 'sqs',
    region: ENV.AWS_REGION,
    datetime: '20260312T190358Z',
    allHeaders: true,
  }).sign()
  expect(headers.authorization).toBe(signed.headers.get('authorization'))
  expect(headers['x-amz-security-token']).toBe(ENV.AWS_SESSION_TOKEN)
})

test('sends ten at a time, in order, and with their delay', async () => {
  const tasks = Array.from({ length: 23 }, (_, n) => task(n))
  await open().send(tasks, { delaySeconds: 7 })
  expect(sqs.calls).toHaveLength(3)
  expect(sqs.sent).toEqual(
    tasks.map((one) => ({ queue: 'tasks', body: JSON.stringify(one), delaySeconds: 7 })),
  )
})

test('tries again what may pass, and nothing else', async () => {
  sqs.refuse.push(
    { status: 503, body: '' },
    { status: 400, body: '{"__type":"ThrottlingException"}' },
  )
  await open().send([task(1)])
  expect([sqs.calls.length, sqs.sent.length]).toEqual([3, 1])

  const type = 'com.amazonaws.sqs#QueueDoesNotExist'
  sqs.refuse.push({ status: 400, body: JSON.stringify({ __type: type, message: 'gone' }) })
  await expect(open().send([task(1)])).rejects.toThrow(
    /tasks answered 400 QueueDoesNotExist to SendMessageBatch/,
  )
  expect(sqs.calls).toHaveLength(4)
})

test('a task that SQS refused among others is told, and no secret', async () => {
  const Failed = [{ Id: '0', Code: 'InvalidMessageContents', SenderFault: true }]
  sqs.refuse.push({ status: 200, body: JSON.stringify({ Failed }) })
  const failed: unknown = await open()
    .send([task(1)])
    .catch((error: unknown) => error)
  expect(failed).toMatchObject({ kind: 'unavailable', retry: 'never' })
  expect(String(failed)).toContain('InvalidMessageContents')
  expect(String(failed)).not.toContain(ENV.AWS_SECRET_ACCESS_KEY)
})

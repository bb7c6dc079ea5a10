// What providers put into the suite's own queue, through each platform's consumer: Event Grid in an Azure
// Storage queue, R2 in Cloudflare's, S3 in SQS, each as the platform hands it over.

import { expect, it } from 'vitest'
import type { Skein } from '#shared/app.ts'
import { createCounters } from '#shared/metrics/counters.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { createTasks } from '#shared/tasks.ts'
import { consumeOne } from '../../functions/azure/queue.ts'
import { consumeBatch } from '../../functions/cloudflare/queue.ts'
import { vectorOf } from '../events/vectors.ts'

const STORES = {
  blobs: { ...parseStoreUri('az://account/cloud'), account: 'my-storage-account', bucket: 'c' },
  flare: parseStoreUri('r2://3f4b7e3dcab231cbfdaa90a6a28bd548/my-bucket'),
  photos: parseStoreUri('s3://xxx?region=us-east-1'),
}

/** The queue's door over a workspace that notes what has arrived, or fails as often as it is told to. */
function open(failures = 0) {
  const arrived: string[] = []
  let left = failures
  const names = Object.keys(STORES)
  const workspace = {
    uploads: {
      async arrived(store: string, key: string) {
        if (left-- > 0) throw new StorageError('unavailable', `${store} does not answer.`)
        arrived.push(`${store}:${key}`)
        return { became: 'ignored' as const, reason: 'a test' }
      },
      sweep: () => Promise.reject(new Error('nothing is swept here')),
    },
    jobs: { step: async () => [], failed: async () => true, watch: async () => [] },
    replication: {
      step: async () => [],
      seen: async () => undefined,
      failed: async () => false,
      resyncStep: async () => [],
      watch: async () => [],
      sendWebhook: async () => undefined,
      rangeStep: async () => [],
      probe: async () => undefined,
      catchUpStep: async () => [],
      sweepTombstones: async () => undefined,
    },
  }
  const tasks = createTasks({
    platform: { now: Date.now },
    config: {
      workspaces: new Map([['app', { primary: 'blobs', replicas: names }]]),
      ...{ hooks: new Map(), ledger: undefined },
    },
    workspace: () => workspace,
    store: () => Promise.reject(new Error('no store is opened here')) as never,
    landscape: () => ({
      places: Object.entries(STORES).map(([store, address]) => ({ store, address })),
      ...{ workspaces: [], stagingPrefix: '.skein/staging/' },
    }),
    counters: createCounters(),
  })
  const skein: Skein = { ...tasks, fetch: async () => new Response() }
  return { arrived, skein }
}

it('Event Grid in a Storage queue, which the host has read already, and again after a failure', async () => {
  const { decoded } = vectorOf('events/azure/storage-queue-message.json') as { decoded: object }
  const put: { queue: string; body: string }[] = []
  const { arrived, skein } = open(1)
  const take = (entry: unknown, dequeueCount = 1) =>
    consumeOne(skein, async (queue, body) => void put.push({ queue, body }), 'tasks', {
      ...{ id: 'm', entry, dequeueCount },
    })
  await take(decoded)
  expect(arrived).toEqual([])
  expect(put).toMatchObject([{ queue: 'tasks' }])
  const again = JSON.parse(put[0]!.body) as object
  expect(again).toEqual({ ...decoded, attempts: 1 })
  await take(again)
  expect(arrived).toEqual(['blobs:x.txt'])
  expect(put).toHaveLength(1)
})

it('R2 in a queue of Cloudflare, beside what nobody can read', async () => {
  const { arrived, skein } = open()
  const fate: string[] = []
  const message = (id: string, body: unknown) => ({
    ...{ id, body, attempts: 1 },
    ack: () => void fate.push(`${id} done`),
    retry: () => void fate.push(`${id} again`),
  })
  const setAside: string[] = []
  const binding = {
    send: async (body: string) => void setAside.push(body),
    sendBatch: async () => undefined,
  }
  const put = vectorOf('events/cloudflare/r2-put.json')
  await consumeBatch(skein, [message('1', put), message('2', { strange: true })], binding)
  expect(arrived).toEqual(['flare:my-new-object'])
  expect(fate.toSorted((a, b) => a.localeCompare(b))).toEqual(['1 done', '2 done'])
  expect(setAside).toEqual([expect.stringContaining('"strange":true')])
})

it('S3 in SQS, and a message of three that nobody can read harms no other', async () => {
  const { Records } = vectorOf('events/aws/lambda-sqs-s3.json') as { Records: { body: string }[] }
  const { event } = vectorOf('events/aws/sqs-partial-batch.json') as {
    event: { Records: { messageId: string; body: string }[] }
  }
  const { arrived, skein } = open()
  const [mine] = Records
  const messages = [mine!.body, ...event.Records.map(({ body }) => body)].map((body, id) => ({
    ...{ id: String(id), body, attempt: 1 },
  }))
  const outcomes = await skein.consume(messages)
  expect(outcomes.map(({ result }) => result)).toEqual(['done', 'done', 'set-aside', 'done'])
  expect(arrived).toEqual(['photos:test.pdf'])
})

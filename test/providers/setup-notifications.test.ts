// `skein setup`, telling of changes: an S3 bucket's configuration, Google's notifications, and the lines that
// make the others tell.

import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3'
import type { NotificationConfiguration } from '@aws-sdk/client-s3'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { Setup } from '#shared/storage/schema.ts'
import { describeGcs } from '../harness/descriptions.ts'
import { startAnswering } from './azure-answers.ts'
import { apply, plan } from './setup-bucket.ts'
import { newBucket } from './setup-s3-bucket.ts'

const QUEUE = 'arn:aws:sqs:us-east-1:123456789012:skein'
const OTHER = 'arn:aws:sqs:us-east-1:123456789012:another'
const telling = (notifications: NonNullable<Setup['notifications']>): Setup => ({ notifications })

async function s3Bucket(given?: NotificationConfiguration) {
  const bucket = await newBucket()
  const { client, Bucket } = bucket.owner
  const look = async () => {
    const found = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
    const { QueueConfigurations: queues = [], TopicConfigurations: topics = [] } = found
    return { queues, topics, bridge: found.EventBridgeConfiguration !== undefined }
  }
  if (given) {
    const input = { Bucket, NotificationConfiguration: given }
    await client.send(new PutBucketNotificationConfigurationCommand(input))
  }
  return { ...bucket, look }
}

describe('an S3 bucket', () => {
  test('tells a queue, once, under a name of ours', async () => {
    const bucket = await s3Bucket()
    const wanted = telling({ queue: QUEUE })
    const [step] = await apply(bucket, wanted)
    expect(step).toMatchObject({ what: 'notifications', state: 'change' })
    expect(step?.difference.added).toContain(`skein-changes to: ${QUEUE}`)
    expect((await bucket.look()).queues).toMatchObject([{ Id: 'skein-changes', QueueArn: QUEUE }])
    expect(await plan(bucket, wanted)).toMatchObject([{ state: 'fit' }])
  })

  test('of a part of it tells of that part alone, and two parts do not meet', async () => {
    const bucket = await s3Bucket()
    for (const prefix of ['a', 'b']) await apply(bucket, telling({ queue: QUEUE }), prefix)
    const { queues } = await bucket.look()
    const filters = queues.map(({ Filter }) => Filter?.Key?.FilterRules?.[0]?.Value)
    expect(filters).toEqual(['a/', 'b/'])
    expect(new Set(queues.map(({ Id }) => Id)).size).toBe(2)
  })

  test('keeps what its owner has there, and changes its own when the queue does', async () => {
    const own = { Id: 'mine', QueueArn: OTHER, Events: ['s3:ObjectRestore:*' as const] }
    const bucket = await s3Bucket({ QueueConfigurations: [own], EventBridgeConfiguration: {} })
    await apply(bucket, telling({ queue: QUEUE }))
    await apply(bucket, telling({ queue: OTHER }))
    const { queues, bridge } = await bucket.look()
    expect(queues).toMatchObject([own, { Id: 'skein-changes', QueueArn: OTHER }])
    expect(bridge).toBe(true)
  })

  test('refuses where somebody else’s rule tells of the same', async () => {
    const own = { Id: 'mine', QueueArn: OTHER, Events: ['s3:ObjectCreated:Put' as const] }
    const bucket = await s3Bucket({ QueueConfigurations: [own] })
    const [step] = await plan(bucket, telling({ queue: QUEUE }))
    expect(step).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('rule "mine"') as string,
    })
  })

  test('is fit where somebody else’s rule tells the same queue of it all', async () => {
    const Events = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:LifecycleExpiration:*'] as const
    const own = { Id: 'mine', QueueArn: QUEUE, Events: [...Events] }
    const bucket = await s3Bucket({ QueueConfigurations: [own] })
    expect(await plan(bucket, telling({ queue: QUEUE }))).toMatchObject([
      { state: 'fit', reason: 'it is told there already' },
    ])
  })
})

describe('what cannot be told is refused before a request', () => {
  const nobody = (uri: string) => ({ uri, options: { credentials: KEYS } })
  const KEYS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'of-nobody' }

  test.each([
    ['s3://photos?region=us-east-1', { url: 'https://a.example' }, 'no url'],
    ['s3://photos?region=us-east-1', { queue: 'skein' }, 'an ARN of SQS or of SNS'],
    ['minio://photos?endpoint=http://127.0.0.1:1', { queue: QUEUE }, 'arn:minio:sqs'],
    ['spaces://photos?region=ams3', { queue: QUEUE }, 'be scanned'],
    ['gs://photos', { topic: 'changes' }, 'projects/PROJECT/topics/TOPIC'],
  ])('%s %j', async (uri, notifications, reason) => {
    expect(await plan(nobody(uri), { notifications })).toMatchObject([
      { state: 'refused', reason: expect.stringContaining(reason) as string },
    ])
  })

  test('R2, B2 and Azure are told by lines, in which no secret stands', async () => {
    const lines = async (uri: string, notifications: NonNullable<Setup['notifications']>) => {
      const credentials = { ...KEYS, accountKey: Buffer.from('a key of nobody').toString('base64') }
      const [step] = await plan({ uri, options: { credentials } }, { notifications })
      expect(step?.state).toBe('command')
      return step?.commands
    }
    expect(await lines('r2://0123abcd/photos', { queue: 'changes' })).toEqual([
      'npx wrangler r2 bucket notification create photos --event-type object-create object-delete --queue changes --description skein-changes',
    ])
    const url = 'https://skein.example/hooks/b2/photos'
    const [b2] = (await lines('b2://photos/dir?region=us-west-004', { url })) ?? []
    expect(b2).toMatch(
      /^b2 bucket notification-rule create b2:\/\/photos\/dir\/ skein-\w{8}-changes /,
    )
    expect(b2).toMatch(/--webhook-url https:\/\/skein.*photos --sign-secret "\$SKEIN_HOOK_SECRET"$/)
    const grid = { url: 'https://skein.example/hooks/azure/blobs' }
    const [ask, create] = (await lines('az://account/photos/it%27s', grid)) ?? []
    expect(ask).toContain('--name account --query id')
    expect(create).toContain("'/blobServices/default/containers/photos/blobs/it'\\''s/'")
    expect(create).toContain(`'${grid.url}?secret='"$SKEIN_HOOK_SECRET"`)
    const queue = '/subscriptions/s/queueServices/default/queues/q'
    expect(await lines('az://account/photos', { queue })).toEqual([
      ...[expect.any(String), expect.stringContaining(`storagequeue --endpoint ${queue}`)],
    ])
  })
})

interface Notification {
  id?: string
  topic: string
  object_name_prefix?: string
  custom_attributes?: Record<string, string>
}

/** Google's notifications of one bucket. */
async function notifying(present: Notification[]) {
  let ids = 0
  let kept = present.map((one) => ({ ...one, id: String(++ids) }))
  const server = await startAnswering(({ method, url, body }) => {
    const [, one] =
      /^\/storage\/v1\/b\/photos\/notificationConfigs\/?(.*)$/.exec(url.pathname) ?? []
    if (one === undefined) return { status: 404, body: '{}' }
    if (method === 'POST') kept.push({ ...(JSON.parse(body) as Notification), id: String(++ids) })
    if (method === 'DELETE') kept = kept.filter(({ id }) => id !== one)
    return method === 'DELETE'
      ? { status: 204 }
      : { status: 200, body: JSON.stringify(kept.length > 0 ? { items: kept } : {}) }
  })
  onTestFinished(() => server.stop())
  const { options } = await describeGcs(inject('servers'))
  const uri = `gs://photos/{place}?endpoint=${encodeURIComponent(server.url)}`
  return { uri, options: options ?? {}, kept: () => kept }
}

describe('a Google bucket', () => {
  const topic = 'projects/p/topics/changes'
  const full = `//pubsub.googleapis.com/${topic}`

  test('tells a topic, once, and the next topic in its stead', async () => {
    const own = {
      topic: '//pubsub.googleapis.com/projects/p/topics/mine',
      event_types: ['OBJECT_DELETE'],
    }
    const bucket = await notifying([own])
    const [step] = await apply(bucket, telling({ topic }))
    expect(step?.difference.added).toContain(`skein-changes to: ${full}`)
    expect(bucket.kept()).toMatchObject([
      own,
      { topic: full, payload_format: 'JSON_API_V1', custom_attributes: { skein: 'skein-changes' } },
    ])
    expect(await plan(bucket, telling({ topic }))).toMatchObject([{ state: 'fit' }])
    await apply(bucket, telling({ topic: 'projects/p/topics/next' }))
    expect(bucket.kept().map((one) => one.topic.split('/').at(-1))).toEqual(['mine', 'next'])
  })

  test('of a part of it tells of that part', async () => {
    const bucket = await notifying([])
    await apply(bucket, telling({ topic }), 'a')
    await apply(bucket, telling({ topic }), 'b')
    expect(bucket.kept().map((one) => one.object_name_prefix)).toEqual(['a/', 'b/'])
  })

  test('is fit where its owner’s notification tells the topic of it all', async () => {
    const bucket = await notifying([{ topic: full }])
    expect(await plan(bucket, telling({ topic }), 'a')).toMatchObject([
      { state: 'fit', reason: 'it is told there already' },
    ])
  })
})

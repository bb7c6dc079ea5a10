// Bucket configurations, and the cross-origin rules at work.

import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketTaggingCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { LifecycleRule } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawClient, send } from './raw-client.ts'
import { startS3Server, testCredential } from './server.ts'
import type { S3Server } from './server.ts'

const Bucket = 'bucket'
let server: S3Server
let sdk: S3Client

beforeAll(async () => {
  server = await startS3Server({ buckets: [Bucket] })
  sdk = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: testCredential,
    maxAttempts: 1,
  })
})
afterAll(() => server.close())

describe('CORS', () => {
  const rule = {
    AllowedOrigins: ['https://*.app.example'],
    AllowedMethods: ['PUT', 'GET'],
    AllowedHeaders: ['content-type', 'x-amz-*'],
    ExposeHeaders: ['ETag'],
    MaxAgeSeconds: 60,
  }
  const preflight = (origin: string, method: string, headers: string) =>
    send(`${server.url}/${Bucket}/key`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': headers,
      },
    })

  it('is refused until rules are put, and follows them', async () => {
    await expect(sdk.send(new GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    })
    expect((await preflight('https://a.app.example', 'PUT', '')).status).toBe(403)
    await sdk.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }))
    const { CORSRules } = await sdk.send(new GetBucketCorsCommand({ Bucket }))
    expect(CORSRules).toEqual([rule])
    const allowed = await preflight('https://a.app.example', 'PUT', 'Content-Type, x-amz-meta-a')
    expect(allowed.status).toBe(200)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.app.example')
    expect(allowed.headers.get('access-control-allow-headers')).toBe('content-type, x-amz-meta-a')
    expect(allowed.headers.get('access-control-max-age')).toBe('60')
    expect((await preflight('https://a.app.example', 'DELETE', '')).status).toBe(403)
    expect((await preflight('https://evil.example', 'PUT', '')).status).toBe(403)
    expect((await preflight('https://a.app.example', 'PUT', 'authorization')).status).toBe(403)
  })

  it('shows on answers, errors too, to allowed origins', async () => {
    const raw = createRawClient(server.url)
    const from = (origin: string) => raw(`/${Bucket}/none`, { headers: { origin } })
    const answer = await from('https://a.app.example')
    expect(answer.headers.get('access-control-expose-headers')).toBe('ETag')
    expect((await from('https://evil.example')).headers.has('access-control-allow-origin')).toBe(
      false,
    )
    await sdk.send(new DeleteBucketCorsCommand({ Bucket }))
    expect((await from('https://a.app.example')).headers.has('access-control-allow-origin')).toBe(
      false,
    )
  })

  it('has no other methods', async () => {
    const wrong = { ...rule, AllowedMethods: ['PATCH'] }
    await expect(
      sdk.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [wrong] } })),
    ).rejects.toMatchObject({ name: 'InvalidRequest' })
  })
})

describe('lifecycle', () => {
  const put = (Rules: LifecycleRule[]) =>
    sdk.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
    )
  const base = { Status: 'Enabled', Filter: { Prefix: 'p/' } } as const

  it('keeps rules of every kind as they were put', async () => {
    await expect(
      sdk.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    ).rejects.toMatchObject({ name: 'NoSuchLifecycleConfiguration' })
    const rules: LifecycleRule[] = [
      { ID: 'abort', ...base, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
      {
        ID: 'tier',
        Status: 'Disabled',
        Filter: { And: { Prefix: 'q/', ObjectSizeGreaterThan: 1000 } },
        Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }],
        NoncurrentVersionExpiration: { NoncurrentDays: 3 },
        Expiration: { Days: 60 },
      },
    ]
    await put(rules)
    const { Rules } = await sdk.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    expect(Rules).toEqual(rules)
  })

  it('refuses what S3 refuses', async () => {
    const abort = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }
    const tagged = { Tag: { Key: 'a', Value: 'b' } }
    for (const [rules, name] of [
      [[{ ...base }], 'InvalidRequest'],
      [[{ ...base, Filter: tagged, ...abort }], 'InvalidRequest'],
      [
        [
          { ID: 'a', ...base, ...abort },
          { ID: 'a', ...base, ...abort },
        ],
        'InvalidArgument',
      ],
      [[{ ...base, Expiration: { Days: 0 } }], 'InvalidArgument'],
      [[{ ...base, Expiration: { Days: 1, ExpiredObjectDeleteMarker: true } }], 'MalformedXML'],
      [[{ Status: 'Enabled', Expiration: { Days: 1 } }], 'MalformedXML'],
    ] as [LifecycleRule[], string][]) {
      await expect(put(rules)).rejects.toMatchObject({ name })
    }
  })
})

describe('the others', () => {
  it('encrypts by default, and as configured', async () => {
    const before = await sdk.send(new GetBucketEncryptionCommand({ Bucket }))
    const [rule] = before.ServerSideEncryptionConfiguration?.Rules ?? []
    expect(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('AES256')
    const own = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'arn:aws:kms:key' } as const
    await sdk.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: own }],
        },
      }),
    )
    const stored = await sdk.send(new PutObjectCommand({ Bucket, Key: 'kms', Body: 'x' }))
    expect(stored).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'arn:aws:kms:key',
    })
  })

  it('keeps notifications and tags', async () => {
    const none = await sdk.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
    expect(none.QueueConfigurations).toBeUndefined()
    const queue = {
      Id: 'skein-events',
      QueueArn: 'arn:aws:sqs:us-east-1:1:queue',
      Events: ['s3:ObjectCreated:*' as const],
    }
    const put = (QueueArn: string) =>
      sdk.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket,
          NotificationConfiguration: { QueueConfigurations: [{ ...queue, QueueArn }] },
        }),
      )
    await put(queue.QueueArn)
    const some = await sdk.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
    expect(some.QueueConfigurations).toEqual([queue])
    await expect(put('nowhere')).rejects.toMatchObject({ name: 'InvalidArgument' })
    await expect(sdk.send(new GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchTagSet',
    })
    const TagSet = [{ Key: 'team', Value: 'files' }]
    await sdk.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
    expect((await sdk.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet)
  })
})

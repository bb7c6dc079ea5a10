// `skein setup` on Amazon S3: one bucket made fit, its owner's rules, and what stands in the way.

import { createServer } from 'node:http'
import type { LifecycleRule } from '@aws-sdk/client-s3'
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  PutBucketEncryptionCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { Setup } from '#shared/storage/schema.ts'
import { freshBucket } from '../harness/descriptions.ts'
import { deniedCredential } from '../servers/s3/server.ts'
import { ORIGIN, apply, exposedBy, plan, preflight, setupOf, statesOf } from './setup-bucket.ts'
import { EVERYTHING, OWN_CORS, OWN_LIFECYCLE, amazonBucket, notOurs } from './setup-s3-bucket.ts'

const { s3: server } = inject('servers')

describe('a bucket of Amazon', () => {
  test('is made fit once, and is fit afterwards', async () => {
    const bucket = await amazonBucket()
    const planned = await plan(bucket, EVERYTHING)
    expect(statesOf(planned)).toEqual([
      ['cors', 'change'],
      ['encryption', 'fit'],
      ['versioning', 'change'],
      ['lifecycle', 'change'],
    ])
    expect(await bucket.owner.lifecycle()).toEqual([])
    expect(planned.find(({ what }) => what === 'versioning')?.difference).toEqual({
      removed: ['Status: Off'],
      added: ['Status: Enabled'],
    })

    await apply(bucket, EVERYTHING)
    const again = await plan(bucket, EVERYTHING)
    expect(again.map(({ state }) => state)).toEqual(['fit', 'fit', 'fit', 'fit'])
    const rules = await bucket.owner.lifecycle()
    expect(rules.map(({ ID }) => ID?.replace(/[0-9a-f]{8}$/, '*'))).toEqual([
      'skein-abort-multipart',
      'skein-noncurrent',
      'skein-expire-*',
      'skein-transition-*',
      'skein-transition-*',
    ])
    const { Bucket, client } = bucket.owner
    expect(await client.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({
      Status: 'Enabled',
    })
  })

  test('lets a browser send what is signed, and read what it needs', async () => {
    const bucket = await amazonBucket()
    await apply(bucket, { cors: { origins: [ORIGIN] } })
    const asked = 'content-type,if-none-match,x-amz-checksum-crc32c,x-amz-meta-a_b,x-amz-tagging'
    expect(await preflight(`${bucket.url}/key`, asked)).toMatchObject({ status: 200 })
    expect(await exposedBy(`${bucket.url}/key`)).toContain('etag')
    expect(await preflight(`${bucket.url}/key`, 'x-other')).toMatchObject({ status: 403 })
  })

  test('keeps its owner’s rules as they were, and loses ours when they are no longer wanted', async () => {
    const bucket = await amazonBucket()
    const { owner } = bucket
    await owner.putCors(OWN_CORS)
    await owner.putLifecycle(OWN_LIFECYCLE)
    const before = { cors: await owner.cors(), lifecycle: await owner.lifecycle() }
    const wanted: Setup = {
      cors: { origins: [ORIGIN] },
      lifecycle: { abortMultipartAfterDays: 7, expireNoncurrentAfterDays: 30 },
    }

    await apply(bucket, wanted)
    expect(notOurs(await owner.cors())).toEqual(before.cors)
    expect(notOurs(await owner.lifecycle())).toEqual(before.lifecycle)
    expect(await owner.lifecycle()).toHaveLength(before.lifecycle.length + 2)

    const [step] = await apply(bucket, { lifecycle: { abortMultipartAfterDays: 3 } })
    expect(step?.difference).toMatchInlineSnapshot(`
      {
        "added": [
          "skein-abort-multipart AbortIncompleteMultipartUpload: {"DaysAfterInitiation":3}",
        ],
        "removed": [
          "skein-abort-multipart AbortIncompleteMultipartUpload: {"DaysAfterInitiation":7}",
          "skein-noncurrent Status: Enabled",
          "skein-noncurrent Prefix: """,
          "skein-noncurrent NoncurrentVersionExpiration: {"NoncurrentDays":30}",
        ],
      }
    `)
    await apply(bucket, { lifecycle: {} })
    expect(await owner.lifecycle()).toEqual(before.lifecycle)
    expect(await owner.cors()).toHaveLength(before.cors.length + 1)
  })

  test('is left without a configuration when the last rule goes', async () => {
    const bucket = await amazonBucket()
    await apply(bucket, { lifecycle: { abortMultipartAfterDays: 7 } })
    await apply(bucket, { lifecycle: {} })
    const { Bucket, client } = bucket.owner
    const get = client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    await expect(get).rejects.toMatchObject({ name: 'NoSuchLifecycleConfiguration' })
  })

  test('is not touched where its owner’s rule overlaps, which is named', async () => {
    const bucket = await amazonBucket()
    const { owner } = bucket
    const own: LifecycleRule[] = [
      {
        ID: 'mine',
        Status: 'Enabled',
        Filter: { Prefix: 'in/' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ]
    await owner.putLifecycle(own)
    const wanted: Setup = {
      lifecycle: { abortMultipartAfterDays: 7, expireNoncurrentAfterDays: 9 },
    }
    const steps = await apply(bucket, wanted)
    expect(statesOf(steps)).toEqual([
      ['lifecycle', 'refused'],
      ['lifecycle', 'change'],
    ])
    expect(steps[0]?.reason).toContain('rule "mine"')
    expect((await owner.lifecycle()).map(({ ID }) => ID)).toEqual(['mine', 'skein-noncurrent'])
    expect(statesOf(await plan(bucket, wanted))).toEqual([
      ['lifecycle', 'refused'],
      ['lifecycle', 'fit'],
    ])
    expect(notOurs(await owner.lifecycle())).toEqual(own)
  })

  test('keeps a rule of ours that its owner’s has come to overlap with', async () => {
    const bucket = await amazonBucket()
    const wanted: Setup = { lifecycle: { abortMultipartAfterDays: 7 } }
    await apply(bucket, wanted)
    const both: LifecycleRule[] = [
      ...(await bucket.owner.lifecycle()),
      {
        ID: 'mine',
        Status: 'Enabled',
        Filter: { Prefix: 'in/' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ]
    await bucket.owner.putLifecycle(both)
    expect(statesOf(await apply(bucket, wanted))).toEqual([['lifecycle', 'refused']])
    expect(await bucket.owner.lifecycle()).toEqual(both)
  })

  test('needs no rule of ours where its owner’s does the same', async () => {
    const bucket = await amazonBucket()
    await bucket.owner.putLifecycle([
      {
        ID: 'mine',
        Status: 'Enabled',
        Filter: { Prefix: '' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
    ])
    const [step] = await plan(bucket, { lifecycle: { abortMultipartAfterDays: 7 } })
    expect(step).toMatchObject({ state: 'fit' })
    expect(step?.reason).toContain('rule "mine"')
  })

  test('has a CORS rule of its owner’s in the way, or one that does it all', async () => {
    const bucket = await amazonBucket()
    const wide = { AllowedOrigins: ['*'], AllowedMethods: ['GET', 'PUT'], AllowedHeaders: ['*'] }
    await bucket.owner.putCors([{ ID: 'wide', ...wide }])
    const wanted: Setup = { cors: { origins: [ORIGIN] } }
    const [refused] = await plan(bucket, wanted)
    expect(refused).toMatchObject({ state: 'refused' })
    expect(refused?.reason).toContain('rule "wide"')

    const other = await amazonBucket()
    await apply(other, wanted)
    const [rule] = await other.owner.cors()
    const AllowedMethods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']
    await bucket.owner.putCors([
      { ...wide, AllowedMethods, ExposeHeaders: rule?.ExposeHeaders ?? [] },
    ])
    const [covered] = await plan(bucket, wanted)
    expect(covered).toMatchObject({ state: 'fit' })
    expect(covered?.reason).toContain('rule number 1')
  })

  test('is not written to when somebody else has changed it since', async () => {
    const bucket = await amazonBucket()
    const opened = setupOf(bucket)
    const [step] = await opened.plan({ lifecycle: { abortMultipartAfterDays: 7 } })
    await bucket.owner.putLifecycle(OWN_LIFECYCLE)
    const theirs = await bucket.owner.lifecycle()
    await expect(step!.apply!()).rejects.toMatchObject({ kind: 'precondition' })
    expect(await bucket.owner.lifecycle()).toEqual(theirs)
    await opened.close()
  })

  test('takes a key that is named, and keeps one that is not', async () => {
    const bucket = await amazonBucket()
    const { Bucket, client } = bucket.owner
    const kmsKey = 'arn:aws:kms:us-east-1:1:key/abc'
    await apply(bucket, { encryption: { kmsKey } })
    const { ServerSideEncryptionConfiguration: stored } = await client.send(
      new GetBucketEncryptionCommand({ Bucket }),
    )
    expect(stored?.Rules).toEqual([
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKey },
        BucketKeyEnabled: true,
      },
    ])
    expect(statesOf(await plan(bucket, { encryption: { kmsKey: 'abc' } }))).toEqual([
      ['encryption', 'fit'],
    ])
    const [step] = await plan(bucket, { encryption: 'provider' })
    expect(step).toMatchObject({ state: 'refused' })
    expect(step?.reason).toContain(kmsKey)
  })

  test('counts Amazon’s own key as Amazon’s', async () => {
    const bucket = await amazonBucket()
    const { Bucket, client } = bucket.owner
    const named = (KMSMasterKeyID: string) => ({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID },
      BucketKeyEnabled: true,
    })
    const ServerSideEncryptionConfiguration = { Rules: [named('alias/aws/s3')] }
    await client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }))
    expect(statesOf(await plan(bucket, { encryption: 'provider' }))).toEqual([
      ['encryption', 'fit'],
    ])
    const [step] = await plan(bucket, { encryption: { kmsKey: 'k' } })
    expect(step?.difference.removed).toEqual([
      'default: {"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"alias/aws/s3"}',
    ])
  })

  test('is never unversioned by us: the command is printed', async () => {
    const bucket = await amazonBucket()
    expect(statesOf(await plan(bucket, { versioning: false }))).toEqual([['versioning', 'fit']])
    await apply(bucket, { versioning: true })
    const [step] = await plan(bucket, { versioning: false })
    expect(step).toMatchObject({ state: 'command' })
    expect(step?.commands).toEqual([
      `aws s3api put-bucket-versioning --bucket ${bucket.owner.Bucket} --versioning-configuration Status=Suspended --endpoint-url ${server.url} --region us-east-1`,
    ])
  })

  test('is shared by stores below prefixes, each with rules of its own', async () => {
    const bucket = await amazonBucket()
    const wanted: Setup = {
      cors: { origins: [ORIGIN] },
      lifecycle: { abortMultipartAfterDays: 7, expire: [{ prefix: 'tmp/', afterDays: 1 }] },
    }
    await apply(bucket, wanted, 'a')
    await apply(bucket, wanted, 'b')
    for (const prefix of ['a', 'b']) {
      const states = statesOf(await plan(bucket, wanted, prefix)).map(([, state]) => state)
      expect(states).toEqual(['fit', 'fit'])
    }
    const rules = await bucket.owner.lifecycle()
    expect(rules.map(({ Filter }) => Filter?.Prefix)).toEqual(['a/', 'a/tmp/', 'b/', 'b/tmp/'])
    // The second store's origins are let in by the first one's rule.
    expect(await bucket.owner.cors()).toHaveLength(1)

    await apply(bucket, { lifecycle: {} }, 'a')
    const left = await bucket.owner.lifecycle()
    expect(left.map(({ Filter }) => Filter?.Prefix)).toEqual(['b/', 'b/tmp/'])
    const [step] = await plan(bucket, { lifecycle: { abortMultipartAfterDays: 3 } })
    expect(step).toMatchObject({ state: 'refused' })
  })

  test('refuses a wish that is asked twice, or a class that is not there', async () => {
    const bucket = await amazonBucket()
    const twice = { prefix: 'a/', afterDays: 1 }
    await expect(plan(bucket, { lifecycle: { expire: [twice, twice] } })).rejects.toMatchObject({
      kind: 'invalid',
    })
    const transitions = [{ afterDays: 1, storageClass: 'NEARLINE' }]
    const [step] = await plan(bucket, { lifecycle: { transitions } })
    expect(step?.reason).toContain('no class "NEARLINE"')
  })

  test('that denies it tells so part by part', async () => {
    const bucket = await amazonBucket()
    const { accessKeyId, secretAccessKey } = deniedCredential
    const options = { ...bucket.options, credentials: { accessKeyId, secretAccessKey } }
    const steps = await plan({ ...bucket, options }, EVERYTHING)
    expect(steps.map(({ state }) => state)).toEqual(['refused', 'refused', 'refused', 'refused'])
  })

  test('that is not there is an error', async () => {
    const bucket = await amazonBucket()
    const uri = bucket.uri.replace(bucket.owner.Bucket, freshBucket())
    await expect(plan({ ...bucket, uri }, EVERYTHING)).rejects.toMatchObject({ kind: 'not-found' })
  })
})

test('the least size for transitions goes back as it came', async () => {
  const seen: (string | string[] | undefined)[] = []
  const name = 'x-amz-transition-default-minimum-object-size'
  const stub = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'PUT') seen.push(request.headers[name])
      response.setHeader(name, 'varies_by_storage_class')
      response.end(
        request.method === 'GET'
          ? '<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status><Prefix>a/</Prefix><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>'
          : '',
      )
    })
  })
  await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void stub.close())
  const address = stub.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const query = new URLSearchParams({ endpoint: `http://127.0.0.1:${port}`, path_style: 'true' })
  const { accessKeyId, secretAccessKey } = server
  const options = { credentials: { accessKeyId, secretAccessKey } }
  await apply(
    { uri: `s3://bucket?${query.toString()}`, options },
    { lifecycle: { abortMultipartAfterDays: 7 } },
  )
  expect(seen).toEqual(['varies_by_storage_class'])
})

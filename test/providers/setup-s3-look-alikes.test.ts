// `skein setup` on look-alikes of S3, and, where it runs, on Ceph's radosgw.

import type { LifecycleRule } from '@aws-sdk/client-s3'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { Setup } from '#shared/storage/schema.ts'
import { freshBucket } from '../harness/descriptions.ts'
import { ORIGIN, apply, plan, preflight, statesOf } from './setup-bucket.ts'
import {
  EVERYTHING,
  OWN_CORS,
  OWN_LIFECYCLE,
  newBucket,
  notOurs,
  ownerOf,
} from './setup-s3-bucket.ts'

const { radosgw } = inject('servers')

describe('a look-alike', () => {
  test('is refused what it has not, and gets the rest: Spaces', async () => {
    const bucket = await newBucket({
      scheme: 'spaces://',
      dialect: 'spaces',
      parameters: { region: 'us-east-1' },
    })
    const wanted: Setup = {
      ...EVERYTHING,
      lifecycle: { abortMultipartAfterDays: 7, expireNoncurrentAfterDays: 30 },
    }
    const steps = await apply(bucket, wanted)
    expect(statesOf(steps)).toEqual([
      ['cors', 'change'],
      ['encryption', 'refused'],
      ['versioning', 'change'],
      ['lifecycle', 'refused'],
      ['lifecycle', 'change'],
    ])
    expect(steps[3]?.reason).toBe(
      'DigitalOcean Spaces cannot have a rule that deletes old versions after 30 days.',
    )
    const again = statesOf(await plan(bucket, wanted))
    expect(again.map(([, state]) => state)).toEqual(['fit', 'refused', 'fit', 'refused', 'fit'])
  })

  test('has versions always: B2', async () => {
    const bucket = await newBucket({
      scheme: 'b2://',
      dialect: 'b2',
      parameters: { region: 'us-west-004' },
    })
    expect(statesOf(await plan(bucket, { versioning: true }))).toEqual([['versioning', 'fit']])
    const [step] = await plan(bucket, { versioning: false })
    expect(step).toMatchObject({ state: 'refused' })
    const lifecycle = { abortMultipartAfterDays: 7, expireNoncurrentAfterDays: 30 }
    await apply(bucket, { lifecycle })
    expect(statesOf(await plan(bucket, { lifecycle }))).toEqual([['lifecycle', 'fit']])
  })

  test('has no versions, and moves to its one other class: R2', async () => {
    const bucket = await newBucket({ scheme: 'r2://account/', dialect: 'r2' })
    const wanted: Setup = {
      cors: { origins: [ORIGIN] },
      versioning: true,
      lifecycle: { transitions: [{ afterDays: 30, storageClass: 'STANDARD_IA' }] },
    }
    await apply(bucket, wanted)
    expect(statesOf(await plan(bucket, wanted))).toEqual([
      ['cors', 'fit'],
      ['versioning', 'refused'],
      ['lifecycle', 'fit'],
    ])
    expect((await bucket.owner.cors())[0]?.AllowedMethods).not.toContain('POST')
  })
})

test('Ceph is made fit, and keeps its owner’s rules', async ({ skip }) => {
  if ('missing' in radosgw) {
    skip(radosgw.missing)
    return
  }
  const Bucket = freshBucket()
  const owner = ownerOf(radosgw.url, Bucket, radosgw, 'default')
  onTestFinished(() => owner.client.destroy())
  await owner.client.send(new CreateBucketCommand({ Bucket }))
  await owner.putCors(OWN_CORS)
  await owner.putLifecycle(OWN_LIFECYCLE.slice(0, 2))
  const before = { cors: await owner.cors(), lifecycle: await owner.lifecycle() }
  const { accessKeyId, secretAccessKey } = radosgw
  const bucket = {
    uri: `ceph://${Bucket}/{place}?${new URLSearchParams({ endpoint: radosgw.url }).toString()}`,
    options: { credentials: { accessKeyId, secretAccessKey } },
  }
  const wanted: Setup = {
    cors: { origins: [ORIGIN] },
    versioning: true,
    lifecycle: {
      abortMultipartAfterDays: 7,
      expireNoncurrentAfterDays: 30,
      expire: [{ prefix: 'tmp/', afterDays: 1 }],
    },
  }
  await apply(bucket, wanted)
  const again = await plan(bucket, wanted)
  expect(again.map(({ state }) => state)).toEqual(['fit', 'refused', 'fit'])
  const byName = (rules: LifecycleRule[]) =>
    rules.toSorted((a, b) => (a.ID ?? '').localeCompare(b.ID ?? ''))
  expect(notOurs(await owner.cors())).toEqual(before.cors)
  expect(byName(notOurs(await owner.lifecycle()))).toEqual(byName(before.lifecycle))
  expect(
    await preflight(`${radosgw.url}/${Bucket}/key`, 'content-type,x-amz-meta-a'),
  ).toMatchObject({
    status: 200,
  })
})

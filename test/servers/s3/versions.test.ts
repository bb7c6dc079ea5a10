// Versions, delete markers and locks.

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawClient } from './raw-client.ts'
import { startS3Server, testCredential } from './server.ts'
import type { S3Server } from './server.ts'

let server: S3Server
let sdk: S3Client

beforeAll(async () => {
  server = await startS3Server()
  sdk = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: testCredential,
    maxAttempts: 1,
  })
})
afterAll(() => server.close())

async function createVersioned(Bucket: string): Promise<void> {
  await sdk.send(new CreateBucketCommand({ Bucket }))
  await setVersioning(Bucket, 'Enabled')
}

function setVersioning(Bucket: string, Status: 'Enabled' | 'Suspended') {
  return sdk.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
}

async function put(Bucket: string, Key: string, Body: string): Promise<string> {
  return (await sdk.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId ?? ''
}

async function read(Bucket: string, Key: string, VersionId?: string): Promise<string | undefined> {
  const { Body } = await sdk.send(new GetObjectCommand({ Bucket, Key, VersionId }))
  return Body?.transformToString()
}

describe('versions', () => {
  const Bucket = 'versions'
  const Key = 'key'
  beforeAll(() => createVersioned(Bucket))

  it('are kept, hidden by a marker, shown again, and removed one by one', async () => {
    const state = await sdk.send(new GetBucketVersioningCommand({ Bucket }))
    expect(state.Status).toBe('Enabled')
    const [one, two] = [await put(Bucket, Key, 'one'), await put(Bucket, Key, 'two')]
    expect(one).not.toBe(two)
    expect(await read(Bucket, Key, one)).toBe('one')
    const hidden = await sdk.send(new DeleteObjectCommand({ Bucket, Key }))
    expect(hidden.DeleteMarker).toBe(true)
    await expect(read(Bucket, Key)).rejects.toMatchObject({ name: 'NoSuchKey' })
    const raw = createRawClient(server.url)
    const missing = await raw(`/${Bucket}/${Key}`)
    expect(missing.headers.get('x-amz-delete-marker')).toBe('true')
    const marker = await raw(`/${Bucket}/${Key}?versionId=${hidden.VersionId}`)
    expect([marker.status, marker.code]).toEqual([405, 'MethodNotAllowed'])
    expect((await sdk.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
    await sdk.send(new DeleteObjectCommand({ Bucket, Key, VersionId: hidden.VersionId }))
    expect(await read(Bucket, Key)).toBe('two')
    await sdk.send(new DeleteObjectCommand({ Bucket, Key, VersionId: two }))
    expect(await read(Bucket, Key)).toBe('one')
    const unknown = 'x'.repeat(32)
    await expect(read(Bucket, Key, unknown)).rejects.toMatchObject({ name: 'NoSuchVersion' })
    await expect(read(Bucket, Key, 'short')).rejects.toMatchObject({ name: 'InvalidArgument' })
  })

  it('take part in copies and in DeleteObjects', async () => {
    const old = await put(Bucket, 'from', 'old')
    await put(Bucket, 'from', 'new')
    const CopySource = `${Bucket}/from?versionId=${old}`
    const copied = await sdk.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }))
    expect(copied.CopySourceVersionId).toBe(old)
    expect(await read(Bucket, 'to')).toBe('old')
    const { Deleted } = await sdk.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: 'from', VersionId: old }, { Key: 'to' }] },
      }),
    )
    expect(Deleted).toMatchObject([{ Key: 'from', VersionId: old }, { DeleteMarker: true }])
  })

  it('are called null while suspended, and replace one another', async () => {
    await setVersioning(Bucket, 'Suspended')
    expect(await put(Bucket, 'null', 'one')).toBe('null')
    expect(await put(Bucket, 'null', 'two')).toBe('null')
    const { Versions } = await sdk.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'null' }))
    expect(Versions).toMatchObject([{ VersionId: 'null', IsLatest: true, Size: 3 }])
    const marker = await sdk.send(new DeleteObjectCommand({ Bucket, Key: 'null' }))
    expect([marker.DeleteMarker, marker.VersionId]).toEqual([true, 'null'])
  })
})

describe('ListObjectVersions', () => {
  const Bucket = 'listed'

  it('goes through every version and marker in pages of any size', async () => {
    await createVersioned(Bucket)
    for (const key of ['a', 'b/1', 'b/2', 'c']) {
      await put(Bucket, key, '1')
      await put(Bucket, key, '2')
    }
    await sdk.send(new DeleteObjectCommand({ Bucket, Key: 'c' }))
    for (const size of [1, 2, 3, 100]) {
      const seen = await listAll(size)
      expect(seen.map(([key]) => key)).toEqual([
        'a',
        'a',
        'b/1',
        'b/1',
        'b/2',
        'b/2',
        'c',
        'c',
        'c',
      ])
      expect(new Set(seen.map(([, id]) => id)).size).toBe(9)
    }
    const rolled = await sdk.send(new ListObjectVersionsCommand({ Bucket, Delimiter: '/' }))
    expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'b/' }])
    expect(rolled.Versions?.length).toBe(4)
  })

  async function listAll(MaxKeys: number): Promise<[key: string, id: string][]> {
    const seen: [string, string][] = []
    let marker: { KeyMarker?: string; VersionIdMarker?: string } = {}
    for (let more = true; more;) {
      const page = await sdk.send(new ListObjectVersionsCommand({ Bucket, MaxKeys, ...marker }))
      const entries = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
      seen.push(
        ...entries.map(({ Key = '', VersionId = '' }): [string, string] => [Key, VersionId]),
      )
      marker = {
        KeyMarker: page.NextKeyMarker ?? '',
        VersionIdMarker: page.NextVersionIdMarker ?? '',
      }
      more = page.IsTruncated ?? false
    }
    return seen
  }
})

describe('object lock', () => {
  const Bucket = 'locked'
  const inADay = new Date(Date.now() + 86_400_000)
  beforeAll(() => sdk.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true })))

  it('keeps a version under compliance for good, and under governance without the bypass', async () => {
    for (const [Mode, bypassed] of [
      ['COMPLIANCE', false],
      ['GOVERNANCE', true],
    ] as const) {
      const { VersionId } = await sdk.send(
        new PutObjectCommand({
          Bucket,
          Key: Mode,
          Body: 'x',
          ObjectLockMode: Mode,
          ObjectLockRetainUntilDate: inADay,
        }),
      )
      const target = { Bucket, Key: Mode, VersionId }
      await expect(sdk.send(new DeleteObjectCommand(target))).rejects.toMatchObject({
        name: 'AccessDenied',
      })
      const { Retention } = await sdk.send(new GetObjectRetentionCommand(target))
      expect(Retention?.Mode).toBe(Mode)
      const shorter = { Mode, RetainUntilDate: new Date(Date.now() + 3_600_000) }
      await expect(
        sdk.send(new PutObjectRetentionCommand({ ...target, Retention: shorter })),
      ).rejects.toMatchObject({ name: 'AccessDenied' })
      const removal = sdk.send(
        new DeleteObjectCommand({ ...target, BypassGovernanceRetention: true }),
      )
      const outcome = await removal.then(
        () => true,
        () => false,
      )
      expect(outcome).toBe(bypassed)
    }
  })

  it('holds until the hold is lifted', async () => {
    const Key = 'held'
    const VersionId = await put(Bucket, Key, 'x')
    const target = { Bucket, Key, VersionId }
    const hold = (Status: 'ON' | 'OFF') =>
      sdk.send(new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status } }))
    await expect(sdk.send(new GetObjectLegalHoldCommand(target))).rejects.toMatchObject({
      name: 'NoSuchObjectLockConfiguration',
    })
    await hold('ON')
    await expect(sdk.send(new DeleteObjectCommand(target))).rejects.toThrow(/object lock/)
    const head = await sdk.send(new HeadObjectCommand(target))
    expect(head.ObjectLockLegalHoldStatus).toBe('ON')
    await hold('OFF')
    await sdk.send(new DeleteObjectCommand(target))
  })

  it('gives the retention of the bucket to what names none', async () => {
    const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const
    await sdk.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule },
      }),
    )
    await put(Bucket, 'default', 'x')
    const head = await sdk.send(new HeadObjectCommand({ Bucket, Key: 'default' }))
    expect(head.ObjectLockMode).toBe('GOVERNANCE')
  })

  it('is refused where the bucket has none', async () => {
    await sdk.send(new CreateBucketCommand({ Bucket: 'unlocked' }))
    await expect(
      sdk.send(
        new PutObjectCommand({
          Bucket: 'unlocked',
          Key: 'k',
          Body: 'x',
          ObjectLockLegalHoldStatus: 'ON',
        }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidRequest' })
  })
})

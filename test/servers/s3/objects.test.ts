// Objects: bytes, ranges, conditions, metadata, copies, tags, classes, odd keys; with the official SDK
// where it can say it, and by hand where it cannot.

import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawClient, send } from './raw-client.ts'
import type { RawClient } from './raw-client.ts'
import { startS3Server, testCredential } from './server.ts'
import type { S3Server } from './server.ts'

const Bucket = 'bucket'
let server: S3Server
let sdk: S3Client
let raw: RawClient

beforeAll(async () => {
  server = await startS3Server({ buckets: [Bucket] })
  sdk = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: testCredential,
    maxAttempts: 1,
  })
  raw = createRawClient(server.url)
})
afterAll(() => server.close())

const put = (key: string, body: string, headers: Record<string, string> = {}) =>
  raw(`/${Bucket}/${key}`, { method: 'PUT', body, headers })

describe('keys', () => {
  const keys = [
    'plain',
    'a b+c%25?#&=;,.txt',
    'double//slash///',
    '/leading',
    'trailing/',
    'with%2Fescape',
    'ünïcode/日本語/😀',
    "quote'excl!paren()star*",
    'nul\u0000and\u0001control\n',
    '<xml>&"quot"',
    '\uffee before \u{1f600}',
  ]

  it('round-trip, whatever they hold', async () => {
    for (const Key of keys) {
      await sdk.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
      const { Body } = await sdk.send(new GetObjectCommand({ Bucket, Key }))
      expect(await Body?.transformToString()).toBe(Key)
    }
    const { Contents = [] } = await sdk.send(
      new ListObjectsV2Command({ Bucket, EncodingType: 'url' }),
    )
    const listed = Contents.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' ')))
    const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(listed).toEqual(byBytes)
  })

  it('have at most 1,024 bytes', async () => {
    expect((await put('k'.repeat(1024), 'x')).status).toBe(200)
    expect((await put('k'.repeat(1025), 'x')).code).toBe('KeyTooLongError')
    expect((await put('%C3%A9'.repeat(513), 'x')).code).toBe('KeyTooLongError')
  })
})

describe('reading', () => {
  it('gives ranges as HTTP has them', async () => {
    await put('ten', '0123456789')
    const get = (range: string) => raw(`/${Bucket}/ten`, { headers: { range } })
    for (const [range, text, contentRange] of [
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=-2', '89', 'bytes 8-9/10'],
      ['bytes=-20', '0123456789', 'bytes 0-9/10'],
      ['bytes=8-99', '89', 'bytes 8-9/10'],
    ] as const) {
      const answer = await get(range)
      expect([answer.status, answer.text]).toEqual([206, text])
      expect(answer.headers.get('content-range')).toBe(contentRange)
    }
    const beyond = await get('bytes=10-')
    expect([beyond.status, beyond.code]).toEqual([416, 'InvalidRange'])
    expect(beyond.headers.get('content-range')).toBe('bytes */10')
    expect((await get('lines=1-2')).status).toBe(200)
  })

  it('answers conditions with 304 and 412', async () => {
    const etag = (await put('cond', 'x')).headers.get('etag') ?? ''
    const past = new Date(Date.now() - 86_400_000).toUTCString()
    const later = new Date(Date.now() + 86_400_000).toUTCString()
    for (const [headers, status] of [
      [{ 'if-match': etag }, 200],
      [{ 'if-match': '"other"' }, 412],
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '"other"' }, 200],
      [{ 'if-modified-since': later }, 304],
      [{ 'if-modified-since': past }, 200],
      [{ 'if-unmodified-since': past }, 412],
      [{ 'if-unmodified-since': past, 'if-match': etag }, 200],
      [{ 'if-modified-since': past, 'if-none-match': etag }, 304],
    ] as const) {
      expect((await raw(`/${Bucket}/cond`, { headers })).status).toBe(status)
    }
  })

  it('lets a signed request override response headers', async () => {
    await put('shown', 'x')
    const url = await getSignedUrl(
      sdk,
      new GetObjectCommand({
        Bucket,
        Key: 'shown',
        ResponseContentDisposition: 'attachment; filename="a b.txt"',
        ResponseContentType: 'text/x-own',
      }),
    )
    const answer = await send(url)
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="a b.txt"')
    expect(answer.headers.get('content-type')).toBe('text/x-own')
  })
})

describe('writing', () => {
  it('creates once with If-None-Match, and swaps with If-Match', async () => {
    const only = { 'if-none-match': '*' }
    const first = await put('once', 'a', only)
    expect(first.status).toBe(200)
    const second = await put('once', 'b', only)
    expect([second.status, second.code]).toEqual([412, 'PreconditionFailed'])
    const etag = first.headers.get('etag') ?? ''
    expect((await put('once', 'c', { 'if-match': etag })).status).toBe(200)
    expect((await put('once', 'd', { 'if-match': etag })).status).toBe(412)
    expect((await put('never', 'd', { 'if-match': etag })).code).toBe('NoSuchKey')
    expect((await put('never', 'd', { 'if-none-match': etag })).code).toBe('NotImplemented')
    expect((await raw(`/${Bucket}/once`)).text).toBe('c')
  })

  it('lets one of two racing creations win', async () => {
    const headers = { 'if-none-match': '*' }
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((body) => put('race', body, headers)),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 412, 412, 412,
    ])
  })

  it('deletes conditionally', async () => {
    const etag = (await put('gone', 'x')).headers.get('etag') ?? ''
    const remove = (key: string, tag: string) =>
      raw(`/${Bucket}/${key}`, { method: 'DELETE', headers: { 'if-match': tag } })
    expect((await remove('gone', '"other"')).status).toBe(412)
    expect((await remove('gone', etag)).status).toBe(204)
    expect((await remove('gone', etag)).code).toBe('NoSuchKey')
    expect((await raw(`/${Bucket}/gone`, { method: 'DELETE' })).status).toBe(204)
  })

  it('verifies Content-MD5', async () => {
    const right = 'CY9rzUYh03PK3k6DJie09g=='
    expect((await put('md5', 'test', { 'content-md5': right })).status).toBe(200)
    expect((await put('md5', 'tesT', { 'content-md5': right })).code).toBe('BadDigest')
    expect((await put('md5', 'test', { 'content-md5': 'short' })).code).toBe('InvalidDigest')
  })

  it('keeps content headers and metadata', async () => {
    await sdk.send(
      new PutObjectCommand({
        Bucket,
        Key: 'described',
        Body: 'x',
        ContentType: 'text/css',
        ContentEncoding: 'gzip',
        CacheControl: 'no-cache',
        ContentDisposition: 'inline',
        ContentLanguage: 'fr',
        Metadata: { One: '1', two_2: 'b' },
        ServerSideEncryption: 'AES256',
      }),
    )
    const head = await sdk.send(new HeadObjectCommand({ Bucket, Key: 'described' }))
    expect(head).toMatchObject({
      ContentType: 'text/css',
      ContentEncoding: 'gzip',
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentLanguage: 'fr',
      Metadata: { one: '1', two_2: 'b' },
      ServerSideEncryption: 'AES256',
      ContentLength: 1,
    })
    const plain = await put('plain-type', 'x')
    expect(plain.status).toBe(200)
    expect((await raw(`/${Bucket}/plain-type`)).headers.get('content-type')).toBe(
      'binary/octet-stream',
    )
    const much = { 'x-amz-meta-a': 'v'.repeat(2048) }
    expect((await put('much', 'x', much)).code).toBe('MetadataTooLarge')
  })

  it('knows its storage classes, encryptions and ACLs', async () => {
    expect((await put('c', 'x', { 'x-amz-storage-class': 'COLD' })).code).toBe(
      'InvalidStorageClass',
    )
    expect((await put('c', 'x', { 'x-amz-acl': 'public-read' })).code).toBe(
      'AccessControlListNotSupported',
    )
    const kms = await put('kms', 'x', { 'x-amz-server-side-encryption': 'aws:kms' })
    expect(kms.headers.get('x-amz-server-side-encryption')).toBe('aws:kms')
    expect(kms.headers.get('etag')).not.toBe('"9dd4e461268c8034f5c8564e155c67a6"')
  })

  it('deletes up to a thousand keys at once', async () => {
    await put('many/1', 'x')
    const { Deleted, Errors } = await sdk.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: 'many/1' }, { Key: 'many/2' }, { Key: 'plain', ETag: '"x"' }] },
      }),
    )
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['many/1', 'many/2'])
    expect(Errors).toMatchObject([{ Key: 'plain', Code: 'PreconditionFailed' }])
    const body = '<Delete><Object><Key>a</Key></Object></Delete>'
    const unprotected = await raw(`/${Bucket}?delete=`, { method: 'POST', body })
    expect([unprotected.status, unprotected.code]).toEqual([400, 'InvalidRequest'])
    const Objects = Array.from({ length: 1001 }, (_, i) => ({ Key: String(i) }))
    await expect(
      sdk.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } })),
    ).rejects.toMatchObject({ name: 'MalformedXML' })
  })
})

describe('copies', () => {
  beforeAll(async () => {
    await put('source', 'bytes', {
      'x-amz-meta-a': '1',
      'x-amz-tagging': 'k=v',
      'content-type': 'a/b',
    })
  })

  it('carry metadata and tags, or replace them', async () => {
    const CopySource = `${Bucket}/source`
    await sdk.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    const copied = await sdk.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))
    expect(copied).toMatchObject({ Metadata: { a: '1' }, ContentType: 'a/b', TagCount: 1 })
    await sdk.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'copy',
        CopySource,
        MetadataDirective: 'REPLACE',
        TaggingDirective: 'REPLACE',
        Metadata: { b: '2' },
        StorageClass: 'STANDARD_IA',
      }),
    )
    const replaced = await sdk.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))
    expect(replaced).toMatchObject({ Metadata: { b: '2' }, StorageClass: 'STANDARD_IA' })
    expect(replaced.TagCount).toBeUndefined()
  })

  it('hold conditions on both sides', async () => {
    const copy = (key: string, headers: Record<string, string>) =>
      raw(`/${Bucket}/${key}`, {
        method: 'PUT',
        headers: { 'x-amz-copy-source': `/${Bucket}/source`, ...headers },
      })
    expect((await copy('to', { 'x-amz-copy-source-if-match': '"other"' })).status).toBe(412)
    const md5 = '"4b3a6218bb3e3a7303e8a171a60fcf92"'
    expect((await copy('to', { 'x-amz-copy-source-if-none-match': md5 })).status).toBe(412)
    expect((await copy('to', { 'if-none-match': '*' })).status).toBe(200)
    expect((await copy('to', { 'if-none-match': '*' })).status).toBe(412)
    expect((await copy('to', { 'if-match': '"other"' })).status).toBe(412)
    expect((await copy('source', {})).code).toBe('InvalidRequest')
    expect((await copy('to', { 'x-amz-copy-source': `/${Bucket}/none` })).code).toBe('NoSuchKey')
  })
})

describe('tags', () => {
  it('are put, counted, read and limited', async () => {
    await put('tagged', 'x', { 'x-amz-tagging': 'a=1&b=two%20words' })
    const { TagSet } = await sdk.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))
    expect(TagSet).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: 'two words' },
    ])
    await sdk.send(
      new PutObjectTaggingCommand({
        Bucket,
        Key: 'tagged',
        Tagging: { TagSet: [{ Key: 'c', Value: '' }] },
      }),
    )
    const answer = await raw(`/${Bucket}/tagged`)
    expect(answer.headers.get('x-amz-tagging-count')).toBe('1')
    const eleven = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&')
    expect((await put('t', 'x', { 'x-amz-tagging': eleven })).code).toBe('InvalidTag')
    expect((await put('t', 'x', { 'x-amz-tagging': 'a=1&a=2' })).code).toBe('InvalidTag')
    expect((await raw(`/${Bucket}/tagged?tagging=`, { method: 'DELETE' })).status).toBe(204)
  })
})

describe('the archive', () => {
  it('gives bytes only after a restore has ended', async () => {
    const Key = 'frozen'
    await put(Key, 'ice', { 'x-amz-storage-class': 'GLACIER' })
    const refused = await raw(`/${Bucket}/${Key}`)
    expect([refused.status, refused.code]).toEqual([403, 'InvalidObjectState'])
    expect((await raw(`/${Bucket}/${Key}`, { method: 'HEAD' })).status).toBe(200)
    const restore = new RestoreObjectCommand({ Bucket, Key, RestoreRequest: { Days: 2 } })
    expect((await sdk.send(restore)).$metadata.httpStatusCode).toBe(202)
    await expect(sdk.send(restore)).rejects.toMatchObject({ name: 'RestoreAlreadyInProgress' })
    const ongoing = await sdk.send(new HeadObjectCommand({ Bucket, Key }))
    expect(ongoing.Restore).toBe('ongoing-request="true"')
    const body = JSON.stringify({ bucket: Bucket, key: Key })
    await fetch(`${server.url}/__control/restores`, { method: 'POST', body })
    expect((await raw(`/${Bucket}/${Key}`)).text).toBe('ice')
    const done = await sdk.send(new HeadObjectCommand({ Bucket, Key }))
    expect(done.Restore).toMatch(/^ongoing-request="false", expiry-date=".+ GMT"$/)
  })
})

describe('presigned by the SDK', () => {
  it('hoists metadata, and ignores a checksum in the query as S3 does', async () => {
    const command = new PutObjectCommand({ Bucket, Key: 'hoisted', Metadata: { from: 'query' } })
    const url = await getSignedUrl(sdk, command)
    expect(url).toContain('x-amz-checksum-crc32=AAAAAA')
    expect((await send(url, { method: 'PUT', body: 'not empty' })).status).toBe(200)
    const head = await sdk.send(new HeadObjectCommand({ Bucket, Key: 'hoisted' }))
    expect(head).toMatchObject({ Metadata: { from: 'query' }, ContentLength: 9 })
  })
})

describe('attributes and the bucket', () => {
  it('lists the attributes that were asked for', async () => {
    await put('attributes', '123456789')
    const attributes = await sdk.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: 'attributes',
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass'],
      }),
    )
    expect(attributes).toMatchObject({
      ETag: '25f9e794323b453885f5181f1b624d0b',
      Checksum: { ChecksumCRC64NVME: 'rosUhgp5mIg=', ChecksumType: 'FULL_OBJECT' },
      ObjectSize: 9,
      StorageClass: 'STANDARD',
    })
  })

  it('says where the bucket is, and guards it', async () => {
    const head = await sdk.send(new HeadBucketCommand({ Bucket }))
    expect(head.BucketRegion).toBe('us-east-1')
    expect((await raw('/bucket', { method: 'DELETE' })).code).toBe('BucketNotEmpty')
    expect((await raw('/bucket', { method: 'PUT' })).code).toBe('BucketAlreadyOwnedByYou')
    expect((await raw('/No_Bucket', { method: 'PUT' })).code).toBe('InvalidBucketName')
    expect((await raw('/fresh', { method: 'PUT' })).status).toBe(200)
    expect((await raw('/fresh?location=')).text).toContain('<LocationConstraint')
    expect((await raw('/fresh?acl=')).code).toBe('NotImplemented')
    const astray = await raw('/fresh?notification=', { method: 'DELETE' })
    expect([astray.status, astray.code]).toEqual([405, 'MethodNotAllowed'])
    expect((await raw('/fresh', { method: 'DELETE' })).status).toBe(204)
    expect((await raw('/fresh')).code).toBe('NoSuchBucket')
  })
})

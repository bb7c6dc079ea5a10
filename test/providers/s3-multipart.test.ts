// Uploads in parts on S3, and the copies that are made of them: digests, lost answers, conflicts, and
// what an object too large for one copy keeps.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Checksum, Driver, ObjectProperties, Part } from '#shared/storage/contract.ts'
import { multipartEtag } from '#shared/storage/providers/s3/multipart-etag.ts'
import { digestOf } from '#shared/wire/digest.ts'
import type { S3Server } from '../servers/s3/server.ts'
import { startS3Server } from '../servers/s3/server.ts'
import type { TestBucket } from './s3-bucket.ts'
import { MiB, bytes, openTestBucket, refusal, signal, textOf } from './s3-bucket.ts'

let server: S3Server
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server.close())

const SMALL_PARTS = { dialect: { minPartBytes: 1 } }
const overwrite = { mode: 'overwrite', signal } as const

interface Begun {
  uploadId: string
  parts: Part[]
}

/** An upload of these texts, one a part, not yet completed. */
async function beginWith(
  driver: Driver,
  texts: string[],
  algorithm?: Checksum['algorithm'],
  properties: ObjectProperties = {},
): Promise<Begun> {
  const multipart = driver.multipart!
  const options = { ...overwrite, ...properties, ...(algorithm && { checksum: { algorithm } }) }
  const uploadId = await multipart.begin('key', options)
  const parts: Part[] = []
  for (const [i, text] of texts.entries()) {
    const content = bytes(text)
    const checksum = algorithm && { algorithm, value: digestOf(algorithm, content.bytes) }
    parts.push(await multipart.part('key', uploadId, i + 1, content, { checksum, signal }))
  }
  return { uploadId, parts }
}

const complete = ({ driver }: TestBucket, { uploadId, parts }: Begun) =>
  driver.multipart!.complete('key', uploadId, parts, overwrite)

const byText = (a = '', b = '') => (a < b ? -1 : 1)

describe('digests of parts', () => {
  for (const algorithm of ['crc32', 'crc32c', 'crc64nvme'] as const) {
    test(`${algorithm} is checked over the whole at completion`, async () => {
      const { driver } = await openTestBucket(server, SMALL_PARTS)
      const value = digestOf(algorithm, bytes('onetwo').bytes)
      const first = await beginWith(driver, ['one', 'two'], algorithm)
      const wrong = { algorithm, value: digestOf(algorithm, bytes('other').bytes) }
      const put = (checksum: Checksum) =>
        driver.multipart!.complete('key', first.uploadId, first.parts, { ...overwrite, checksum })
      await refusal('corrupt', put(wrong))
      const info = await put({ algorithm, value })
      assert.equal(info.checksums[algorithm], value)
      const head = await driver.head('key', { signal })
      assert.equal(head.checksums[algorithm], value)
      assert.equal(head.composite, undefined)
      assert.equal(head.checksums.md5, undefined)
    })
  }

  test('sha256 stays a digest of digests, and says of how many parts', async () => {
    const bucket = await openTestBucket(server, SMALL_PARTS)
    const { driver } = bucket
    await complete(bucket, await beginWith(driver, ['one', 'two'], 'sha256'))
    const { checksums, composite } = await driver.head('key', { signal })
    const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()
    const value = sha256(Buffer.concat([sha256('one'), sha256('two')])).toString('base64')
    assert.deepEqual(composite, { algorithm: 'sha256', value, parts: 2 })
    assert.equal(checksums.sha256, undefined)
  })

  test('a digest that no parts add up to is refused before a request', async () => {
    const { driver, forget, requests } = await openTestBucket(server, SMALL_PARTS)
    const { uploadId, parts } = await beginWith(driver, ['one'])
    await forget()
    const checksum = { algorithm: 'md5', value: 'AAAAAAAAAAAAAAAAAAAAAA==' } as const
    const put = driver.multipart!.complete('key', uploadId, parts, { ...overwrite, checksum })
    await refusal('unsupported', put)
    assert.deepEqual(await requests(), [])
  })

  test('a part with a wrong MD5 is corrupt', async () => {
    const { driver } = await openTestBucket(server, SMALL_PARTS)
    const { uploadId } = await beginWith(driver, [])
    const checksum = { algorithm: 'md5', value: 'AAAAAAAAAAAAAAAAAAAAAA==' } as const
    const sent = driver.multipart!.part('key', uploadId, 1, bytes('x'), { checksum, signal })
    await refusal('corrupt', sent)
  })

  test('the ETag follows from the parts', async () => {
    const bucket = await openTestBucket(server, SMALL_PARTS)
    const upload = await beginWith(bucket.driver, ['one', 'two', 'three'])
    const { etag, size } = await complete(bucket, upload)
    assert.equal(etag, multipartEtag(upload.parts))
    assert.equal(size, 11)
    assert.equal(multipartEtag([{ partNumber: 1, size: 1, etag: 'opaque' }]), undefined)
  })
})

describe('a completion', () => {
  test('whose answer was lost is ambiguous, and done when it is made again', async () => {
    const bucket = await openTestBucket(server, SMALL_PARTS)
    const upload = await beginWith(bucket.driver, ['one', 'two'])
    await bucket.fault({ operation: 'CompleteMultipartUpload', action: { loseAnswer: true } })
    const { ambiguous } = await refusal('unavailable', complete(bucket, upload))
    assert.equal(ambiguous, true)
    const gone = { status: 404, code: 'NoSuchUpload' }
    await bucket.fault({ operation: 'CompleteMultipartUpload', action: gone })
    const { etag, size } = await complete(bucket, upload)
    assert.deepEqual([etag, size], [multipartEtag(upload.parts), 6])
  })

  test('of an upload that is gone does not take another object for its own', async () => {
    const bucket = await openTestBucket(server, SMALL_PARTS)
    const { driver } = bucket
    const upload = await beginWith(driver, ['one', 'two'])
    await driver.multipart!.abort('key', upload.uploadId, { signal })
    await driver.multipart!.abort('key', upload.uploadId, { signal })
    await refusal('not-found', complete(bucket, upload))
    await driver.put('key', bytes('onetwo'), overwrite)
    await refusal('not-found', complete(bucket, upload))
    await refusal('not-found', driver.multipart!.listParts!('key', upload.uploadId, { signal }))
  })

  test('that answers 200 and an error has failed', async () => {
    const bucket = await openTestBucket(server, SMALL_PARTS)
    const upload = await beginWith(bucket.driver, ['one'])
    const operation = 'CompleteMultipartUpload'
    await bucket.fault({ operation, action: { okWithError: 'InternalError' } })
    const error = await refusal('unavailable', complete(bucket, upload))
    assert.equal(error.ambiguous, true)
    await refusal('not-found', bucket.driver.head('key', { signal }))
    assert.equal((await complete(bucket, upload)).size, 3)
  })

  test('that met another write has to begin anew, a put that did has not', async () => {
    const bucket = await openTestBucket(server, SMALL_PARTS)
    const { driver } = bucket
    const upload = await beginWith(driver, ['one'])
    const action = { status: 409, code: 'ConditionalRequestConflict' }
    await bucket.fault({ operation: 'CompleteMultipartUpload', action })
    const error = await refusal('precondition', complete(bucket, upload))
    assert.equal(error.retry, 'never')
    assert.match(error.message, /begin anew/)
    await bucket.fault({ operation: 'PutObject', action })
    const create = { mode: 'create', signal } as const
    const { retry, ambiguous } = await refusal('unavailable', driver.put('new', bytes('x'), create))
    assert.deepEqual([retry, ambiguous], ['now', false])
  })
})

describe('a list of unfinished uploads', () => {
  test('goes page by page, with odd keys', async () => {
    const { driver } = await openTestBucket(server)
    const keys = ['a b+c', 'a/%20', 'a/<ü>&"', '\u{1f600}']
    for (const key of keys) await driver.multipart!.begin(key, overwrite)
    const { uploads } = await driver.multipart!.listUploads!({ signal })
    assert.deepEqual(
      uploads.map(({ key }) => key),
      keys,
    )
    const some = await driver.multipart!.listUploads!({ prefix: 'a/', signal })
    assert.deepEqual(
      some.uploads.map(({ key }) => key),
      keys.slice(1, 3),
    )
    assert.ok(some.uploads.every(({ begun }) => begun && begun.getTime() > 0))
  })
})

describe('a copy too large for one request', () => {
  const capabilities = { copy: { maxBytes: 5 * MiB }, multipart: { maxPartBytes: 5 * MiB } }
  const content = { bytes: new Uint8Array(11 * MiB).map((_, i) => (i * 31) % 251) }
  const properties = {
    contentType: 'a/b',
    contentEncoding: 'gzip',
    cacheControl: 'max-age=1',
    metadata: { name: 'ünïcode' },
    tags: { 'a b': 'c+d' },
  }

  async function openWithSource(): Promise<TestBucket & { large: Driver }> {
    const bucket = await openTestBucket(server)
    await bucket.driver.put('from ü', content, { ...overwrite, ...properties })
    return { ...bucket, large: bucket.reopen({}, capabilities) }
  }

  test('goes in ranges and keeps headers, metadata and tags', async () => {
    const { large, requests, forget } = await openWithSource()
    await forget()
    const copied = await large.copy({ key: 'from ü' }, 'to', overwrite)
    const parts = (await requests()).filter(({ operation }) => operation === 'UploadPartCopy')
    const ranges = parts.map(({ headers }) => headers['x-amz-copy-source-range']).toSorted(byText)
    assert.deepEqual(ranges, [
      'bytes=0-5242879',
      'bytes=10485760-11534335',
      'bytes=5242880-10485759',
    ])
    const { info, body } = await large.get('to', { signal })
    assert.deepEqual(
      Buffer.from(await new Response(body).arrayBuffer()),
      Buffer.from(content.bytes),
    )
    assert.equal(copied.etag, info.etag)
    const { contentType, contentEncoding, cacheControl, metadata } = info
    const tags = await large.tags!.get('to', { signal })
    assert.deepEqual({ contentType, contentEncoding, cacheControl, metadata, tags }, properties)
  })

  test('moves to another class with what it has', async () => {
    const { large, requests } = await openWithSource()
    const { etag } = await large.head('from ü', { signal })
    await large.classes!.setClass('from ü', 'STANDARD_IA', { signal })
    const commit = (await requests()).find((one) => one.operation === 'CompleteMultipartUpload')
    assert.equal(commit?.headers['if-match'], `"${etag}"`, 'a newer content would be undone')
    const { storageClass, size, metadata } = await large.head('from ü', { signal })
    assert.deepEqual([storageClass, size], ['STANDARD_IA', 11 * MiB])
    assert.deepEqual(metadata, properties.metadata)
    assert.deepEqual(await large.tags!.get('from ü', { signal }), properties.tags)
  })

  test('that fails leaves nothing to pay for', async () => {
    const { large, fault } = await openWithSource()
    const action = { status: 500, code: 'InternalError' }
    await fault({ operation: 'UploadPartCopy', skip: 1, action })
    await refusal('unavailable', large.copy({ key: 'from ü' }, 'to', overwrite))
    assert.deepEqual((await large.multipart!.listUploads!({ signal })).uploads, [])
    await refusal('not-found', large.head('to', { signal }))
  })

  test('holds to its conditions', async () => {
    const { large } = await openWithSource()
    await large.put('to', bytes('taken'), overwrite)
    const create = { mode: 'create', signal } as const
    await refusal('exists', large.copy({ key: 'from ü' }, 'to', create))
    const stale = { key: 'from ü', ifMatch: '0'.repeat(32) }
    await refusal('precondition', large.copy(stale, 'other', overwrite))
    assert.equal(await textOf((await large.get('to', { signal })).body), 'taken')
    assert.deepEqual((await large.multipart!.listUploads!({ signal })).uploads, [])
  })
})

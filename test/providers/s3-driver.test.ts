// What the S3 driver sends, and what it tells of an object, beyond what every store's contract says.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../servers/s3/server.ts'
import { startS3Server } from '../servers/s3/server.ts'
import { MiB, bytes, openTestBucket, refusal, signal, textOf } from './s3-bucket.ts'

let server: S3Server
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server.close())

const overwrite = { mode: 'overwrite', signal } as const

describe('what is sent', () => {
  test('a stream goes with its length and unhashed, never in aws-chunks', async () => {
    const { driver, requests } = await openTestBucket(server)
    const stream = new Blob(['some', 'bytes']).stream()
    await driver.put('key', { stream, size: 9 }, overwrite)
    await driver.put('key', bytes('some bytes'), overwrite)
    for (const { headers } of await requests()) {
      assert.equal(headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD')
      assert.match(headers['content-length'] ?? '', /^(9|10)$/)
      assert.equal(headers['transfer-encoding'], undefined)
      assert.equal(headers['content-encoding'], undefined)
      const digests = Object.keys(headers).filter((name) => name.includes('checksum'))
      assert.deepEqual(digests, [])
    }
  })

  test('no checksum header reaches a look-alike that knows none, a Content-MD5 does', async () => {
    const uri = (bucket: string) => `wasabi://${bucket}?region=us-east-1`
    const { driver, requests } = await openTestBucket(server, { uri, dialect: 'spaces' })
    await driver.put('a', bytes('a'), overwrite)
    await driver.head('a', { signal })
    await (await driver.get('a', { signal })).body.cancel()
    await driver.delete([{ key: 'a' }, { key: 'b' }], { signal })
    const log = await requests()
    const names = log.flatMap(({ headers }) => Object.keys(headers))
    assert.deepEqual(
      names.filter((name) => name.includes('checksum')),
      [],
    )
    const batch = log.find(({ operation }) => operation === 'DeleteObjects')
    assert.match(batch?.headers['content-md5'] ?? '', /^.{22}==$/)
  })

  test('a condition that a look-alike wants bare has no quotes there', async () => {
    const uri = (bucket: string) => `ceph://${bucket}?endpoint=http://localhost`
    const { driver, requests, reopen } = await openTestBucket(server, { uri })
    const us = reopen({ region: 'us-east-1' })
    const { etag } = await us.put('key', bytes('1'), overwrite)
    await us.put('key', bytes('2'), { mode: { ifMatch: etag }, signal })
    assert.equal((await requests()).at(-1)?.headers['if-match'], etag)
    await driver.close?.()
  })
})

describe('a stream on its way out', () => {
  const sized = (pieces: readonly number[], cancel: () => void = () => undefined) => {
    let next = 0
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        const size = pieces[next++]
        if (size === undefined) controller.close()
        else controller.enqueue(new Uint8Array(size))
      },
      cancel,
    })
  }

  for (const [name, pieces, size] of [
    ['shorter', [4, 4], 9],
    ['longer', [5, 4, 1], 9],
    ['longer in its last piece', [5, 5], 9],
    ['longer than nothing', [1], 0],
  ] as const) {
    test(`that is ${name} than announced becomes no object`, async () => {
      const { driver } = await openTestBucket(server)
      const content = { stream: sized(pieces), size }
      await refusal('invalid', driver.put('key', content, overwrite))
      await refusal('not-found', driver.head('key', { signal }))
    })
  }

  test('that fails is the error, and becomes no object', async () => {
    const { driver } = await openTestBucket(server)
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(5)),
      pull: (controller) => controller.error(new Error('the disk is gone')),
    })
    const put = driver.put('key', { stream, size: 9 }, overwrite)
    await expect(put).rejects.toThrow('the disk is gone')
    await refusal('not-found', driver.head('key', { signal }))
  })

  test('is cancelled when the store refuses before it is read', async () => {
    const { driver } = await openTestBucket(server)
    await driver.put('key', bytes('taken'), overwrite)
    let cancelled = false
    const pieces = Array.from({ length: 64 }, () => MiB)
    const stream = sized(pieces, () => void (cancelled = true))
    const create = { mode: 'create', signal } as const
    await refusal('exists', driver.put('key', { stream, size: 64 * MiB }, create))
    assert.ok(cancelled)
  })

  test('is cancelled by an abort, whose reason is thrown', async () => {
    const { driver } = await openTestBucket(server)
    const abort = new AbortController()
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: () => abort.abort(new Error('enough')),
      cancel: () => void (cancelled = true),
    })
    const put = driver.put('key', { stream, size: 9 }, { ...overwrite, signal: abort.signal })
    await expect(put).rejects.toThrow('enough')
    assert.ok(cancelled)
  })
})

describe('digests', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('base64')

  test('a plain ETag is the MD5, one under KMS is not', async () => {
    const { driver, name, settings } = await openTestBucket(server)
    await driver.put('plain', bytes('x'), overwrite)
    assert.equal((await driver.head('plain', { signal })).checksums.md5, md5('x'))
    await encryptByKms(server.url, settings, name)
    const put = await driver.put('keyed', bytes('x'), overwrite)
    assert.equal(put.checksums.md5, undefined)
    const { checksums } = await driver.head('keyed', { signal })
    assert.equal(checksums.md5, undefined)
    assert.ok(checksums.crc64nvme)
  })

  test('of the whole are told by a whole read, and not asked of a range', async () => {
    const { driver, requests } = await openTestBucket(server)
    const value = createHash('sha256').update('whole').digest('base64')
    const checksum = { algorithm: 'sha256', value } as const
    await driver.put('key', bytes('whole'), { ...overwrite, checksum })
    const whole = await driver.get('key', { signal })
    assert.equal(whole.info.checksums.sha256, value)
    assert.equal(await textOf(whole.body), 'whole')
    const part = await driver.get('key', { range: { first: 1, last: 2 }, signal })
    const asked = (await requests()).map(({ headers }) => headers['x-amz-checksum-mode'])
    assert.deepEqual(asked, [undefined, 'ENABLED', undefined])
    assert.equal(part.info.checksums.sha256, undefined)
    assert.equal(part.info.size, 5)
    assert.equal(await textOf(part.body), 'ho')
  })
})

/** By the SDK itself: the driver sets up nothing. */
async function encryptByKms(
  endpoint: string,
  { region, credentials }: { region: string; credentials: () => unknown },
  Bucket: string,
): Promise<void> {
  const { PutBucketEncryptionCommand, S3Client } = await import('@aws-sdk/client-s3')
  const keys = credentials() as { accessKeyId: string; secretAccessKey: string }
  const client = new S3Client({ endpoint, region, credentials: keys, forcePathStyle: true })
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms' } as const
  const Rules = [{ ApplyServerSideEncryptionByDefault }]
  const ServerSideEncryptionConfiguration = { Rules }
  await client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }))
  client.destroy()
}

describe('archives', () => {
  test('an archived object says so, is restored, and is read again', async () => {
    const { driver, control, name } = await openTestBucket(server)
    const storageClass = 'GLACIER'
    await driver.put('key', bytes('cold'), { ...overwrite, storageClass })
    const cold = await driver.head('key', { signal })
    assert.deepEqual(
      [cold.storageClass, cold.archived, cold.restoring],
      ['GLACIER', true, undefined],
    )
    const { message } = await refusal('invalid', driver.get('key', { signal }))
    assert.match(message, /archived: restore it/)

    await driver.classes!.restore!('key', { days: 2, signal })
    await driver.classes!.restore!('key', { days: 2, signal })
    const warming = await driver.head('key', { signal })
    assert.deepEqual([warming.archived, warming.restoring], [true, true])

    await control('POST', 'restores', { bucket: name, key: 'key' })
    const warm = await driver.head('key', { signal })
    assert.deepEqual([warm.archived, warm.restoring], [undefined, undefined])
    assert.equal(await textOf((await driver.get('key', { signal })).body), 'cold')
  })

  test('what is not archived is not restored, and no archive is spoken of', async () => {
    const { driver } = await openTestBucket(server)
    await driver.put('key', bytes('warm'), overwrite)
    const { message } = await refusal('invalid', driver.classes!.restore!('key', { signal }))
    assert.match(message, /"key" in .* is in no class that is restored/)
  })

  test('the class of an older version is not changed by making it the newest', async () => {
    const { driver } = await openTestBucket(server, { versioning: 'Enabled' })
    const { version } = await driver.put('key', bytes('old'), overwrite)
    await driver.put('key', bytes('new'), overwrite)
    const changing = driver.classes!.setClass('key', 'STANDARD_IA', { version, signal })
    await refusal('unsupported', changing)
    assert.equal(await textOf((await driver.get('key', { signal })).body), 'new')
  })

  test('another class keeps metadata and tags', async () => {
    const { driver } = await openTestBucket(server)
    const properties = { contentType: 'a/b', metadata: { name: 'ü' }, tags: { a: 'b c+d' } }
    await driver.put('key', bytes('x'), { ...overwrite, ...properties })
    await driver.classes!.setClass('key', 'STANDARD_IA', { signal })
    const { storageClass, contentType, metadata } = await driver.head('key', { signal })
    assert.deepEqual([storageClass, contentType, metadata], ['STANDARD_IA', 'a/b', { name: 'ü' }])
    assert.deepEqual(await driver.tags!.get('key', { signal }), properties.tags)
  })
})

describe('copies', () => {
  test('of a source that has changed name the source', async () => {
    const { driver } = await openTestBucket(server)
    await driver.put('from', bytes('x'), overwrite)
    await driver.put('to', bytes('y'), overwrite)
    const stale = { key: 'from', ifMatch: '0'.repeat(32) }
    for (const mode of ['overwrite', 'create'] as const) {
      const error = await refusal('precondition', driver.copy(stale, 'to', { mode, signal }))
      assert.equal(error.key, 'from')
      assert.match(error.message, /"from"/)
    }
  })
})

describe('lists', () => {
  const KEYS = ['a b', 'a+b', 'a/%20', 'a/ü', 'b/1', 'b/2', 'c&<>"', '\u{1f600}']

  for (const [row, uri] of [
    ['tokens', (bucket: string) => `s3://${bucket}?region=us-east-1`],
    ['markers', (bucket: string) => `spaces://${bucket}?region=us-east-1`],
  ] as const) {
    test(`by ${row}: every key once and in order, with a delimiter and without`, async () => {
      const { driver } = await openTestBucket(server, { uri })
      for (const key of KEYS) await driver.put(key, bytes(key), overwrite)
      assert.deepEqual(await allOf(driver, {}), KEYS)
      assert.deepEqual(await allOf(driver, { after: 'a/ü' }), KEYS.slice(4))
      const folded = ['a b', 'a+b', 'a/', 'b/', 'c&<>"', '\u{1f600}']
      assert.deepEqual(await allOf(driver, { delimiter: '/' }), folded)
    })
  }

  async function allOf(
    driver: Awaited<ReturnType<typeof openTestBucket>>['driver'],
    query: { after?: string; delimiter?: string },
  ): Promise<string[]> {
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await driver.list({ ...query, cursor, limit: 1, signal })
      found.push(...page.objects.map(({ key }) => key), ...page.prefixes)
      cursor = page.cursor
    } while (cursor !== undefined)
    return found
  }
})

describe('versions', () => {
  test('an object from before versioning is the version null, markers stand in order', async () => {
    const { driver, name, settings } = await openTestBucket(server)
    const old = await driver.put('key', bytes('old'), overwrite)
    assert.equal(old.version, undefined)
    assert.equal((await driver.head('key', { signal })).version, undefined)
    await startVersioning(server.url, settings, name)
    assert.equal((await driver.head('key', { signal })).version, 'null')
    const { version } = await driver.put('key', bytes('new'), overwrite)
    await driver.delete([{ key: 'key' }], { signal })
    await driver.put('kez ü', bytes('z'), overwrite)

    const listed = []
    let cursor: string | undefined
    do {
      const page = await driver.versions!.list({ limit: 1, cursor, signal })
      listed.push(...page.versions)
      cursor = page.cursor
    } while (cursor !== undefined)
    const seen = listed.map((one) => [one.key, one.size, one.latest, one.deleted])
    assert.deepEqual(seen, [
      ['key', 0, true, true],
      ['key', 3, false, false],
      ['key', 3, false, false],
      ['kez ü', 1, true, false],
    ])
    assert.deepEqual(
      listed.slice(1, 3).map((one) => one.version),
      [version, 'null'],
    )
    const marker = listed[0]!.version
    await refusal('not-found', driver.head('key', { version: marker, signal }))
    const whole = await driver.versions!.list({ signal })
    assert.deepEqual(whole.versions, listed)
    const read = await driver.get('key', { version: 'null', signal })
    assert.equal(await textOf(read.body), 'old')
  })

  async function startVersioning(
    endpoint: string,
    { region, credentials }: { region: string; credentials: () => unknown },
    Bucket: string,
  ): Promise<void> {
    const { PutBucketVersioningCommand, S3Client } = await import('@aws-sdk/client-s3')
    const keys = credentials() as { accessKeyId: string; secretAccessKey: string }
    const client = new S3Client({ endpoint, region, credentials: keys, forcePathStyle: true })
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    client.destroy()
  }
})

describe('deletes and locks', () => {
  test('a key that no XML can hold does not keep the others', async () => {
    const { driver, requests } = await openTestBucket(server)
    const keys = ['a', 'odd \uffff', 'b']
    for (const key of keys) await driver.put(key, bytes(key), overwrite)
    const targets = keys.map((key) => ({ key }))
    assert.deepEqual(await driver.delete(targets, { signal }), targets)
    for (const key of keys) await refusal('not-found', driver.head(key, { signal }))
    const log = (await requests()).map(({ operation }) => operation)
    assert.deepEqual(
      log.filter((name) => name.startsWith('Delete')),
      ['DeleteObjects', 'DeleteObject'],
    )
  })

  test('a key that may not go does not keep the others', async () => {
    const { driver } = await openTestBucket(server, { objectLock: true })
    const held = await driver.put('held', bytes('x'), overwrite)
    const free = await driver.put('free', bytes('x'), overwrite)
    await driver.retention!.setHold('held', true, { signal })
    const targets = [held, free].map(({ key, version }) => ({ key, version }))
    const results = await driver.delete(targets, { signal })
    assert.deepEqual(
      results.map(({ key, error }) => [key, error?.kind]),
      [
        ['held', 'denied'],
        ['free', undefined],
      ],
    )
    assert.equal(results[0]?.error?.key, 'held')
    const alone = await driver.delete(targets.slice(0, 1), { signal })
    assert.equal(alone[0]?.error?.kind, 'denied')
  })

  test('where nothing was locked there is no retention', async () => {
    for (const objectLock of [true, false]) {
      const { driver } = await openTestBucket(server, { objectLock })
      await driver.put('key', bytes('x'), overwrite)
      const { retention, hold } = await driver.retention!.get('key', { signal })
      assert.deepEqual([retention, hold], [undefined, false])
    }
  })

  test('what is not there has no retention to tell', async () => {
    const { driver } = await openTestBucket(server, { objectLock: true })
    await refusal('not-found', driver.retention!.get('absent', { signal }))
  })
})

// Whether two objects are the same, on real servers: by digests that both tell, by reading one side, by reading
// both; never by size, and never by ETags. A flipped byte is found by reading one side.

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { expect, inject, test } from 'vitest'
import { compareObjects } from '#shared/compare/evidence.ts'
import type { CompareOptions, Finding } from '#shared/compare/evidence.ts'
import type { End } from '../copy/opened.ts'
import { openEnds } from '../copy/opened.ts'
import { PART_BYTES, azureStore, b2Store } from '../copy/stores.ts'
import { bytesOf, checksumOf } from '../suites/storage/content.ts'
import { createHarness } from '../suites/storage/harness.ts'

const SMALL = bytesOf(3000)
const LARGE = bytesOf(PART_BYTES * 4)

/** As listings tell both, unless their bytes are written over meanwhile. */
async function compare(a: End, b: End, options: CompareOptions = {}): Promise<Finding> {
  return compareObjects({ store: a.store, key: 'k' }, { store: b.store, key: 'k' }, options)
}

async function listed({ store }: Pick<End, 'store'>) {
  const { objects } = await store.list({ prefix: 'k' })
  return objects[0]!
}

test('digests that both lists tell need no request', async () => {
  const { from } = await openEnds('gcs', 's3')
  const azure = createHarness(await azureStore(inject('servers')), { fetch }).open()
  await from.store.put('k', SMALL)
  await azure.put('k', SMALL)
  const seen = { a: await listed(from), b: await listed({ store: azure }) }
  await from.control.clear()
  const finding = await compareObjects(
    { store: from.store, key: 'k', seen: seen.a },
    { store: azure, key: 'k', seen: seen.b },
  )
  expect(finding).toEqual({ same: true, grade: 'declared', digest: checksumOf('md5', SMALL) })
  expect(await from.asked()).toEqual({})
})

test('digests that a HEAD tells are compared, and other bytes of the same size are other bytes', async () => {
  const { from, to } = await openEnds('s3', 'gcs')
  await from.store.put('k', SMALL)
  await to.store.put('k', SMALL)
  expect(await compare(from, to)).toMatchObject({ same: true, grade: 'declared' })
  await to.store.put('k', bytesOf(3000, 2))
  expect(await compare(from, to)).toEqual({ same: false, grade: 'declared' })
})

test('another size is other bytes, and asks for nothing where lists have told it', async () => {
  const { from, to } = await openEnds('s3', 's3')
  await from.store.put('k', SMALL)
  await to.store.put('k', bytesOf(3001))
  const seen = { a: await listed(from), b: await listed(to) }
  await from.control.clear()
  const finding = await compareObjects(
    { store: from.store, key: 'k', seen: seen.a },
    { store: to.store, key: 'k', seen: seen.b },
    { read: 'one' },
  )
  expect(finding).toEqual({ same: false, grade: 'size' })
  expect(await from.asked()).toEqual({})
})

test('what no digest in common tells is not known, and one side is read', async () => {
  const { to } = await openEnds('s3', 'gcs')
  const from = createHarness(await b2Store(inject('servers')), { fetch }).open()
  await from.put('k', LARGE)
  await to.store.put('k', LARGE)
  const [a, b] = [
    { store: from, key: 'k' },
    { store: to.store, key: 'k' },
  ]
  expect(await compareObjects(a, b)).toEqual({ same: undefined, grade: 'size' })
  await to.control.clear()
  expect(await compareObjects(a, b, { read: 'one' })).toMatchObject({
    same: true,
    grade: 'attested',
  })
  expect(await to.asked()).toEqual({ 'objects.get': 1, 'objects.download': 1 })
  await from.put('k', bytesOf(LARGE.length, 2))
  expect(await compareObjects(a, b, { read: 'one' })).toEqual({ same: false, grade: 'attested' })
  const digest = checksumOf('crc32c', bytesOf(LARGE.length, 2))
  await to.store.put('k', bytesOf(LARGE.length, 2))
  const recorded = { read: 'one', recorded: digest } as const
  expect(await compareObjects(a, b, recorded)).toMatchObject({ same: true, grade: 'attested' })
})

/** As older SDKs upload large objects: with a CRC of each part, and of the whole only one of these. */
async function putComposite({ store }: End, cuts: readonly number[]): Promise<void> {
  const { url, accessKeyId, secretAccessKey } = inject('servers').s3
  const credentials = { accessKeyId, secretAccessKey }
  const options = { endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials }
  const client = new S3Client(options)
  const target = { Bucket: store.bucket, Key: store.fullKey('k') }
  const kind = { ChecksumAlgorithm: 'CRC32C', ChecksumType: 'COMPOSITE' } as const
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...kind }))
  const Parts = []
  for (const [index, first] of cuts.entries()) {
    const Body = LARGE.subarray(first, cuts[index + 1] ?? LARGE.length)
    const part = { ...target, UploadId, PartNumber: index + 1, Body }
    const sent = await client.send(
      new UploadPartCommand({ ...part, ChecksumAlgorithm: kind.ChecksumAlgorithm }),
    )
    Parts.push({ PartNumber: index + 1, ETag: sent.ETag, ChecksumCRC32C: sent.ChecksumCRC32C })
  }
  const MultipartUpload = { Parts }
  await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }))
  client.destroy()
}

test('CRCs of parts add up to that of the whole, without a byte being read', async () => {
  const { from, to } = await openEnds('s3', 'gcs')
  await putComposite(from, [0, PART_BYTES, PART_BYTES * 3])
  await to.store.put('k', LARGE)
  expect((await from.store.head('k')).composite).toMatchObject({ algorithm: 'crc32c', parts: 3 })
  await Promise.all([from.control.clear(), to.control.clear()])
  const digest = checksumOf('crc32c', LARGE)
  expect(await compare(from, to)).toEqual({ same: true, grade: 'declared', digest })
  expect(await from.asked()).toEqual({ HeadObject: 1, GetObjectAttributes: 1 })
  await to.store.put('k', bytesOf(LARGE.length, 2))
  expect(await compare(from, to)).toEqual({ same: false, grade: 'declared' })
})

test('two objects of other parts are the same bytes all the same', async () => {
  const { from, to } = await openEnds('s3', 's3')
  await putComposite(from, [0, PART_BYTES])
  await putComposite(to, [0, PART_BYTES * 2])
  expect(await compare(from, to)).toMatchObject({ same: true, grade: 'declared' })
})

test('reading one side finds a flipped byte that no provider tells of', async () => {
  const { from, to } = await openEnds('s3', 'gcs')
  await from.store.put('k', SMALL)
  await to.store.put('k', SMALL)
  await to.corrupt('k', 1234)
  expect(await compare(from, to)).toMatchObject({ same: true, grade: 'declared' })
  expect(await compare(from, to, { read: 'both' })).toEqual({ same: false, grade: 'bytes' })
})

test('reading both is the best evidence, and gives a digest to keep', async () => {
  const { from, to } = await openEnds('s3', 'gcs')
  await from.store.put('k', SMALL)
  await to.store.put('k', SMALL)
  expect(await compare(from, to, { read: 'both' })).toEqual({
    same: true,
    grade: 'bytes',
    digest: checksumOf('crc32c', SMALL),
  })
})

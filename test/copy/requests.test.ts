// What a copy costs in requests, as the servers count them.

import { expect, it } from 'vitest'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import { bytesAt, openEnds } from './opened.ts'
import { PART_BYTES } from './stores.ts'

it('asks for a small object once and puts it once', async () => {
  const { from, to, copy } = await openEnds('s3', 's3')
  await from.store.put('key', bytesOf(16_384), { metadata: { a: 'b' } })
  await from.control.clear()
  for (const mode of ['create', 'overwrite'] as const) await copy('key', { mode, size: 16_384 })
  expect(await from.asked()).toEqual({ GetObject: 2 })
  expect(await to.asked()).toEqual({ PutObject: 2 })
})

it('asks once more where there are tags', async () => {
  const { from, to, copy } = await openEnds('s3', 's3')
  await from.store.put('key', bytesOf(10), { tags: { a: 'b' } })
  await from.control.clear()
  await copy('key')
  expect(await from.asked()).toEqual({ GetObject: 1, GetObjectTagging: 1 })
  expect(await to.asked()).toEqual({ PutObject: 1 })
})

it('asks once for a large object that no listing has told of', async () => {
  const { from, to, copy } = await openEnds('s3', 's3')
  const bytes = bytesOf(PART_BYTES * 4)
  await from.store.put('key', bytes)
  await from.control.clear()
  await copy('key')
  expect(await from.asked()).toEqual({ GetObject: 5, HeadObject: 1 })
  // The record of what is under way is read, written and removed.
  const { PutObject, GetObject, DeleteObject, DeleteObjects, ...rest } = await to.asked()
  expect({ PutObject, GetObject, removed: DeleteObject ?? DeleteObjects }).toEqual({
    PutObject: 1,
    GetObject: 1,
    removed: 1,
  })
  expect(rest).toEqual({ CreateMultipartUpload: 1, UploadPart: 4, CompleteMultipartUpload: 1 })
  sameBytes(await bytesAt(to.store, 'key'), bytes)
})

it('has the provider copy between its own buckets, with a look and a copy', async () => {
  const { from, to, copy } = await openEnds('s3', 's3')
  await from.store.put('key', bytesOf(16_384), { metadata: { a: 'b' }, tags: { c: 'd' } })
  await from.control.clear()
  const { how } = await copy('key', { through: undefined, own: () => ({ skein_source: 'x' }) })
  expect(how).toBe('provider')
  expect(await from.asked()).toEqual({ HeadObject: 1, GetObjectTagging: 1 })
  expect(await to.asked()).toEqual({ CopyObject: 1 })
  expect((await to.store.head('key')).metadata).toEqual({ a: 'b', skein_source: 'x' })
  expect(await to.store.groups.tags.get('key')).toEqual({ c: 'd' })
})

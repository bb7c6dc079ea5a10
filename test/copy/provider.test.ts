// Copies whose bytes do not pass here: between two buckets of a provider, and from one provider to another that
// reads signed URLs. Where the destination may not read the source, the bytes move after all.

import { afterAll, describe, expect, inject, it } from 'vitest'
import { copyObject } from '#shared/copy/copy.ts'
import type { CopyJob } from '#shared/copy/job.ts'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { startAzureFront } from './azure-front.ts'
import { actingBefore, bytesAt, openEnds } from './opened.ts'
import { PART_BYTES, azureStore, s3Store } from './stores.ts'

const servers = inject('servers')
const front = await startAzureFront(servers)
afterAll(() => front.close())

/** More than one request copies here. */
const HUGE = PART_BYTES * 64 + 5

const open = (description: StoreDescription) => createHarness(description, { fetch }).open()

describe('within a provider', { timeout: 60_000 }, () => {
  it('has a huge object read in ranges, which the digest of the whole covers', async () => {
    const { from, to, copy } = await openEnds('s3', 's3')
    const bytes = bytesOf(HUGE)
    await from.store.put('huge', bytes, { metadata: { a: 'b' } })
    await from.control.clear()
    const copied = await copy('huge', { through: undefined, size: HUGE })
    expect(copied).toMatchObject({ how: 'provider', evidence: 'declared' })
    sameBytes(await bytesAt(to.store, 'huge'), bytes)
    expect(await to.asked()).toMatchObject({ UploadPartCopy: 9 })
    expect((await from.asked())['GetObject']).toBeUndefined()
  })

  it.each([
    ['small', 10],
    ['huge', HUGE],
  ])('moves the bytes where the destination may not read the source, %s', async (key, size) => {
    const { from, to, copy } = await openEnds('s3', 's3')
    const bytes = bytesOf(size)
    await from.store.put(key, bytes)
    const denied = { times: 100, action: { status: 403, code: 'AccessDenied' } }
    await to.control.fault(
      ...['CopyObject', 'UploadPartCopy'].map((operation) => ({ operation, ...denied })),
    )
    const copied = await copy(key, { through: undefined })
    expect(copied.how).toBe(size === HUGE ? 'parts' : 'whole')
    sameBytes(await bytesAt(to.store, key), bytes)
    // It is not tried again for the next one.
    await from.store.put('next', bytesOf(10))
    await to.control.clear()
    await copy('next', { through: undefined })
    expect(await to.asked()).toEqual({ PutObject: 1 })
  })

  it('copies anew when the source changed between the look and the copy', async () => {
    const { from, to, copy } = await openEnds('s3', 's3')
    await from.store.put('key', 'old')
    const put = () => from.store.put('key', 'newer')
    const overtaken = actingBefore(to.store, 'copy', 1, put)
    const { source, how } = await copy('key', { through: undefined, to: overtaken })
    expect(how).toBe('provider')
    expect(source.size).toBe(5)
    expect((await to.store.head('key')).size).toBe(5)
  })

  it('has Azure read a huge blob of its own in blocks', async () => {
    const [from, to] = [open(await azureStore(servers)), open(await azureStore(servers))]
    const bytes = bytesOf(HUGE)
    await from.put('huge', bytes)
    const copied = await copyObject({ from, to, key: 'huge', mode: 'create' })
    expect(copied).toMatchObject({ how: 'provider', evidence: 'recorded' })
    sameBytes(await bytesAt(to, 'huge'), bytes)
  })
})

describe('from another provider into Azure', { timeout: 60_000 }, () => {
  it('is read by Azure from signed URLs, and known by the digests that it tells of the blocks', async () => {
    const description = await azureStore(servers)
    const to = open({ ...description, uri: throughFront(description.uri) })
    const from = createHarness(await s3Store(servers), { fetch })
    const source = from.open()
    const bytes = bytesOf(HUGE)
    await source.put('huge', bytes)
    await from.control!.clear()
    const copied = await copyObject({ from: source, to, key: 'huge', mode: 'create', size: HUGE })
    expect(copied).toMatchObject({ how: 'provider', evidence: 'declared' })
    expect(copied.digest?.algorithm).toBe('crc64nvme')
    expect(front.pulled.length).toBe(9)
    sameBytes(await bytesAt(to, 'huge'), bytes)
  })

  it('finds bits that flipped on the way of which nothing is seen here', async () => {
    const description = await azureStore(servers)
    const to = open({ ...description, uri: throughFront(description.uri) })
    const from = createHarness(await s3Store(servers), { fetch })
    const source = from.open()
    await source.put('huge', bytesOf(HUGE))
    const flips = { times: 2, action: { flipByteAt: 5 } }
    await from.control!.fault({ method: 'GET', ...flips })
    const job: CopyJob = { from: source, to, key: 'huge', mode: 'create', size: HUGE }
    const { evidence } = await copyObject(job)
    expect(evidence).toBe('declared')
    sameBytes(await bytesAt(to, 'huge'), bytesOf(HUGE))
  })

  it('moves what comes without a digest that both tell', async () => {
    const description = await azureStore(servers)
    const to = open({ ...description, uri: throughFront(description.uri) })
    const { from } = await openEnds('gcs', 'gcs')
    const before = front.pulled.length
    await from.store.put('huge', bytesOf(HUGE))
    const job: CopyJob = { from: from.store, to, key: 'huge', mode: 'create', size: HUGE }
    expect(await copyObject(job)).toMatchObject({ how: 'parts', evidence: 'attested' })
    expect(front.pulled.length).toBe(before)
  })
})

function throughFront(uri: string): string {
  return uri.replace(encodeURIComponent(servers.azurite.url), encodeURIComponent(front.url))
}

// At the edges of what stores can: a hundred megabytes in parts, sessions that break off, digests that nobody holds,
// stores that neither copy nor list parts, metadata that leaves no room for a reason.

import { PutBucketEncryptionCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, inject, it } from 'vitest'
import type { ChecksumAlgorithm } from '#shared/client/protocol.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import { digestOf } from '#shared/wire/digest.ts'
import { describeGcs, describeS3 } from '../harness/descriptions.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import { expectOk, follow, headersOf, sendPart, sendParts, upload } from './follow.ts'
import { AMAZON } from './stores.ts'
import { everybody, openerOf } from './workspace.ts'

const MiB = 1024 * 1024
const MISSING = { retry: { attempts: 1 } }

/** Of an object's bytes, as the servers name them. */
const READ = /^(GetObject|objects\.download)$/

const servers = inject('servers')
const { open } = openerOf(await describeS3(servers, { name: 's3', ...AMAZON }))
const { open: openGcs } = openerOf(await describeGcs(servers))

const plain = { name: 's3-compatible', dialect: { like: 'spaces', listV2Paging: true } } as const
const { open: openPlain } = openerOf(await describeS3(servers, plain))

/** What a binding of R2 can: no copies, and no list of parts. */
const BINDING: StoreOptions = { capabilities: { copy: null, multipart: { listParts: false } } }

function checksumBy(algorithm: ChecksumAlgorithm, bytes: Uint8Array) {
  return { algorithm, value: digestOf(algorithm, bytes) }
}

describe('large uploads', { timeout: 120_000 }, () => {
  it('a hundred mebibytes in parts, resumed in the middle', async () => {
    const transfer = { multipartThresholdBytes: 64 * MiB, partSizeBytes: 8 * MiB }
    const { uploads, store } = open({ options: { transfer } })
    const bytes = bytesOf(100 * MiB, 8)
    const plan = await uploads.plan(everybody, { key: 'large', size: bytes.length })
    expect(plan).toMatchObject({ method: 'parts', parts: { size: 8 * MiB, count: 13 } })
    const half = plan.parts!.requests.slice(0, 6)
    for (const part of half) await expectOk(await sendPart(part, bytes))
    const rest = await uploads.parts(everybody, plan.id, {})
    expect(rest.parts.requests.map((part) => part.partNumber)).toEqual([7, 8, 9, 10, 11, 12, 13])
    await uploads.complete(everybody, await sendParts(uploads, plan.id, bytes), {})
    sameBytes(await readAll((await store.get('large')).body), bytes)
  })

  it('a session that breaks off goes on at its own address', async () => {
    const { uploads, store } = openGcs()
    const bytes = bytesOf(7 * MiB, 9)
    const plan = await uploads.plan(everybody, { key: 'session', size: bytes.length })
    expect(plan.method).toBe('resumable')
    const { url, method, ...rest } = plan.request!
    const begun = await fetch(url, { method, headers: headersOf({ url, method, ...rest }) })
    const session = begun.headers.get('location')!
    const range = (text: string) => ({ 'content-range': `bytes ${text}/${bytes.length}` })
    const half = 4 * MiB
    const headers = range(`0-${half - 1}`)
    const first = await fetch(session, { method: 'PUT', headers, body: bytes.subarray(0, half) })
    expect(first.status).toBe(308)
    expect(await uploads.state(everybody, plan.id)).toMatchObject({ state: 'open' })
    await expect(uploads.complete(everybody, plan.id, {})).rejects.toMatchObject({
      kind: 'not-found',
    })
    const asked = await fetch(session, { method: 'PUT', headers: range('*') })
    expect(asked.headers.get('range')).toBe(`bytes=0-${half - 1}`)
    const tail = range(`${half}-${bytes.length - 1}`)
    await expectOk(
      await fetch(session, { method: 'PUT', headers: tail, body: bytes.subarray(half) }),
    )
    await uploads.complete(everybody, plan.id, {})
    sameBytes(await readAll((await store.get('session')).body), bytes)
  })
})

describe('digests of a whole that came in parts', { timeout: 60_000 }, () => {
  const bytes = bytesOf(6 * MiB, 10)
  const parts = { key: 'k', size: bytes.length, method: 'parts' } as const

  it('are refused at once where nobody holds them and they are too much to read', async () => {
    const { uploads } = open({ rules: { verifyBytes: bytes.length - 1 } })
    const checksum = checksumBy('sha256', bytes)
    const planned = uploads.plan(everybody, { ...parts, checksum })
    await expect(planned).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringContaining('it can by crc64nvme'),
    })
  })

  const holders = [
    ['s3', open, 'crc64nvme'],
    ['gcs', openGcs, 'crc32c'],
  ] as const

  it.each(holders)('%s holds one of its own accord: nothing is read', async (_, opener, by) => {
    const { uploads, control } = opener({ rules: { verifyBytes: 0 } })
    const checksum = checksumBy(by, bytes)
    const plan = await uploads.plan(everybody, { ...parts, checksum })
    expect(plan.enforced.checksum).toBe('verified')
    const id = await upload(uploads, plan, bytes)
    await control!.clear()
    expect(await uploads.complete(everybody, id, {})).toMatchObject({ checksum })
    const reads = (await control!.requests()).filter(
      ({ operation, key }) => READ.test(operation) && !key?.includes('.skein/uploads/'),
    )
    expect(reads).toEqual([])
  })

  it.each(holders)('%s tells of bytes that are others', async (_, opener, by) => {
    const { uploads, store } = opener({ rules: { verifyBytes: 0 } })
    const plan = await uploads.plan(everybody, { ...parts, checksum: checksumBy(by, bytesOf(3)) })
    const id = await upload(uploads, plan, bytes)
    await expect(uploads.complete(everybody, id, {})).rejects.toMatchObject({ kind: 'corrupt' })
    expect(await store.find('k')).toBeUndefined()
  })

  it('are read from the bytes where they may be', async () => {
    const { uploads } = open()
    const plan = await uploads.plan(everybody, { ...parts, checksum: checksumBy('sha256', bytes) })
    expect(plan).toMatchObject({ staged: true, enforced: { checksum: 'verified' } })
    const id = await upload(uploads, plan, bytes)
    expect(await uploads.complete(everybody, id, {})).toMatchObject({ size: bytes.length })
  })
})

describe('stores that can less', { timeout: 60_000 }, () => {
  it('bytes stream to their place where the provider copies nothing', async () => {
    const { uploads, store } = open({ options: BINDING, rules: { staging: 'always' } })
    const asked = { key: 'k', size: 9, contentType: 'a/b', metadata: { a: 'b' } }
    const plan = await uploads.plan(everybody, asked)
    await expectOk(await follow(plan, bytesOf(9)))
    await uploads.complete(everybody, plan.id, {})
    expect(await store.head('k')).toMatchObject({
      size: 9,
      contentType: 'a/b',
      metadata: { a: 'b' },
    })
  })

  it('where no parts are listed, the client’s ETags are taken and the whole is verified', async () => {
    const { uploads, store } = open({ options: BINDING })
    const bytes = bytesOf(6 * MiB, 11)
    const plan = await uploads.plan(everybody, { key: 'k', size: bytes.length, method: 'parts' })
    expect(plan.staged).toBe(true)
    const told: { partNumber: number; etag: string }[] = []
    for (const part of plan.parts!.requests) {
      const answer = await sendPart(part, bytes)
      told.push({ partNumber: part.partNumber, etag: answer.headers.get('etag')! })
      await expectOk(answer)
    }
    await expect(uploads.complete(everybody, plan.id, {})).rejects.toMatchObject({
      kind: 'invalid',
    })
    await uploads.complete(everybody, plan.id, { parts: told })
    sameBytes(await readAll((await store.get('k')).body), bytes)
  })

  it('what is promoted is what was verified, where no copy can be held to that', async () => {
    const { uploads, store, reserved, place, control } = openPlain({ rules: { staging: 'always' } })
    const checksum = checksumBy('sha256', bytesOf(9, 1))
    const plan = await uploads.plan(everybody, { key: 'k', size: 9, checksum })
    await expectOk(await follow(plan, bytesOf(9, 1)))
    const looksAtKey = { method: 'HEAD', keyPrefix: `${place}/k`, times: 1 }
    await control!.fault({ ...looksAtKey, action: { delayMs: 1_000 } })
    const reads = () => control!.requests().then((all) => all.filter((r) => READ.test(r.operation)))
    const before = (await reads()).length
    const completed = uploads.complete(everybody, plan.id, {}).catch((error: unknown) => error)
    // The record is looked for first; the bytes are read when they are verified.
    while ((await reads()).length < before + 2) await new Promise(setImmediate)
    await expectOk(await follow(plan, bytesOf(9, 2)))
    expect(await completed).toMatchObject({ kind: 'corrupt' })
    expect(await store.find('k')).toBeUndefined()
    const aside = await reserved.list({ prefix: '.skein/quarantine/' })
    expect(aside.objects).toHaveLength(1)
  })

  it('an MD5 that was signed needs no reading where KMS makes another ETag of it', async () => {
    const described = await describeS3(servers, { name: 's3', ...AMAZON })
    await encryptByKms(described.control.bucket)
    const { uploads, store } = openerOf(described).open({ rules: { verifyBytes: 8 } })
    const checksum = checksumBy('md5', bytesOf(9))
    const plan = await uploads.plan(everybody, { key: 'k', size: 9, checksum })
    expect(plan).toMatchObject({ staged: false, enforced: { checksum: 'signed' } })
    await expectOk(await follow(plan, bytesOf(9)))
    expect((await store.head('k')).checksums.md5).toBeUndefined()
    expect(await uploads.complete(everybody, plan.id, {})).toMatchObject({ checksum })
  })

  it('a reason finds room beside metadata that leaves none', async () => {
    const { uploads, reserved } = open()
    const metadata = { long: 'x'.repeat(1_600) }
    const checksum = checksumBy('sha256', bytesOf(9, 1))
    const key = 'k'.repeat(100)
    const asked = { key, size: 9, metadata, method: 'parts', checksum } as const
    const plan = await uploads.plan(everybody, asked)
    const id = await upload(uploads, plan, bytesOf(9, 2))
    const error: unknown = await uploads.complete(everybody, id, {}).catch((e: unknown) => e)
    const { quarantine } = error as { quarantine: string }
    const { metadata: kept } = await reserved.head(quarantine)
    expect(kept).toMatchObject({ skein_key: key })
    expect(kept['skein_reason']).toContain('sha256')
    expect(kept['long']).toBeUndefined()
  })

  it('a store that is away says so, and nothing is recorded', async () => {
    const { uploads, control, reserved } = open({ options: MISSING })
    const plan = await uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9)))
    await control!.fault({ method: 'HEAD', times: 1, action: { status: 503 } })
    await expect(uploads.complete(everybody, plan.id, {})).rejects.toMatchObject({
      kind: expect.stringMatching(/unavailable|throttled/),
    })
    await control!.clear()
    expect((await reserved.list({ prefix: '.skein/uploads/' })).objects).toEqual([])
    expect(await uploads.complete(everybody, plan.id, {})).toMatchObject({ key: 'k' })
  })
})

async function encryptByKms(Bucket: string): Promise<void> {
  const { url: endpoint, accessKeyId, secretAccessKey } = servers.s3
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms' } as const
  const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault }] }
  await client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }))
  client.destroy()
}

/**
 * The official client over real sockets: an independent witness that what the server speaks
 * is what @google-cloud/storage expects, digests included.
 */
import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { Storage } from '@google-cloud/storage'
import { GoogleAuth, OAuth2Client } from 'google-auth-library'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Harness } from './harness.ts'
import { startHarness } from './harness.ts'

let harness: Harness
let storage: Storage

beforeAll(async () => {
  harness = await startHarness()
  const { serviceAccount, url } = harness.server
  // The client's JWT flow has Google's token URL built in, so it is given the token itself.
  const authClient = new OAuth2Client({ credentials: { access_token: harness.token } })
  storage = new Storage({
    apiEndpoint: url,
    useAuthWithCustomEndpoint: true,
    projectId: serviceAccount.project_id,
    authClient,
    retryOptions: { autoRetry: false },
  })
})

afterAll(async () => {
  await harness.server.close()
})

async function makeBucket(name: string, options = {}) {
  const [bucket] = await storage.createBucket(name, options)
  return bucket
}

describe('objects', () => {
  it('saves, reads, describes and deletes', async () => {
    const bucket = await makeBucket('client-basics')
    const file = bucket.file('dir/naïve + 100% & more?.txt')
    await file.save('hello', {
      resumable: false,
      metadata: { contentType: 'text/plain', metadata: { color: 'blue' } },
    })
    const [metadata] = await file.getMetadata()
    expect(metadata).toMatchObject({
      name: 'dir/naïve + 100% & more?.txt',
      size: '5',
      contentType: 'text/plain',
      md5Hash: 'XUFAKrxLKna5cZ2REBfFkg==',
      crc32c: 'mnG7TA==',
      metadata: { color: 'blue' },
    })
    const [bytes] = await file.download()
    expect(bytes.toString()).toBe('hello')
    await file.delete()
    expect((await file.exists())[0]).toBe(false)
  })

  it('uploads resumably in chunks and in one request', async () => {
    const bucket = await makeBucket('client-resumable')
    const bytes = randomBytes(1_000_003)
    // Only a session that createResumableUpload began carries the token to another endpoint.
    const [chunked] = await bucket.file('chunked').createResumableUpload()
    await bucket.file('chunked').save(bytes, { uri: chunked, chunkSize: 256 * 1024 })
    const [whole] = await bucket.file('whole').createResumableUpload()
    await bucket.file('whole').save(bytes, { uri: whole })
    expect((await bucket.file('chunked').download())[0].equals(bytes)).toBe(true)
    expect((await bucket.file('whole').download())[0].equals(bytes)).toBe(true)
  })

  it('decompresses gzip as the client expects', async () => {
    const bucket = await makeBucket('client-gzip')
    await bucket.file('z').save('squeeze me', { gzip: true, resumable: false })
    const [metadata] = await bucket.file('z').getMetadata()
    expect(metadata.contentEncoding).toBe('gzip')
    expect((await bucket.file('z').download())[0].toString()).toBe('squeeze me')
    const [packed] = await bucket.file('z').download({ decompress: false })
    expect(packed.subarray(0, 2)).toEqual(gzipSync('').subarray(0, 2))
  })

  it('reads a range', async () => {
    const bucket = await makeBucket('client-range')
    await bucket.file('r').save('0123456789', { resumable: false })
    expect(await text(bucket.file('r').createReadStream({ start: 2, end: 4 }))).toBe('234')
    expect(await text(bucket.file('r').createReadStream({ end: -3 }))).toBe('789')
  })

  it('refuses a create that finds an object', async () => {
    const bucket = await makeBucket('client-create')
    await bucket.file('once').save('a', { resumable: false })
    const again = bucket.file('once', { generation: 0 })
    const save = again.save('b', { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } })
    await expect(save).rejects.toMatchObject({ code: 412 })
  })

  it('finds that a byte was flipped on the way', async () => {
    const bucket = await makeBucket('client-flip')
    await bucket.file('f').save('x'.repeat(1000), { resumable: false })
    await harness.control('POST', 'corrupt', { bucket: 'client-flip', key: 'f', flipByteAt: 10 })
    await expect(bucket.file('f').download()).rejects.toMatchObject({
      code: 'CONTENT_DOWNLOAD_MISMATCH',
    })
  })
})

describe('listings, copies and composition', () => {
  it('lists with prefix, delimiter and pages', async () => {
    const bucket = await makeBucket('client-list')
    for (const name of ['a/1', 'a/2', 'b', 'c/d/e', 'z']) {
      await bucket.file(name).save(name, { resumable: false })
    }
    const [first, next] = await bucket.getFiles({ maxResults: 3, autoPaginate: false })
    expect(first.map((file) => file.name)).toEqual(['a/1', 'a/2', 'b'])
    const [second, end] = await bucket.getFiles({ ...next, autoPaginate: false })
    expect(second.map((file) => file.name)).toEqual(['c/d/e', 'z'])
    expect(end).toBeNull()
    const [files, , response] = await bucket.getFiles({ delimiter: '/', autoPaginate: false })
    expect(files.map((file) => file.name)).toEqual(['b', 'z'])
    expect(response).toMatchObject({ prefixes: ['a/', 'c/'] })
  })

  it('rewrites in several calls', async () => {
    const bucket = await makeBucket('client-rewrite')
    await harness.control('POST', 'buckets', { name: 'client-rewrite', rewriteBytesPerCall: 1000 })
    const bytes = randomBytes(4500)
    await bucket.file('from').save(bytes, { resumable: false })
    await bucket.file('from').copy(bucket.file('to'))
    expect((await bucket.file('to').download())[0].equals(bytes)).toBe(true)
    const log = await harness.control('GET', 'requests?bucket=client-rewrite')
    expect(JSON.parse(log.text).counts).toMatchObject({ 'objects.rewrite': 5 })
  })

  it('composes', async () => {
    const bucket = await makeBucket('client-compose')
    await bucket.file('1').save('one', { resumable: false, contentType: 'text/plain' })
    await bucket.file('2').save('two', { resumable: false, contentType: 'text/plain' })
    const [result] = await bucket.combine(['1', '2'], bucket.file('3'))
    const [metadata] = await result.getMetadata()
    expect(metadata.md5Hash).toBeUndefined()
    expect(metadata).toMatchObject({ componentCount: 2 })
    expect((await bucket.file('3').download())[0].toString()).toBe('onetwo')
  })

  it('keeps versions', async () => {
    const bucket = await makeBucket('client-versions', { versioning: { enabled: true } })
    await bucket.file('v').save('old', { resumable: false })
    const [{ generation }] = await bucket.file('v').getMetadata()
    await bucket.file('v').save('new', { resumable: false })
    const [files] = await bucket.getFiles({ versions: true })
    expect(files).toHaveLength(2)
    const old = bucket.file('v', { generation: Number(generation) })
    expect((await old.download())[0].toString()).toBe('old')
  })
})

describe('buckets and signed URLs', () => {
  it('changes settings', async () => {
    const bucket = await makeBucket('client-settings', { location: 'EU' })
    await bucket.setCorsConfiguration([{ origin: ['https://app.test'], method: ['PUT'] }])
    await bucket.addLifecycleRule({ action: { type: 'Delete' }, condition: { age: 30 } })
    await bucket.setLabels({ team: 'blue' })
    const [metadata] = await bucket.getMetadata()
    expect(metadata).toMatchObject({
      location: 'EU',
      metageneration: '4',
      labels: { team: 'blue' },
      cors: [{ origin: ['https://app.test'], method: ['PUT'] }],
      lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] },
    })
    await bucket.delete()
    expect((await bucket.exists())[0]).toBe(false)
  })

  it('takes the URLs and forms that the client signs', async () => {
    await makeBucket('client-signed')
    const { serviceAccount: credentials, url } = harness.server
    const authClient = new GoogleAuth({ credentials })
    const signer = new Storage({ apiEndpoint: url, authClient })
    const file = signer.bucket('client-signed').file("odd (name)'s *!.txt")
    const expires = Date.now() + 60_000
    const contentType = 'text/plain'
    const [putUrl] = await file.getSignedUrl({
      version: 'v4',
      action: 'write',
      expires,
      contentType,
    })
    const put = await fetch(putUrl, {
      method: 'PUT',
      body: 'signed',
      headers: { 'content-type': contentType },
    })
    expect(put.status).toBe(200)
    const [getUrl] = await file.getSignedUrl({ version: 'v4', action: 'read', expires })
    expect(await (await fetch(getUrl)).text()).toBe('signed')
    const [policy] = await file.generateSignedPostPolicyV4({
      expires,
      conditions: [['content-length-range', 1, 10]],
    })
    const form = new FormData()
    for (const [name, value] of Object.entries(policy.fields)) form.append(name, value)
    form.append('file', new Blob(['form']))
    const posted = await fetch(`${url}/client-signed`, { method: 'POST', body: form })
    expect(posted.status).toBe(204)
  })
})

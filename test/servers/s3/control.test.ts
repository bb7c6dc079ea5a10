// The tests' own door: faults, the log, corruption, and buckets that play a look-alike.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BucketRequest } from './control.ts'
import type { Fault } from './faults.ts'
import { createRawClient, send, textBetween } from './raw-client.ts'
import type { RawClient } from './raw-client.ts'
import { startS3Server } from './server.ts'
import type { S3Server } from './server.ts'

let server: S3Server
let raw: RawClient

beforeAll(async () => {
  server = await startS3Server({ buckets: ['bucket'] })
  raw = createRawClient(server.url)
  await put('/bucket/key', '0123456789')
})
afterAll(() => server.close())

const put = (path: string, body: string, headers: Record<string, string> = {}) =>
  raw(path, { method: 'PUT', body, headers })

async function control(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${server.url}/__control/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect(response.status).toBe(200)
  return response.json()
}

const fault = (action: Fault['action'], more: Partial<Fault> = {}) =>
  control('POST', 'faults', [{ bucket: 'bucket', times: 1, action, ...more }])

describe('faults', () => {
  beforeEach(() => control('DELETE', 'faults?bucket=bucket'))

  it('answer errors, as often as asked, after as many as asked, to whom asked', async () => {
    const action = { status: 503, retryAfter: 3 }
    await fault(action, { times: 2, skip: 1, operation: 'GetObject', keyPrefix: 'k' })
    expect((await raw('/bucket/other')).status).toBe(404)
    expect((await raw('/bucket/key', { method: 'HEAD' })).status).toBe(200)
    const statuses: number[] = []
    for (let i = 0; i < 4; i += 1) statuses.push((await raw('/bucket/key')).status)
    expect(statuses).toEqual([200, 503, 503, 200])
    await fault(action)
    const refused = await raw('/bucket/key')
    expect([refused.code, refused.headers.get('retry-after')]).toEqual(['SlowDown', '3'])
    await fault({ status: 409, code: 'ConditionalRequestConflict' })
    expect((await put('/bucket/key2', 'x')).code).toBe('ConditionalRequestConflict')
  })

  it('cut the answer, and flip a byte of it', async () => {
    await fault({ flipByteAt: 3 })
    const flipped = await raw('/bucket/key')
    expect(flipped.bytes[3]).toBe('3'.charCodeAt(0) ^ 0xff)
    expect((await raw('/bucket/key')).text).toBe('0123456789')
    await fault({ cutAfterBytes: 4 })
    const response = await raw('/bucket/key').catch((error: unknown) => error)
    expect(response).toBeInstanceOf(TypeError)
  })

  it('cut the request, performing nothing', async () => {
    await fault({ cutRequestAfterBytes: 2 }, { method: 'PUT' })
    await expect(put('/bucket/cut', 'text')).rejects.toThrow('fetch failed')
    expect((await raw('/bucket/cut')).status).toBe(404)
  })

  it('lose the answer of what was performed', async () => {
    await fault({ loseAnswer: true })
    await expect(put('/bucket/lost', 'there')).rejects.toThrow('fetch failed')
    expect((await raw('/bucket/lost')).text).toBe('there')
  })

  it('hang until the client gives up', async () => {
    await fault({ hang: true })
    const url = `${server.url}/bucket/key`
    const stop = new AbortController()
    const hanging = send(url, { signal: stop.signal })
    await expect
      .poll(async () => JSON.stringify(await control('GET', 'requests?bucket=bucket')))
      .toContain('"auth":"anonymous"')
    stop.abort()
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('hide an error in a 200', async () => {
    await fault({ okWithError: 'InternalError', delayMs: 1 })
    const answer = await raw('/bucket/key?uploadId=x', { method: 'POST', body: '<x/>' })
    expect([answer.status, answer.code]).toEqual([200, 'InternalError'])
    expect(answer.text).toMatch(/^<\?xml[^>]+>\s+<Error>/)
  })
})

describe('the log', () => {
  it('counts operations, and holds no signature', async () => {
    await control('DELETE', 'requests?bucket=bucket')
    await raw('/bucket/key')
    await raw('/bucket/key?tagging=')
    await put('/bucket/key3', 'x', { 'content-type': 'a/b' })
    const log = await control('GET', 'requests?bucket=bucket')
    expect(log).toMatchObject({
      counts: { GetObject: 1, GetObjectTagging: 1, PutObject: 1 },
      requests: [
        { operation: 'GetObject', key: 'key', status: 200, auth: 'header' },
        { operation: 'GetObjectTagging', query: { tagging: '' } },
        { operation: 'PutObject', headers: { 'content-type': 'a/b' } },
      ],
    })
    expect(JSON.stringify(log)).not.toMatch(/signature/i)
  })
})

describe('corruption', () => {
  it('changes bytes and nothing that is known of them', async () => {
    const { headers } = await put('/bucket/rotten', 'fresh')
    await control('POST', 'corrupt', { bucket: 'bucket', key: 'rotten', flipByteAt: 0 })
    const read = await raw('/bucket/rotten')
    expect(read.bytes[0]).toBe('f'.charCodeAt(0) ^ 0xff)
    expect(read.headers.get('etag')).toBe(headers.get('etag'))
    await control('POST', 'corrupt', { bucket: 'bucket', key: 'rotten', truncateTo: 2 })
    expect((await raw('/bucket/rotten')).bytes.length).toBe(2)
    await control('POST', 'corrupt', { bucket: 'bucket', key: 'rotten', append: 'xy' })
    expect((await raw('/bucket/rotten')).text.endsWith('xy')).toBe(true)
  })
})

describe('look-alikes', () => {
  const create = (bucket: BucketRequest) => control('POST', 'buckets', bucket)

  it('B2: no conditional writes, versions always, its own region', async () => {
    await create({ name: 'like-b2', dialect: 'b2' })
    expect((await raw('/like-b2/key')).code).toBe('AuthorizationHeaderMalformed')
    const b2 = createRawClient(server.url, undefined, 'us-west-004')
    const once = { method: 'PUT', body: 'x', headers: { 'if-none-match': '*' } }
    expect((await b2('/like-b2/key', once)).status).toBe(501)
    const stored = await b2('/like-b2/key', { method: 'PUT', body: 'x' })
    expect(stored.headers.get('x-amz-version-id')).toMatch(/^[\w-]{32}$/)
    const tagged = { method: 'PUT', body: 'x', headers: { 'x-amz-tagging': 'a=b' } }
    expect((await b2('/like-b2/key', tagged)).code).toBe('NotImplemented')
  })

  it('R2: parts of one size, no forms, no versions', async () => {
    await create({ name: 'like-r2', dialect: { like: 'r2', minPartBytes: 1 } })
    const r2 = createRawClient(server.url, undefined, 'auto')
    const started = await r2('/like-r2/key?uploads=', { method: 'POST' })
    const [uploadId = ''] = textBetween(started.text, 'UploadId')
    const complete = async (bodies: string[]) => {
      const parts: string[] = []
      for (const [index, body] of bodies.entries()) {
        const path = `/like-r2/key?partNumber=${index + 1}&uploadId=${uploadId}`
        const { headers } = await r2(path, { method: 'PUT', body })
        const number = `<PartNumber>${index + 1}</PartNumber>`
        parts.push(`<Part>${number}<ETag>${headers.get('etag')}</ETag></Part>`)
      }
      const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
      return r2(`/like-r2/key?uploadId=${uploadId}`, { method: 'POST', body })
    }
    expect((await complete(['aa', 'bbb', 'c'])).code).toBe('InvalidPart')
    expect((await complete(['aa', 'bb', 'ccc'])).code).toBe('InvalidPart')
    expect((await complete(['aa', 'bb', 'c'])).status).toBe(200)
    const form = new FormData()
    form.append('key', 'x')
    expect((await send(`${server.url}/like-r2`, { method: 'POST', body: form })).status).toBe(501)
    expect((await r2('/like-r2?versions=')).code).toBe('NotImplemented')
  })

  it('Spaces: no checksums, no continuation of ListObjectsV2', async () => {
    await create({ name: 'like-spaces', dialect: 'spaces' })
    const checksum = { 'x-amz-checksum-crc32': 'y/Q5Jg==' }
    expect((await put('/like-spaces/a', '123456789', checksum)).code).toBe('InvalidRequest')
    for (const key of ['a', 'b']) await put(`/like-spaces/${key}`, 'x')
    const page = await raw('/like-spaces?list-type=2&max-keys=1')
    expect(page.text).toContain('<IsTruncated>true</IsTruncated>')
    expect(page.text).not.toContain('NextContinuationToken')
    const again = await raw('/like-spaces?list-type=2&max-keys=1&continuation-token=any')
    expect(textBetween(again.text, 'Key')).toEqual(['a'])
    const marked = await raw('/like-spaces?marker=a')
    expect(textBetween(marked.text, 'Key')).toEqual(['b'])
  })

  it('refuses slips of the tests', async () => {
    for (const [path, body] of [
      ['buckets', { name: 'bucket' }],
      ['buckets', { name: 'x', dialect: 'nobody' }],
      ['faults', [{ action: {} }]],
      ['nothing', {}],
    ] as const) {
      const url = `${server.url}/__control/${path}`
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
      expect(response.status).toBe(400)
    }
  })
})

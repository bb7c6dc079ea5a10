// Who is let in, and with which error everyone else is sent away.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRawClient, presign, send, sendByHand } from './raw-client.ts'
import type { RawClient } from './raw-client.ts'
import { deniedCredential, startS3Server, testCredential } from './server.ts'
import type { S3Server } from './server.ts'

const temporary = {
  accessKeyId: 'ASIATEMPORARY0000001',
  secretAccessKey: 'temporarysecret',
  sessionToken: 'Fwo//token+/=',
}
const ended = { ...temporary, accessKeyId: 'ASIAENDED00000000001', expiresAtMs: 1 }

let server: S3Server
let client: RawClient

beforeAll(async () => {
  server = await startS3Server({
    buckets: ['bucket'],
    credentials: [testCredential, deniedCredential, temporary, ended],
  })
  client = createRawClient(server.url)
  await client('/bucket/key', { method: 'PUT', body: 'text' })
})
afterAll(() => server.close())

describe('headers', () => {
  it('admits a right signature and answers with S3 headers', async () => {
    const answer = await client('/bucket/key')
    expect([answer.status, answer.text]).toEqual([200, 'text'])
    expect(answer.headers.get('server')).toBe('AmazonS3')
    expect(answer.headers.get('x-amz-request-id')).toMatch(/^[0-9A-F]{16}$/)
  })

  it('refuses the anonymous, the unknown, the wrong secret and the denied user', async () => {
    const cases = [
      [await send(`${server.url}/bucket/key`), 403, 'AccessDenied'],
      [await as({ ...testCredential, accessKeyId: 'NOBODY' }), 403, 'InvalidAccessKeyId'],
      [await as({ ...testCredential, secretAccessKey: 'wrong' }), 403, 'SignatureDoesNotMatch'],
      [await as(deniedCredential), 403, 'AccessDenied'],
    ] as const
    for (const [answer, status, code] of cases) {
      expect([answer.status, answer.code]).toEqual([status, code])
    }
  })

  it('speaks no older signature', async () => {
    const old = await send(`${server.url}/bucket/key?AWSAccessKeyId=A&Signature=B&Expires=1`)
    expect([old.status, old.code]).toEqual([400, 'InvalidRequest'])
  })

  it('checks session tokens', async () => {
    expect((await as(temporary)).status).toBe(200)
    expect((await as({ ...temporary, sessionToken: 'other' })).code).toBe('InvalidToken')
    expect((await as({ ...testCredential, sessionToken: 'any' })).code).toBe('InvalidToken')
    expect((await as(ended)).code).toBe('ExpiredToken')
    const { accessKeyId, secretAccessKey } = temporary
    expect((await as({ accessKeyId, secretAccessKey })).code).toBe('InvalidAccessKeyId')
  })

  it('names the region it expects', async () => {
    const answer = await createRawClient(server.url, testCredential, 'eu-west-1')('/bucket/key')
    expect([answer.status, answer.code]).toEqual([400, 'AuthorizationHeaderMalformed'])
    expect(answer.text).toContain('<Region>us-east-1</Region>')
  })

  it('refuses an x-amz-* header that is not signed', async () => {
    const signed = await presign(`${server.url}/bucket/key`, { method: 'PUT' })
    const headers = { 'x-amz-meta-smuggled': 'yes' }
    const answer = await send(signed, { method: 'PUT', body: 'x', headers })
    expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
    expect(answer.text).toContain('<HeadersNotSigned>x-amz-meta-smuggled</HeadersNotSigned>')
  })

  it('refuses a body that is not the signed one', async () => {
    const headers = { 'x-amz-content-sha256': '0'.repeat(64) }
    const answer = await client('/bucket/key', { method: 'PUT', body: 'text', headers })
    expect([answer.status, answer.code]).toEqual([400, 'XAmzContentSHA256Mismatch'])
  })

  it('wants a length', async () => {
    const signed = new URL(await presign(`${server.url}/bucket/key`, { method: 'PUT' }))
    const answer = await sendByHand({
      port: server.port,
      method: 'PUT',
      path: signed.pathname + signed.search,
      headers: { host: signed.host, 'transfer-encoding': 'chunked' },
      body: 'text',
    })
    expect([answer.status, answer.code]).toEqual([411, 'MissingContentLength'])
  })

  it('answers before the body when the length alone is too much', async () => {
    const signed = new URL(await presign(`${server.url}/bucket/key`, { method: 'PUT' }))
    const answer = await sendByHand({
      port: server.port,
      method: 'PUT',
      path: signed.pathname + signed.search,
      headers: { host: signed.host, expect: '100-continue', 'content-length': '6000000000' },
    }).catch((error: unknown) => String(error))
    expect(answer).toMatchObject({ status: 400, code: 'EntityTooLarge' })
  })

  function as(credential: Parameters<typeof createRawClient>[1]) {
    return createRawClient(server.url, credential)('/bucket/key')
  }
})

describe('presigned URLs', () => {
  it('admits one, and for its own method only', async () => {
    const url = await presign(`${server.url}/bucket/key`)
    expect((await send(url)).text).toBe('text')
    expect((await send(url, { method: 'DELETE' })).code).toBe('SignatureDoesNotMatch')
    expect((await send(url.replace('/key', '/kez'))).code).toBe('SignatureDoesNotMatch')
    expect((await send(url.slice(0, url.indexOf('?')))).code).toBe('AccessDenied')
  })

  it('enforces the signed content type', async () => {
    const headers = { 'content-type': 'image/png' }
    const url = await presign(`${server.url}/bucket/typed`, { method: 'PUT', headers })
    const wrong = { 'content-type': 'text/html' }
    expect((await send(url, { method: 'PUT', body: 'x', headers: wrong })).code).toBe(
      'SignatureDoesNotMatch',
    )
    expect((await send(url, { method: 'PUT', body: 'x', headers })).status).toBe(200)
  })

  it('takes an expiry of 1 to 604800 seconds', async () => {
    for (const expiresInSeconds of [0, -1, 604_801]) {
      const answer = await send(await presign(`${server.url}/bucket/key`, { expiresInSeconds }))
      expect([answer.status, answer.code]).toEqual([400, 'AuthorizationQueryParametersError'])
    }
    const longest = await presign(`${server.url}/bucket/key`, { expiresInSeconds: 604_800 })
    expect((await send(longest)).status).toBe(200)
  })

  it('refuses what has expired and what is not valid yet', async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString().replace(/[-:]|\.\d+/g, '')
    const old = await presign(`${server.url}/bucket/key`, {
      datetime: at(-3_600_000),
      expiresInSeconds: 60,
    })
    const expired = await send(old)
    expect([expired.status, expired.code]).toEqual([403, 'AccessDenied'])
    expect(expired.text).toContain('Request has expired')
    const early = await presign(`${server.url}/bucket/key`, { datetime: at(3_600_000) })
    expect((await send(early)).text).toContain('Request is not yet valid')
  })

  it('follows the clock a test sets for one user', async () => {
    const skew = (skewMs: number) =>
      fetch(`${server.url}/__control/clock`, {
        method: 'POST',
        body: JSON.stringify({ skewMs, accessKeyId: temporary.accessKeyId }),
      })
    await skew(20 * 60_000)
    const answer = await createRawClient(server.url, temporary)('/bucket/key')
    expect([answer.status, answer.code]).toEqual([403, 'RequestTimeTooSkewed'])
    expect((await client('/bucket/key')).status).toBe(200)
    await skew(0)
    expect((await createRawClient(server.url, temporary)('/bucket/key')).status).toBe(200)
  })

  it('answers HEAD without a body, errors too', async () => {
    const answer = await client('/bucket/none', { method: 'HEAD' })
    expect([answer.status, answer.bytes.length]).toEqual([404, 0])
  })
})

describe('addressing', () => {
  it('knows the bucket in the host', async () => {
    const path = await presign(`http://bucket.localhost:${server.port}/key`)
    const url = new URL(path)
    const answer = await sendByHand({
      port: server.port,
      path: url.pathname + url.search,
      headers: { host: url.host },
    })
    expect(answer.text).toBe('text')
  })
})

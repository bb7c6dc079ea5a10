/**
 * V4 signatures: Google's conformance vectors are accepted as they stand and refused with one
 * digit changed; then each way in which a signed request can be wrong.
 */
import { createHash, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Harness, Reply, SignKey, SignOptions } from './harness.ts'
import { signHeaders, signTarget, startHarness } from './harness.ts'
import { findSignature, verifySignature } from './signature.ts'

const VECTORS = new URL('../../vectors/gcs-v4/', import.meta.url)

function readVectors(name: string) {
  return JSON.parse(readFileSync(new URL(name, VECTORS), 'utf8'))
}

interface SigningVector {
  readonly description: string
  readonly method: string
  readonly timestamp: string
  readonly expectedUrl: string
  readonly headers?: Record<string, string>
}

function hasUnsendableHeader(vector: SigningVector): boolean {
  return Object.keys(vector.headers ?? {}).some((name) => name.includes('/'))
}

async function* nothing(): AsyncGenerator<Buffer> {}

describe('conformance vectors', () => {
  const account = readVectors('test_service_account.not-a-test.json')
  const vectors: SigningVector[] = readVectors('v4_signatures.json').signingV4Tests
  const sendable = vectors.filter((vector) => !hasUnsendableHeader(vector))
  const lines = String(account.private_key_pkcs8_base64).match(/.{1,64}/g) ?? []
  const frame = (edge: string) => `-----${edge} PRIVATE KEY-----`
  const privateKeyPem = [frame('BEGIN'), ...lines, frame('END'), ''].join('\n')
  let harness: Harness
  let nowMs = 0

  beforeAll(async () => {
    harness = await startHarness({
      serviceAccounts: [{ clientEmail: account.client_email, privateKeyPem }],
      now: () => nowMs,
    })
  })

  afterAll(async () => {
    await harness.server.close()
  })

  function send(vector: SigningVector, target: string): Promise<Reply> {
    const { host } = new URL(vector.expectedUrl)
    return harness.raw({ method: vector.method, target, headers: { ...vector.headers, host } })
  }

  it('are all there, and one names a header that HTTP cannot carry', () => {
    expect(vectors).toHaveLength(29)
    expect(sendable).toHaveLength(28)
  })

  it('holds for the header that HTTP cannot carry', () => {
    const [vector] = vectors.filter(hasUnsendableHeader)
    const { searchParams: query, pathname: path, host } = new URL(vector?.expectedUrl ?? '')
    const headers = { ...vector?.headers, host }
    const call = { method: 'GET', path, query, headers, body: nothing(), origin: '' }
    const clientEmail = String(account.client_email)
    const signed = findSignature(call)
    const keys = {
      now: () => Date.parse(vector?.timestamp ?? ''),
      accounts: new Map([
        [clientEmail, { clientEmail, publicKey: createPublicKey(privateKeyPem) }],
      ]),
      hmacKeys: new Map(),
    }
    expect(signed && verifySignature(keys, call, signed).identity).toBe(clientEmail)
    const other = { ...call, path: `${path}x` }
    expect(() => signed && verifySignature(keys, other, signed)).toThrow('Access denied.')
  })

  it.each(sendable.map((vector) => [vector.description, vector] as const))(
    '%s',
    async (_, vector) => {
      nowMs = Date.parse(vector.timestamp) + 1000
      const target = vector.expectedUrl.replace(/^https?:\/\/[^/]+/, '')
      const genuine = await send(vector, target)
      expect(genuine.text).not.toContain('SignatureDoesNotMatch')
      expect(genuine.text).not.toContain('MalformedSecurityHeader')
      // The bucket is not there, or the resource needs one: the signature was accepted.
      expect([200, 404]).toContain(genuine.status)
      const last = target.slice(-1)
      const forged = await send(vector, target.slice(0, -1) + (last === '0' ? '1' : '0'))
      expect(forged.status).toBe(403)
      expect(forged.text).toContain('<Code>SignatureDoesNotMatch</Code>')
    },
  )

  it('holds for the further vectors of the official client', async () => {
    const { cases, at } = readVectors('extra-signed-urls.json')
    nowMs = Date.parse(at)
    for (const one of cases) {
      const { host } = new URL(one.url)
      const target = String(one.url).replace(/^https?:\/\/[^/]+/, '')
      const headers = { ...one.requiredHeaders, host }
      const reply = await harness.raw({ method: one.method, target, headers })
      expect(`${one.name}: ${reply.status}`).toBe(`${one.name}: 404`)
      expect(reply.text).toContain('NoSuchBucket')
    }
  })
})

describe('signed requests', () => {
  let harness: Harness
  let keys: Record<'rsa' | 'goog' | 'aws', SignKey>
  let host: string

  beforeAll(async () => {
    harness = await startHarness()
    const { serviceAccount, hmac, port } = harness.server
    const { accessId: id, secret } = hmac
    keys = {
      rsa: { kind: 'rsa', id: serviceAccount.client_email, pem: serviceAccount.private_key },
      goog: { kind: 'goog', id, secret },
      aws: { kind: 'aws', id, secret },
    }
    host = `127.0.0.1:${port}`
    await harness.control('POST', 'buckets', { name: 'signed' })
    await harness.put('signed', 'there', 'hello')
  })

  afterAll(async () => {
    await harness.server.close()
  })

  function get(options: Partial<SignOptions> = {}, key: SignKey = keys.goog): Promise<Reply> {
    const full = { method: 'GET', path: '/signed/there', host, ...options }
    const headers = { ...full.headers, host: full.host.includes(':') ? full.host : host }
    return harness.raw({ method: full.method, target: signTarget(key, full), headers })
  }

  function expectRefusal(reply: Reply, status: number, code: string) {
    expect(reply.text).toContain(`<Code>${code}</Code>`)
    expect(reply.status).toBe(status)
  }

  it.each(['rsa', 'goog', 'aws'] as const)('lets a URL signed with %s in', async (kind) => {
    const reply = await get({}, keys[kind])
    expect([reply.status, reply.text]).toEqual([200, 'hello'])
    const other = await get({ path: '/signed/there', method: 'HEAD' }, keys[kind])
    expect(other.status).toBe(200)
  })

  it('accepts the host signed without its port, as the official clients do', async () => {
    expect((await get({ host: '127.0.0.1' })).status).toBe(200)
    expectRefusal(await get({ host: 'elsewhere.test' }), 403, 'SignatureDoesNotMatch')
  })

  it('takes virtual-hosted requests', async () => {
    const virtual = `signed.storage.googleapis.com`
    const target = signTarget(keys.goog, { method: 'GET', path: '/there', host: virtual })
    const reply = await harness.raw({ target, headers: { host: virtual } })
    expect(reply.text).toBe('hello')
    const local = `signed.localhost:${harness.server.port}`
    const localTarget = signTarget(keys.goog, { method: 'GET', path: '/there', host: local })
    expect((await harness.raw({ target: localTarget, headers: { host: local } })).text).toBe(
      'hello',
    )
  })

  it('is for its method, key and query alone', async () => {
    const target = signTarget(keys.goog, { method: 'GET', path: '/signed/there', host })
    const deleted = await harness.raw({ method: 'DELETE', target, headers: { host } })
    expectRefusal(deleted, 403, 'SignatureDoesNotMatch')
    const other = target.replace('/signed/there', '/signed/other')
    expectRefusal(
      await harness.raw({ target: other, headers: { host } }),
      403,
      'SignatureDoesNotMatch',
    )
    const added = `${target}&response-content-type=text%2Fhtml`
    expectRefusal(
      await harness.raw({ target: added, headers: { host } }),
      403,
      'SignatureDoesNotMatch',
    )
  })

  it('ends: ExpiredToken is a 400', async () => {
    const atMs = Date.now() - 61_000
    expectRefusal(await get({ atMs, expires: 60 }), 400, 'ExpiredToken')
    expect((await get({ atMs, expires: 120 })).status).toBe(200)
  })

  it('refuses a lifetime beyond seven days, and none', async () => {
    expectRefusal(await get({ expires: 604_801 }), 400, 'InvalidArgument')
    expectRefusal(await get({ expires: 0 }), 400, 'InvalidArgument')
    expect((await get({ expires: 604_800 })).status).toBe(200)
  })

  it('refuses a date in the future, and a scope of another day', async () => {
    expectRefusal(await get({ atMs: Date.now() + 3_600_000 }), 403, 'AccessDenied')
    expectRefusal(await get({ scopeDate: '20200101' }), 400, 'MalformedSecurityHeader')
  })

  it('refuses keys it does not know', async () => {
    const stranger: SignKey = { kind: 'goog', id: 'GOOGNOBODY', secret: 'x' }
    expectRefusal(await get({}, stranger), 403, 'InvalidSecurity')
    const wrong: SignKey = { ...keys.goog, kind: 'goog', secret: 'wrong' }
    expectRefusal(await get({}, wrong), 403, 'SignatureDoesNotMatch')
  })

  function put(signed: Record<string, string>, sent: Record<string, string>, body = 'data') {
    const options = { method: 'PUT', path: '/signed/put', host, headers: signed }
    const headers = { host, ...sent }
    return harness.raw({ method: 'PUT', target: signTarget(keys.goog, options), headers, body })
  }

  it('enforces signed headers as they were signed', async () => {
    const type = { 'content-type': 'text/plain' }
    expect((await put(type, type)).status).toBe(200)
    expectRefusal(await put(type, { 'content-type': 'text/html' }), 403, 'SignatureDoesNotMatch')
    const missing = await put(type, {})
    expectRefusal(missing, 400, 'MalformedSecurityHeader')
    expect(missing.text).toContain('<ParameterName>content-type</ParameterName>')
    const length = { 'content-length': '4' }
    expect((await put(length, {})).status).toBe(200)
    expectRefusal(await put(length, {}, 'longer'), 403, 'SignatureDoesNotMatch')
  })

  it('refuses an extension header that was not signed', async () => {
    const reply = await put({}, { 'x-goog-meta-a': 'b' })
    expectRefusal(reply, 400, 'MalformedSecurityHeader')
    expect(reply.text).toContain('<ParameterName>x-goog-meta-a</ParameterName>')
  })

  it('checks the payload that was signed, in the query and in the header', async () => {
    const payload = createHash('sha256').update('data').digest('hex')
    const headers = { 'x-goog-content-sha256': payload }
    const options = { method: 'PUT', path: '/signed/put', host, headers, payload }
    const target = signTarget(keys.rsa, options)
    const send = (body: string) =>
      harness.raw({ method: 'PUT', target, headers: { host, ...headers }, body })
    expect((await send('data')).status).toBe(200)
    expectRefusal(await send('DATA'), 400, 'BadDigest')
    for (const key of Object.values(keys)) {
      const signed = signHeaders(key, { method: 'PUT', path: '/signed/put', host, payload })
      const inHeader = (body: string) =>
        harness.raw({ method: 'PUT', target: '/signed/put', headers: signed, body })
      expect((await inHeader('data')).status).toBe(200)
      expectRefusal(await inHeader('DATA'), 400, 'BadDigest')
    }
  })

  it('refuses a header signature of another hour', async () => {
    const atMs = Date.now() - 3_600_000
    const options = {
      method: 'GET',
      path: '/signed/there',
      host,
      payload: 'UNSIGNED-PAYLOAD',
      atMs,
    }
    const headers = signHeaders(keys.goog, options)
    const reply = await harness.raw({ target: '/signed/there', headers })
    expectRefusal(reply, 403, 'RequestTimeTooSkewed')
  })

  it('takes Amazon names in a request signed the Amazon way, but never both kinds', async () => {
    const send = (extra: Record<string, string>) => {
      const base = { method: 'PUT', path: '/signed/amz', host, payload: 'UNSIGNED-PAYLOAD' }
      const headers = signHeaders(keys.aws, { ...base, headers: extra })
      return harness.raw({ method: 'PUT', target: '/signed/amz', headers, body: 'x' })
    }
    expect((await send({ 'x-amz-meta-color': 'blue' })).status).toBe(200)
    const head = await harness.api({ method: 'HEAD', target: '/signed/amz' })
    expect(head.headers['x-goog-meta-color']).toBe('blue')
    expectRefusal(await send({ 'x-goog-meta-color': 'blue' }), 400, 'InvalidArgument')
  })

  it('refuses V2 signatures and requests without any', async () => {
    const v2 = '/signed/there?GoogleAccessId=a&Expires=9999999999&Signature=x'
    expectRefusal(await harness.raw({ target: v2 }), 403, 'AccessDenied')
    expectRefusal(await harness.raw({ target: '/signed/there' }), 403, 'AccessDenied')
  })

  it('reads header values as UTF-8, as they were signed', async () => {
    const headers = { 'x-goog-meta-name': 'naïve €' }
    const options = { method: 'PUT', path: '/signed/utf8', host, headers }
    const sent = { host, 'x-goog-meta-name': Buffer.from('naïve €').toString('latin1') }
    const target = signTarget(keys.goog, options)
    const written = await harness.raw({ method: 'PUT', target, headers: sent, body: 'x' })
    expect(written.status).toBe(200)
    const stored = await harness.api({ target: '/storage/v1/b/signed/o/utf8' })
    expect(JSON.parse(stored.text).metadata).toEqual({ name: 'naïve €' })
  })

  it('starts a resumable upload where it was asked, virtual-hosted too', async () => {
    const virtual = `signed.localhost:${harness.server.port}`
    const headers = { 'x-goog-resumable': 'start' }
    const options = { method: 'POST', path: '/dir/v%20h', host: virtual, headers }
    const target = signTarget(keys.rsa, options)
    const sent = { host: virtual, ...headers }
    const started = await harness.raw({ method: 'POST', target, headers: sent })
    const location = new URL(String(started.headers['location']))
    expect([location.host, location.pathname]).toEqual([virtual, '/dir/v%20h'])
  })

  it('starts a resumable upload, and signs no other POST', async () => {
    const headers = { 'x-goog-resumable': 'start' }
    const options = { method: 'POST', path: '/signed/up', host, headers }
    const target = signTarget(keys.rsa, options)
    const started = await harness.raw({ method: 'POST', target, headers: { host, ...headers } })
    expect(started.status).toBe(201)
    const plain = signTarget(keys.rsa, { method: 'POST', path: '/signed/up', host })
    const refused = await harness.raw({ method: 'POST', target: plain, headers: { host } })
    expectRefusal(refused, 405, 'MethodNotAllowed')
  })

  it('signs every step of a multipart upload', async () => {
    const send = async (method: string, query: Record<string, string>, body = '') => {
      const target = signTarget(keys.rsa, { method, path: '/signed/mp', host, query })
      return harness.raw({ method, target, headers: { host }, body })
    }
    const started = await send('POST', { uploads: '' })
    const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(started.text)?.[1] ?? ''
    const part = await send('PUT', { partNumber: '1', uploadId }, 'part')
    const etag = String(part.headers['etag'])
    const list = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
    const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
    expect((await send('POST', { uploadId }, body)).status).toBe(200)
    expect((await get({ path: '/signed/mp' })).text).toBe('part')
  })

  it('overrides the response only as signed', async () => {
    const query = {
      'response-content-type': 'application/pdf',
      'response-content-disposition': 'attachment; filename="a.pdf"',
    }
    const reply = await get({ query })
    expect(reply.headers['content-type']).toBe('application/pdf')
    expect(reply.headers['content-disposition']).toBe('attachment; filename="a.pdf"')
  })
})

// Signed requests of S3 at a strict server, over a real socket: what was signed is accepted, and everything
// that differs from it in any way is refused.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { s3Settings } from '#shared/storage/providers/s3/settings.ts'
import { createS3Signer } from '#shared/storage/providers/s3/sign.ts'
import type { Presigned, SignForm, SignPut, SignRequest } from '#shared/storage/signer.ts'
import type { S3Server } from '../servers/s3/server.ts'
import { startS3Server, testCredential } from '../servers/s3/server.ts'
import { s3Opening } from './s3-opening.ts'

const BUCKET = 'signed'
const BODY = '123456789'
const MD5 = 'JfnnlDI7RTiF9RgfG2JNCw=='

let server: S3Server
let now = Date.parse('2026-01-01T00:00:00Z')

beforeAll(async () => {
  server = await startS3Server({ buckets: [BUCKET], now: () => now })
})
afterAll(() => server.close())
beforeEach(() => {
  now = Date.parse('2026-01-01T00:00:00Z')
})

function presign(request: SignRequest, credentials = testCredential): Promise<Presigned> {
  const { accessKeyId, secretAccessKey } = credentials
  const opening = s3Opening(`minio://${BUCKET}?endpoint=${server.url}`, {
    options: { credentials: { accessKeyId, secretAccessKey } },
    platform: { now: () => now },
  })
  return createS3Signer(s3Settings(opening)).presign(request)
}

interface Answer {
  status: number
  body: string
  headers: OutgoingHttpHeaders
}

/** By node:http, which sends the headers that it is told, `content-length` too. */
async function send(
  { method, url, headers }: Pick<Presigned, 'method' | 'url' | 'headers'>,
  body?: string | Buffer,
): Promise<Answer> {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  const { origin } = new URL(url)
  // As it stands: a URL object would tidy it up.
  const path = url.slice(origin.length)
  const { hostname, port } = new URL(origin)
  const request = httpRequest({ method, hostname, port, path, headers: { ...headers, ...length } })
  request.end(body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

function codeOf({ body }: Answer): string | undefined {
  return /<Code>(.*?)<\/Code>/.exec(body)?.[1]
}

const put = (key: string, more: Partial<SignPut> = {}): SignPut => ({
  action: 'put',
  key,
  expiresInSeconds: 900,
  contentType: 'text/plain',
  contentLength: BODY.length,
  ...more,
})

async function stored(key: string): Promise<Answer> {
  return send(await presign({ action: 'get', key, expiresInSeconds: 60 }))
}

describe('what was signed is accepted', () => {
  it.each([
    'plain.txt',
    'a b+c&d=e?f#g%41.txt',
    "quote'(star)*!~.txt",
    'ünïcode/日本語/😀',
    'double//slash/',
    '[{|^`"<>\\}]',
  ])('the key %s', async (key) => {
    expect(await send(await presign(put(key)), BODY)).toMatchObject({ status: 200 })
    expect(await stored(key)).toMatchObject({ status: 200, body: BODY })
    expect(
      await send(await presign({ action: 'delete', key, expiresInSeconds: 60 })),
    ).toMatchObject({
      status: 204,
    })
    expect(await stored(key)).toMatchObject({ status: 404 })
  })

  it('all that an upload can carry', async () => {
    const request = put('rich', {
      contentEncoding: 'gzip',
      contentDisposition: 'attachment; filename="a  b.txt"',
      contentLanguage: 'de',
      cacheControl: 'max-age=60',
      metadata: { owner: 'zoë', plain: 'a b' },
      tags: { 'a+b': 'c=d é' },
      checksum: { algorithm: 'crc32c', value: '4waSgw==' },
      mode: 'create',
    })
    expect(await send(await presign(request), BODY)).toMatchObject({ status: 200 })
    const head = await send(await presign({ action: 'head', key: 'rich', expiresInSeconds: 60 }))
    expect(head.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-encoding': 'gzip',
      'content-language': 'de',
      'cache-control': 'max-age=60',
      'x-amz-meta-plain': 'a b',
      'x-amz-tagging-count': '1',
    })
  })

  it('ranges, overrides and conditions of a download', async () => {
    await send(await presign(put('part.txt')), BODY)
    const etag = createHash('md5').update(BODY).digest('hex')
    const answer = await send(
      await presign({
        action: 'get',
        key: 'part.txt',
        expiresInSeconds: 60,
        range: { first: 2, last: 4 },
        ifMatch: etag,
        response: { contentType: 'a/b', contentDisposition: 'attachment; filename="ü.txt"' },
      }),
    )
    expect(answer).toMatchObject({ status: 206, body: '345' })
    expect(answer.headers['content-type']).toBe('a/b')
    const other = await presign({
      action: 'get',
      key: 'part.txt',
      expiresInSeconds: 60,
      ifMatch: '0',
    })
    expect(await send(other)).toMatchObject({ status: 412 })
  })

  it('a part of an upload', async () => {
    const client = new S3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: testCredential,
      systemClockOffset: now - Date.now(),
    })
    const begun = await client.send(
      new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'big' }),
    )
    client.destroy()
    const part = await presign({
      action: 'part',
      key: 'big',
      expiresInSeconds: 60,
      uploadId: begun.UploadId ?? '',
      partNumber: 1,
      contentLength: BODY.length,
      checksum: { algorithm: 'md5', value: MD5 },
    })
    expect(await send(part, BODY)).toMatchObject({ status: 200 })
    expect((await send(part, '12345678')).status).toBe(403)
    const second = { ...part, url: part.url.replace('partNumber=1', 'partNumber=2') }
    expect((await send(second, BODY)).status).toBe(403)
  })
})

describe('what was not signed is refused', () => {
  const REQUEST = put('target', { metadata: { owner: 'me' } })

  it.each<[string, (signed: Presigned) => Pick<Presigned, 'method' | 'url' | 'headers'>, string?]>([
    ['another method', (signed) => ({ ...signed, method: 'POST' })],
    ['another key', (signed) => ({ ...signed, url: signed.url.replace('/target?', '/tarGet?') })],
    [
      'another type',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'content-type': 'text/html' } }),
    ],
    ['no type', (signed) => ({ ...signed, headers: { 'x-amz-meta-owner': 'me' } })],
    [
      'other metadata',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'x-amz-meta-owner': 'you' } }),
    ],
    [
      'one more x-amz- header',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'x-amz-acl': 'public-read' } }),
    ],
    ['one more parameter', (signed) => ({ ...signed, url: `${signed.url}&versionId=x` })],
    [
      'a later end',
      (signed) => ({ ...signed, url: signed.url.replace('Expires=900', 'Expires=901') }),
    ],
    [
      'no signature',
      (signed) => ({ ...signed, url: signed.url.replace(/&X-Amz-Signature=.*/, '') }),
    ],
    ['no query', (signed) => ({ ...signed, url: signed.url.replace(/\?.*/, '') })],
    ['a longer body', (signed) => signed, `${BODY}0`],
    ['a shorter body', (signed) => signed, BODY.slice(1)],
  ])('%s', async (_, change, body = BODY) => {
    const signed = await presign(REQUEST)
    const answer = await send(change(signed), body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await stored('target')).toMatchObject({ status: 404 })
  })

  it('any one character of the query changed', async () => {
    const signed = await presign(REQUEST)
    const start = signed.url.indexOf('?') + 1
    for (let at = start; at < signed.url.length; at += 7) {
      const changed = signed.url[at] === 'a' ? 'b' : 'a'
      const url = signed.url.slice(0, at) + changed + signed.url.slice(at + 1)
      expect({ url, status: (await send({ ...signed, url }, BODY)).status }).not.toMatchObject({
        status: 200,
      })
    }
    expect(await stored('target')).toMatchObject({ status: 404 })
  })

  it('anything after its end', async () => {
    const signed = await presign(put('late'))
    now += 901_000
    const answer = await send(signed, BODY)
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied'])
    now -= 2_000
    expect(await send(signed, BODY)).toMatchObject({ status: 200 })
  })

  it.each([
    ['md5', MD5],
    ['crc32c', '4waSgw=='],
    ['crc64nvme', 'rosUhgp5mIg='],
  ] as const)('a body of other %s', async (algorithm, value) => {
    const signed = await presign(put('summed', { checksum: { algorithm, value } }))
    const answer = await send(signed, '123456780')
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BadDigest'])
  })

  it('to overwrite where only a create was signed', async () => {
    const signed = await presign(put('once', { mode: 'create' }))
    expect(await send(signed, BODY)).toMatchObject({ status: 200 })
    expect(await send(signed, BODY)).toMatchObject({ status: 412 })
    const { 'if-none-match': _, ...headers } = signed.headers
    expect((await send({ ...signed, headers }, BODY)).status).toBe(403)
  })

  it('another range than the signed one', async () => {
    await send(await presign(put('ranged')), BODY)
    const signed = await presign({
      action: 'get',
      key: 'ranged',
      expiresInSeconds: 60,
      range: { first: 0, last: 1 },
    })
    expect(await send(signed)).toMatchObject({ status: 206, body: '12' })
    expect((await send({ ...signed, headers: { range: 'bytes=0-8' } })).status).toBe(403)
    expect((await send({ ...signed, headers: {} })).status).toBe(403)
  })

  it("a secret that is not the key's", async () => {
    const wrong = { ...testCredential, secretAccessKey: 'wrong' }
    const answer = await send(await presign(put('x'), wrong), BODY)
    expect(codeOf(answer)).toBe('SignatureDoesNotMatch')
  })
})

async function submit(form: Presigned, more: Record<string, string>, file = BODY): Promise<Answer> {
  const data = new FormData()
  for (const [name, value] of Object.entries({ ...form.fields, ...more })) data.append(name, value)
  data.append('file', new Blob([file]), 'local.txt')
  const request = new Request('http://form', { method: 'POST', body: data })
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  return send({ ...form, headers }, Buffer.from(await request.arrayBuffer()))
}

describe('a browser form', () => {
  const FORM: SignForm = {
    action: 'form',
    key: 'forms/ü.txt',
    expiresInSeconds: 600,
    contentType: 'text/plain',
    contentLengthRange: { min: 1, max: 10 },
    metadata: { owner: 'zoë' },
    tags: { 'a+b': 'c=d é' },
  }

  it('is accepted as it was signed', async () => {
    expect(await submit(await presign(FORM), {})).toMatchObject({ status: 201 })
    const answer = await stored(FORM.key)
    expect(answer).toMatchObject({ status: 200, body: BODY })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain',
      'x-amz-tagging-count': '1',
    })
  })

  it('takes any type with the prefix and no other', async () => {
    const { contentType: _, ...rest } = FORM
    const form = await presign({ ...rest, key: 'forms/image', contentTypePrefix: 'image/' })
    expect((await submit(form, { 'Content-Type': 'text/html' })).status).toBe(403)
    expect((await submit(form, {})).status).toBe(403)
    // The file comes last, so its type has to be among the fields before it.
    expect((await submit(form, { 'Content-Type': 'image/png' })).status).toBe(201)
  })

  it.each<[string, Record<string, string>, string?]>([
    ['another key', { key: 'forms/other' }],
    ['another type', { 'Content-Type': 'text/html' }],
    ['other metadata', { 'x-amz-meta-owner': 'you' }],
    ['a field more', { 'x-amz-meta-more': '1' }],
    ['an access list', { acl: 'public-read' }],
    ['another signature', { 'x-amz-signature': '0'.repeat(64) }],
    ['a file too long', {}, '12345678901'],
    ['an empty file', {}, ''],
  ])('refuses %s', async (_, more, file) => {
    const form = await presign({ ...FORM, key: 'forms/refused' })
    const answer = await submit(form, more, file)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await stored('forms/refused')).toMatchObject({ status: 404 })
  })

  it('is refused after its end', async () => {
    const form = await presign(FORM)
    now += 601_000
    expect(await submit(form, {})).toMatchObject({ status: 403 })
  })
})

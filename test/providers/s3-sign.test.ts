// What the signer of S3 puts under a signature and hands back, what it refuses, and until when a URL lives.

import { describe, expect, it } from 'vitest'
import { isStorageError } from '#shared/storage/errors.ts'
import type { S3Credentials } from '#shared/storage/providers/s3/credentials.ts'
import { createS3Signer } from '#shared/storage/providers/s3/sign.ts'
import type { Presigned, SignPut, SignRequest } from '#shared/storage/signer.ts'
import { encodePath, encodeUri } from '#shared/wire/sigv4.ts'
import { DOCUMENTED_KEYS, DOCUMENTED_TIME, documentedSettings } from './s3-opening.ts'

const URI = 's3://examplebucket?region=us-east-1'

function presign(request: SignRequest, uri = URI): Promise<Presigned> {
  return createS3Signer(documentedSettings(uri)).presign(request)
}

const PUT: SignPut = { action: 'put', key: 'up.bin', expiresInSeconds: 900 }

async function refusal(attempt: Promise<Presigned>): Promise<string> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isStorageError(error)) throw new Error('expected a StorageError')
  return error.kind
}

describe('what is signed', () => {
  it('puts all that an upload must be among the signed headers and returns it as it must be sent', async () => {
    const { headers, url, method, enforced } = await presign({
      ...PUT,
      contentType: 'image/png',
      contentLength: 9,
      contentEncoding: 'gzip',
      contentDisposition: 'inline',
      contentLanguage: 'de',
      cacheControl: 'max-age=60',
      metadata: { owner: 'zoë', plain: 'x' },
      storageClass: 'STANDARD_IA',
      tags: { 'a b': 'c&d' },
      checksum: { algorithm: 'crc32c', value: '4waSgw==' },
      mode: 'create',
    })
    expect(method).toBe('PUT')
    expect(headers).toEqual({
      'content-type': 'image/png',
      'content-length': '9',
      'content-encoding': 'gzip',
      'content-disposition': 'inline',
      'content-language': 'de',
      'cache-control': 'max-age=60',
      'x-amz-meta-owner': `=?UTF-8?B?${Buffer.from('zoë').toString('base64')}?=`,
      'x-amz-meta-plain': 'x',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging': 'a%20b=c%26d',
      'x-amz-checksum-crc32c': '4waSgw==',
      'if-none-match': '*',
    })
    const signed = new URL(url).searchParams.get('X-Amz-SignedHeaders')
    expect(signed?.split(';')).toEqual(['host', ...Object.keys(headers)].toSorted())
    expect(enforced).toEqual(['size', 'type', 'checksum', 'overwrite'])
  })

  it('never puts a checksum in the query', async () => {
    const { url } = await presign({ ...PUT, checksum: { algorithm: 'crc32', value: 'AAAAAA==' } })
    expect([...new URL(url).searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual(
      [],
    )
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('host;x-amz-checksum-crc32')
  })

  it('sends an MD5 as Content-MD5', async () => {
    const checksum = { algorithm: 'md5', value: 'JfnnlDI7RTiF9RgfG2JNCw==' } as const
    expect((await presign({ ...PUT, checksum })).headers).toEqual({ 'content-md5': checksum.value })
  })

  it('quotes an ETag, but not where a quoted one never matches', async () => {
    const request = { ...PUT, mode: { ifMatch: 'abc' } }
    expect((await presign(request)).headers).toEqual({ 'if-match': '"abc"' })
    const ceph = 'ceph://examplebucket?endpoint=http://127.0.0.1:7480'
    expect((await presign(request, ceph)).headers).toEqual({ 'if-match': 'abc' })
  })

  it('signs range, version and overrides of a download', async () => {
    const { url, headers } = await presign({
      action: 'get',
      key: 'a b',
      expiresInSeconds: 60,
      version: 'v/1',
      range: { first: 0, last: 9 },
      ifMatch: 'abc',
      response: { contentType: 'text/plain', contentDisposition: 'attachment' },
    })
    expect(headers).toEqual({ range: 'bytes=0-9', 'if-match': '"abc"' })
    const query = new URL(url).searchParams
    expect(query.get('X-Amz-SignedHeaders')).toBe('host;if-match;range')
    expect(query.get('versionId')).toBe('v/1')
    expect(query.get('response-content-type')).toBe('text/plain')
    expect(query.get('response-content-disposition')).toBe('attachment')
  })

  it('gives each action its method and its own parameters', async () => {
    const common = { key: 'k', expiresInSeconds: 60 }
    const part = await presign({
      action: 'part',
      uploadId: 'u&1',
      partNumber: 7,
      contentLength: 5,
      ...common,
    })
    expect(part.method).toBe('PUT')
    expect(part.headers).toEqual({ 'content-length': '5' })
    expect(part.enforced).toEqual(['size'])
    expect(part.url).toContain('&partNumber=7&uploadId=u%261&')
    expect((await presign({ action: 'head', ...common })).method).toBe('HEAD')
    const gone = await presign({ action: 'delete', version: 'v1', ...common })
    expect(gone.method).toBe('DELETE')
    expect(new URL(gone.url).searchParams.get('versionId')).toBe('v1')
  })

  it.each([
    ['s3://b.with.dots?region=eu-west-1', 'https://s3.eu-west-1.amazonaws.com/b.with.dots/k?'],
    ['s3://plain?region=eu-west-1', 'https://plain.s3.eu-west-1.amazonaws.com/k?'],
    ['s3://plain?endpoint=http://127.0.0.1:9000/base', 'http://127.0.0.1:9000/base/plain/k?'],
    ['s3://plain?endpoint=http://s3.test:9000&path_style=false', 'http://plain.s3.test:9000/k?'],
    ['r2://acc/plain?jurisdiction=eu', 'https://acc.eu.r2.cloudflarestorage.com/plain/k?'],
  ])('addresses %s', async (uri, start) => {
    expect((await presign({ action: 'get', key: 'k', expiresInSeconds: 1 }, uri)).url).toContain(
      start,
    )
  })
})

describe('what is refused', () => {
  it.each<[string, SignRequest, string]>([
    ['a resumable upload', { ...PUT, action: 'resumable' }, URI],
    [
      'a digest that the store ignores',
      { ...PUT, checksum: { algorithm: 'sha256', value: '' } },
      'wasabi://bucket?region=x',
    ],
    ['a create where conditions are ignored', { ...PUT, mode: 'create' }, 'b2://bucket?region=x'],
    [
      'a replace where conditions are ignored',
      { ...PUT, mode: { ifMatch: 'e' } },
      'b2://bucket?region=x',
    ],
  ])('%s', async (_, request, uri) => {
    expect(await refusal(presign(request, uri))).toBe('unsupported')
  })

  it('does not claim what the store was found not to enforce', async () => {
    const settings = documentedSettings(URI, { capabilities: { presign: { enforces: ['type'] } } })
    const made = await createS3Signer(settings).presign({
      ...PUT,
      contentType: 'a/b',
      contentLength: 1,
    })
    expect(made.enforced).toEqual(['type'])
    expect(made.headers).toEqual({ 'content-type': 'a/b', 'content-length': '1' })
  })
})

function signWith(credentials: S3Credentials, now = DOCUMENTED_TIME): Promise<Presigned> {
  const settings = { ...documentedSettings(URI), credentials: () => credentials, now: () => now }
  return createS3Signer(settings).presign({ action: 'get', key: 'k', expiresInSeconds: 900 })
}

describe('the end of a URL', () => {
  it('counts from the whole second that it is dated with', async () => {
    const { expiresAt, expiresAtMost } = await signWith(DOCUMENTED_KEYS, DOCUMENTED_TIME + 999)
    expect(expiresAt.getTime()).toBe(DOCUMENTED_TIME + 900_000)
    expect(expiresAtMost).toBe(false)
  })

  it("is the credential's where that comes first", async () => {
    const expiresAt = new Date(DOCUMENTED_TIME + 60_000)
    const made = await signWith({ ...DOCUMENTED_KEYS, sessionToken: 't', expiresAt })
    expect(made).toMatchObject({ expiresAt, expiresAtMost: false })
    expect(new URL(made.url).searchParams.get('X-Amz-Security-Token')).toBe('t')
  })

  it('is an upper bound with a token whose end nobody knows', async () => {
    const made = await signWith({ ...DOCUMENTED_KEYS, sessionToken: 't' })
    expect(made.expiresAtMost).toBe(true)
    expect(made.expiresAt.getTime()).toBe(DOCUMENTED_TIME + 900_000)
  })

  it('moves with the day, and with the secret', async () => {
    const settings = documentedSettings(URI)
    let now = DOCUMENTED_TIME
    let keys: S3Credentials = DOCUMENTED_KEYS
    const signer = createS3Signer({ ...settings, now: () => now, credentials: () => keys })
    const request = { action: 'get', key: 'k', expiresInSeconds: 900 } as const
    const fresh = (at: number, credentials: S3Credentials) =>
      createS3Signer({ ...settings, now: () => at, credentials: () => credentials }).presign(
        request,
      )
    const turns: [number, S3Credentials][] = [
      [DOCUMENTED_TIME, DOCUMENTED_KEYS],
      [DOCUMENTED_TIME + 86_400_000, DOCUMENTED_KEYS],
      [DOCUMENTED_TIME + 86_400_000, { ...DOCUMENTED_KEYS, secretAccessKey: 'other' }],
      [DOCUMENTED_TIME, DOCUMENTED_KEYS],
    ]
    const seen = new Set<string>()
    for ([now, keys] of turns) {
      const { url } = await signer.presign(request)
      expect(url).toBe((await fresh(now, keys)).url)
      seen.add(url)
    }
    expect(seen.size).toBe(3)
  })

  it('waits for credentials that have to be fetched', async () => {
    const settings = { ...documentedSettings(URI), credentials: async () => DOCUMENTED_KEYS }
    const request = { action: 'get', key: 'k', expiresInSeconds: 900 } as const
    const made = await createS3Signer(settings).presign(request)
    expect(made.url).toBe((await presign(request)).url)
  })
})

describe('a browser form', () => {
  const form = {
    action: 'form',
    key: 'user/ü.png',
    expiresInSeconds: 600,
    contentType: 'image/png',
    contentLengthRange: { min: 1, max: 10 },
    metadata: { owner: 'me' },
    tags: { 'a<b': 'c' },
  } as const

  it('names every field in its policy and signs it', async () => {
    const { fields = {}, method, url, headers, enforced } = await presign(form)
    expect([method, url, headers]).toEqual([
      'POST',
      'https://examplebucket.s3.us-east-1.amazonaws.com/',
      {},
    ])
    expect(enforced).toEqual(['size', 'type'])
    const names = Object.keys(fields)
    expect(names[0]).toBe('key')
    expect(names.slice(-2)).toEqual(['policy', 'x-amz-signature'])
    const json = Buffer.from(fields['policy'] ?? '', 'base64').toString()
    expect(json).toMatch(/^[\x20-\x7e]*$/)
    const policy: unknown = JSON.parse(json)
    const exact = names.slice(0, -2).map((name) => ({ [name]: fields[name] }))
    expect(policy).toEqual({
      expiration: '2013-05-24T00:10:00.000Z',
      conditions: [{ bucket: 'examplebucket' }, ...exact, ['content-length-range', 1, 10]],
    })
    expect(exact).toContainEqual({ key: 'user/ü.png' })
    expect(exact).toContainEqual({ 'Content-Type': 'image/png' })
    expect(exact).toContainEqual({ 'x-amz-meta-owner': 'me' })
    expect(fields['tagging']).toContain('<Key>a&#60;b</Key>')
  })

  it('accepts any type with a prefix', async () => {
    const { fields = {}, enforced } = await presign({
      action: 'form',
      key: 'k',
      expiresInSeconds: 60,
      contentTypePrefix: 'image/',
    })
    const json = Buffer.from(fields['policy'] ?? '', 'base64').toString()
    expect(json).toContain('["starts-with","$Content-Type","image/"]')
    expect(enforced).toEqual(['type'])
  })

  it('carries a session token under the policy', async () => {
    const settings = documentedSettings(URI)
    const signer = createS3Signer({
      ...settings,
      credentials: () => ({ ...DOCUMENTED_KEYS, sessionToken: 'tok' }),
    })
    const { fields = {} } = await signer.presign(form)
    expect(fields['x-amz-security-token']).toBe('tok')
    expect(Buffer.from(fields['policy'] ?? '', 'base64').toString()).toContain(
      '{"x-amz-security-token":"tok"}',
    )
  })

  it('refuses a key into which S3 would write the name of the file', async () => {
    expect(await refusal(presign({ ...form, key: 'user/${filename}' }))).toBe('invalid')
  })
})

describe('encoding', () => {
  it('leaves only what RFC 3986 leaves', () => {
    const all = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => i + 32))
    expect(encodeUri(all).replace(/%[0-9A-F]{2}/g, '')).toMatch(/^[A-Za-z0-9._~-]+$/)
    expect(decodeURIComponent(encodeUri(all))).toBe(all)
    expect(encodePath('/a//b c/é%2F+/')).toBe('/a//b%20c/%C3%A9%252F%2B/')
  })
})

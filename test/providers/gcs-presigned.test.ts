// What a server makes of our signed requests: that each does what it was signed for, with RSA and with HMAC
// keys, and that whoever holds one can do nothing else with it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseStoreUri } from '#shared/storage/address.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { createGcsSigner } from '#shared/storage/providers/gcs/sign.ts'
import type { Presigned, SignRequest, Signer } from '#shared/storage/signer.ts'
import { digestOf } from '#shared/wire/digest.ts'
import type { GcsServer } from '../servers/gcs/server.ts'
import { startGcsServer } from '../servers/gcs/server.ts'

let server: GcsServer
let now = Date.now()
let signers: Record<'rsa' | 'hmac', Signer>

beforeAll(async () => {
  server = await startGcsServer({ now: () => now })
  await fetch(`${server.url}/__control/buckets`, { method: 'POST', body: '{"name":"bucket"}' })
  const credentialsJson = JSON.stringify(server.serviceAccount)
  const { accessId: accessKeyId, secret: secretAccessKey } = server.hmac
  signers = {
    rsa: signerWith({ credentialsJson }),
    hmac: signerWith({ accessKeyId, secretAccessKey }),
  }
})
afterAll(() => server.close())

function signerWith(credentials: object): Signer {
  const address = parseStoreUri(`gs://bucket?endpoint=${server.url}`)
  return createGcsSigner(
    gcsSettings({
      address,
      name: address.label,
      capabilities: address.row.capabilities,
      options: { credentials },
      platform: { env: {}, fileSystem: false, now: () => now },
    }),
  )
}

type Sent = Pick<Presigned, 'url' | 'method' | 'headers'>

async function send({ url, method, headers }: Sent, body?: string) {
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) })
  const text = await response.text()
  return { status: response.status, text, headers: response.headers }
}

describe.each(['rsa', 'hmac'] as const)('signed with %s', (kind) => {
  const sign = (request: SignRequest) => signers[kind].presign(request)
  const key = 'ö/a b+%#?&=🙂.txt'
  const body = 'hello'
  const upload = {
    action: 'put' as const,
    key,
    expiresInSeconds: 60,
    contentType: 'text/plain',
    contentLength: body.length,
    checksum: { algorithm: 'md5' as const, value: digestOf('md5', Buffer.from(body)) },
    metadata: { name: 'ö' },
    storageClass: 'NEARLINE',
  }
  const read = { action: 'get' as const, key, expiresInSeconds: 60 }

  it('an object goes up, is read, described and deleted', async () => {
    expect((await send(await sign(upload), body)).status).toBe(200)
    const got = await send(
      await sign({
        ...read,
        response: { contentType: 'x/y', contentDisposition: 'inline; filename="ü"' },
      }),
    )
    expect([got.status, got.text, got.headers.get('content-type')]).toEqual([200, body, 'x/y'])
    expect(got.headers.get('x-goog-storage-class')).toBe('NEARLINE')
    const generation = got.headers.get('x-goog-generation') ?? ''
    expect((await send(await sign({ ...read, action: 'head' }))).status).toBe(200)
    const ranged = await sign({
      ...read,
      range: { first: 1, last: 2 },
      version: generation,
      ifMatch: generation,
    })
    expect(await send(ranged)).toMatchObject({ status: 206, text: 'el' })
    expect(
      (await send({ ...ranged, headers: { ...ranged.headers, range: 'bytes=0-4' } })).status,
    ).toBe(403)
    expect((await send(await sign({ ...read, ifMatch: '1' }))).status).toBe(412)
    const remove = { action: 'delete' as const, key, expiresInSeconds: 60, version: generation }
    expect((await send(await sign(remove))).status).toBe(204)
    expect((await send(await sign(read))).status).toBe(404)
  })

  it.each<[string, (signed: Sent) => Sent, string, number[]]>([
    ['another method', (signed) => ({ ...signed, method: 'DELETE' }), '', [400, 403]],
    [
      'another key',
      (signed) => ({ ...signed, url: signed.url.replace('.txt?', '.exe?') }),
      body,
      [403],
    ],
    [
      'another bucket',
      (signed) => ({ ...signed, url: signed.url.replace('/bucket/', '/bucke2/') }),
      body,
      [403],
    ],
    [
      'another type',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'content-type': 'text/html' } }),
      body,
      [403],
    ],
    [
      'a longer body',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'content-length': '6' } }),
      'hello!',
      [403],
    ],
    [
      'a shorter body',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'content-length': '4' } }),
      'hell',
      [403],
    ],
    ['another body', (signed) => signed, 'HELLO', [400]],
    [
      'metadata that was not signed',
      (signed) => ({ ...signed, headers: { ...signed.headers, 'x-goog-meta-more': 'x' } }),
      body,
      [400, 403],
    ],
    ['metadata left out', (signed) => without(signed, 'x-goog-meta-name'), body, [400, 403]],
    [
      'a longer life',
      (signed) => ({ ...signed, url: signed.url.replace('Expires=60', 'Expires=600') }),
      body,
      [403],
    ],
    [
      'one character changed',
      (signed) => ({ ...signed, url: changeLast(signed.url) }),
      body,
      [403],
    ],
    [
      'no query',
      (signed) => ({ ...signed, url: signed.url.split('?')[0] ?? '' }),
      body,
      [401, 403],
    ],
  ])('nothing else goes up: %s', async (_, change, sent, statuses) => {
    const changed = change(await sign(upload))
    const { status } = await send(changed, changed.method === 'DELETE' ? undefined : sent)
    expect(statuses).toContain(status)
    expect((await send(await sign(read))).status).toBe(404)
  })

  it('nothing goes up after the end', async () => {
    const signed = await sign(upload)
    now = signed.expiresAt.getTime() + 1001
    expect((await send(signed, body)).text).toContain('ExpiredToken')
  })

  it('create does not overwrite, nor does an ifMatch of another generation', async () => {
    const once = { ...upload, key: `once-${kind}`, mode: 'create' as const }
    const { headers, status } = await send(await sign(once), body)
    expect(status).toBe(200)
    expect((await send(await sign(once), body)).status).toBe(412)
    const ifMatch = headers.get('x-goog-generation') ?? ''
    expect((await send(await sign({ ...once, mode: { ifMatch } }), body)).status).toBe(200)
    expect((await send(await sign({ ...once, mode: { ifMatch } }), body)).status).toBe(412)
  })

  it('a session takes what its range allows', async () => {
    const begin = {
      action: 'resumable' as const,
      key: `session-${kind}`,
      expiresInSeconds: 60,
      contentType: 'text/plain',
      contentLengthRange: { min: 3, max: 5 },
    }
    for (const [text, status] of [
      ['hello', 200],
      ['hello!', 400],
      ['he', 400],
    ] as const) {
      const begun = await send(await sign(begin))
      expect(begun.status).toBe(201)
      const url = begun.headers.get('location') ?? ''
      expect((await send({ url, method: 'PUT', headers: {} }, text)).status).toBe(status)
    }
    const got = await send(await sign({ ...read, key: begin.key }))
    expect([got.text, got.headers.get('content-type')]).toEqual(['hello', 'text/plain'])
  })

  it.each<[string, string, number]>([
    ['image/png', 'hello', 204],
    ['text/html', 'hello', 400],
    ['image/png', 'hello, hello', 400],
  ])('a form takes %s of "%s": %i', async (type, content, status) => {
    const signed = await sign({
      action: 'form',
      key: `form-${kind}-ö`,
      expiresInSeconds: 60,
      contentLengthRange: { min: 1, max: 5 },
      contentTypePrefix: 'image/',
      metadata: { name: 'ö' },
      storageClass: 'COLDLINE',
    })
    const form = new FormData()
    for (const [name, value] of Object.entries(signed.fields ?? {})) form.append(name, value)
    form.append('Content-Type', type)
    form.append('file', new Blob([content], { type }))
    const answer = await fetch(signed.url, { method: 'POST', body: form })
    expect([answer.status, await answer.text()]).toEqual([status, expect.any(String)])
  })
})

function without(signed: Sent, name: string): Sent {
  const { [name]: _, ...headers } = signed.headers
  return { ...signed, headers }
}

function changeLast(url: string): string {
  return url.slice(0, -1) + (url.endsWith('0') ? '1' : '0')
}

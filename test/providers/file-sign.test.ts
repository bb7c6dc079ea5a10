// A folder's signed URLs, used over a real socket as a client would: what they allow is done, and whatever
// differs from what was signed is refused.

import { serve } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import { createFileDriver } from '#shared/storage/providers/file/driver.ts'
import { serveSignedFile } from '#shared/storage/providers/file/serve.ts'
import type { FileSettings } from '#shared/storage/providers/file/settings.ts'
import { createFileSigner } from '#shared/storage/providers/file/sign.ts'
import type { Presigned, SignRequest, Signer } from '#shared/storage/signer.ts'
import { digestOf } from '#shared/wire/digest.ts'
import { call, freshFolder, put, read, settingsOf, text } from './file-folder.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Served {
  driver: Driver
  signer: Signer
}

const clock = { now: Date.now() }
let serving: { settings: FileSettings; driver: Driver } | undefined
let server: ReturnType<typeof serve>
let publicUrl = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    const options = {
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request: Request) => serveSignedFile(serving!, request),
    }
    server = serve(options, (info: AddressInfo) => {
      publicUrl = `http://127.0.0.1:${info.port}`
      resolve()
    })
  })
})

afterAll(() => new Promise((resolve) => server.close(resolve)))

function open(): Served {
  clock.now = Date.now()
  const credentials = { publicUrl, signingSecret: 'a secret of this test' }
  const settings = settingsOf(freshFolder(), credentials, () => clock.now)
  serving = { settings, driver: createFileDriver(settings) }
  return { driver: serving.driver, signer: createFileSigner(settings) }
}

type Changes = { method?: string; url?: string; headers?: Record<string, string>; body?: string }

function use({ method, url, headers }: Presigned, changes: Changes = {}): Promise<Response> {
  const { 'content-length': _, ...sendable } = { ...headers, ...changes.headers }
  return fetch(changes.url ?? url, {
    method: changes.method ?? method,
    headers: sendable,
    ...(changes.body !== undefined && { body: changes.body }),
  })
}

async function status(response: Promise<Response>): Promise<number> {
  const { status: code, body } = await response
  await body?.cancel()
  return code
}

const minutes = { expiresInSeconds: 60 }

it('a URL whose signed headers are no headers is refused like any other that was tampered with', async () => {
  const { signer } = open()
  const signed = await signer.presign({ action: 'get', key: 'a', ...minutes })
  for (const name of ['a:b', '\u0000', 'ö', '(']) {
    const url = `${signed.url}&headers=${encodeURIComponent(name)}`
    expect(await status(use({ ...signed, url }))).toBe(403)
  }
})

describe('a signed GET', () => {
  it('reads the object with its headers, in ranges, and under conditions', async () => {
    const { driver, signer } = open()
    const key = 'ö/a b+c%2F?&=#.txt'
    const properties = { contentType: 'text/plain', metadata: { n: 'ä' }, cacheControl: 'no-store' }
    const { etag } = await driver.put(
      key,
      { bytes: text('0123456789') },
      { signal: call.signal, mode: 'overwrite', ...properties },
    )
    const signed = await signer.presign({ action: 'get', key, ...minutes })
    const whole = await use(signed)
    expect(whole.status).toBe(200)
    expect(await whole.text()).toBe('0123456789')
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'text/plain',
      'cache-control': 'no-store',
      'content-length': '10',
      'accept-ranges': 'bytes',
      etag: `"${etag}"`,
      'x-skein-checksum-crc32c': digestOf('crc32c', text('0123456789')),
    })
    const ranged = async (range: string) => {
      const response = await use(signed, { headers: { range } })
      return [response.status, response.headers.get('content-range'), await response.text()]
    }
    expect(await ranged('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await ranged('bytes=8-')).toEqual([206, 'bytes 8-9/10', '89'])
    expect(await ranged('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await ranged('bytes=5-900')).toEqual([206, 'bytes 5-9/10', '56789'])
    expect(await ranged('bytes=4-2')).toEqual([200, null, '0123456789'])
    expect((await ranged('bytes=10-'))[0]).toBe(416)
    expect((await ranged('bytes=10-'))[1]).toBe('bytes */10')
    expect((await ranged('bytes=-0'))[0]).toBe(416)
    const when = (headers: Record<string, string>) => status(use(signed, { headers }))
    expect(await when({ 'if-match': `"${etag}"` })).toBe(200)
    expect(await when({ 'if-match': '"other"' })).toBe(412)
    expect(await when({ 'if-none-match': `"${etag}"` })).toBe(304)
    expect(await when({ 'if-modified-since': new Date().toUTCString() })).toBe(304)
    expect(await when({ 'if-unmodified-since': new Date(0).toUTCString() })).toBe(412)
    expect(await when({ 'if-range': '"other"', range: 'bytes=0-0' })).toBe(200)
  })

  it('carries the overrides that were signed', async () => {
    const { driver, signer } = open()
    await put(driver, 'a', 'x')
    const response = {
      contentType: 'text/html; charset=utf-8',
      contentDisposition: `attachment; filename="it's (1).html"`,
    }
    const signed = await signer.presign({ action: 'get', key: 'a', response, ...minutes })
    const { headers } = await use(signed)
    expect(headers.get('content-type')).toBe(response.contentType)
    expect(headers.get('content-disposition')).toBe(response.contentDisposition)
    const url = signed.url.replace('attachment', 'inline')
    expect(await status(use(signed, { url }))).toBe(403)
  })

  it('of a range reads no other', async () => {
    const { driver, signer } = open()
    await put(driver, 'a', '0123456789')
    const range = { first: 2, last: 4 }
    const signed = await signer.presign({ action: 'get', key: 'a', range, ...minutes })
    expect(await (await use(signed)).text()).toBe('234')
    expect(await status(use(signed, { headers: { range: 'bytes=0-9' } }))).toBe(403)
    expect(await status(fetch(signed.url))).toBe(403)
  })

  it('says what is missing, and HEAD the same without a body', async () => {
    const { driver, signer } = open()
    const get = await signer.presign({ action: 'get', key: 'a', ...minutes })
    const answer = await use(get)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ title: 'not-found', status: 404 })
    await put(driver, 'a', 'x')
    const head = await signer.presign({ action: 'head', key: 'a', ...minutes })
    const described = await use(head)
    expect(described.status).toBe(200)
    expect(described.headers.get('content-length')).toBe('1')
    expect(await described.text()).toBe('')
    expect(await status(use(head, { method: 'GET' }))).toBe(403)
  })

  it('streams what is larger than any buffer', async () => {
    const { driver, signer } = open()
    const content = new Uint8Array(3_000_000).map((_, i) => i % 251)
    const signed = await signer.presign({
      action: 'put',
      key: 'a',
      contentLength: 3_000_000,
      ...minutes,
    })
    const sent = await fetch(signed.url, { method: 'PUT', body: new Blob([content]) })
    expect(sent.status).toBe(200)
    const got = await use(await signer.presign({ action: 'get', key: 'a', ...minutes }))
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(content)
    expect((await driver.head('a', call)).size).toBe(content.length)
  })
})

describe('a signed PUT', () => {
  const demand = {
    action: 'put',
    key: 'a/b',
    contentLength: 5,
    contentType: 'text/plain',
    cacheControl: 'no-cache',
    metadata: { n: 'ä  ö' },
    tags: { t: 'a&b' },
    checksum: { algorithm: 'sha256', value: digestOf('sha256', text('hello')) },
    mode: 'create',
    ...minutes,
  } as const

  it('writes what was asked for, and enforces all of it', async () => {
    const { driver, signer } = open()
    const signed = await signer.presign(demand)
    expect(signed.enforced).toEqual(['size', 'type', 'checksum', 'overwrite'])
    expect(signed.expiresAt.getTime()).toBe((Math.floor(clock.now / 1000) + 60) * 1000)
    const answer = await use(signed, { body: 'hello' })
    expect(answer.status).toBe(200)
    const info = await driver.head('a/b', call)
    expect(answer.headers.get('etag')).toBe(`"${info.etag}"`)
    expect(info).toMatchObject({
      size: 5,
      contentType: 'text/plain',
      cacheControl: 'no-cache',
      metadata: { n: 'ä  ö' },
    })
    expect(info.checksums.sha256).toBe(demand.checksum.value)
    expect(await driver.tags?.get('a/b', call)).toEqual({ t: 'a&b' })
    expect(await status(use(signed, { body: 'hello' }))).toBe(412)
  })

  it('holds for a header with spaces at its ends, which are lost on the way', async () => {
    const { driver, signer } = open()
    const spaced = { action: 'put', key: 'a', cacheControl: ' no-cache ', ...minutes } as const
    expect(await status(use(await signer.presign(spaced), { body: 'x' }))).toBe(200)
    expect((await driver.head('a', call)).cacheControl).toBe('no-cache')
  })

  it('does nothing that differs from it', async () => {
    const { driver, signer } = open()
    const signed = await signer.presign(demand)
    const { url } = signed
    const at = url.length - 10
    const other = url[at] === 'a' ? 'b' : 'a'
    const attempts: Changes[] = [
      { method: 'POST', body: 'hello' },
      { method: 'DELETE' },
      { method: 'GET' },
      { url: url.replace('a%2Fb', 'a%2Fc'), body: 'hello' },
      { url: url.replace('method=PUT', 'method=DELETE'), method: 'DELETE' },
      { url: `${url.slice(0, at)}${other}${url.slice(at + 1)}`, body: 'hello' },
      { url: url.slice(0, -1), body: 'hello' },
      { url: url.split('?')[0]!, body: 'hello' },
      { url: `${url}&key=other`, body: 'hello' },
      { url: `${url}&response-content-type=x`, body: 'hello' },
      { url: url.replace('/folder?', '/other?'), body: 'hello' },
      { url: url.replace(/expires=\d/, 'expires=9'), body: 'hello' },
      { headers: { 'content-type': 'text/html' }, body: 'hello' },
      { headers: { 'x-skein-meta-n': 'other' }, body: 'hello' },
      { headers: { 'x-skein-meta-more': '1' }, body: 'hello' },
      { headers: { 'if-none-match': '"x"' }, body: 'hello' },
      { headers: { 'cache-control': 'public' }, body: 'hello' },
      { body: 'hello!' },
      { body: 'hell' },
    ]
    for (const attempt of attempts) {
      expect([await status(use(signed, attempt)), attempt]).toEqual([403, attempt])
    }
    clock.now += 61_000
    const late = await use(signed, { body: 'hello' })
    expect(late.status).toBe(403)
    expect((await late.json()).detail).toContain('has expired')
    clock.now -= 61_000
    expect(await status(use(signed, { body: 'hullo' }))).toBe(400)
    await expect(driver.head('a/b', call)).rejects.toMatchObject({ kind: 'not-found' })
    expect(await status(use(signed, { body: 'hello' }))).toBe(200)
  })

  it('with a length takes exactly that many bytes off the wire', async () => {
    const { driver, signer } = open()
    const { url, headers } = await signer.presign({
      action: 'put',
      key: 'a',
      contentLength: 5,
      ...minutes,
    })
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = httpRequest(url, { method: 'PUT' }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      outgoing.on('error', reject)
      // No length is announced, so it goes in chunks.
      outgoing.write('hello')
      outgoing.end('more')
    })
    expect(chunked).toBe(403)
    expect(headers).toEqual({ 'content-length': '5' })
    await expect(driver.head('a', call)).rejects.toMatchObject({ kind: 'not-found' })
  })

  it('under a match replaces that content alone', async () => {
    const { driver, signer } = open()
    const { etag } = await put(driver, 'a', 'old')
    const signed = await signer.presign({
      action: 'put',
      key: 'a',
      mode: { ifMatch: etag },
      ...minutes,
    })
    expect(await status(use(signed, { body: 'new' }))).toBe(200)
    expect(await status(use(signed, { body: 'newer' }))).toBe(412)
    expect(await read(driver, 'a')).toBe('new')
  })

  it('keeps a type that the client gives where none was signed', async () => {
    const { driver, signer } = open()
    const signed = await signer.presign({ action: 'put', key: 'a', ...minutes })
    expect(signed.enforced).toEqual([])
    expect(await status(use(signed, { headers: { 'content-type': 'image/png' }, body: 'x' }))).toBe(
      200,
    )
    expect((await driver.head('a', call)).contentType).toBe('image/png')
    expect(await status(use(signed, { body: '' }))).toBe(200)
    expect((await driver.head('a', call)).size).toBe(0)
  })
})

it('signed parts join to an object, each held to its number, length and digest', async () => {
  const { driver, signer } = open()
  const uploadId = await driver.multipart!.begin('a', { signal: call.signal, mode: 'overwrite' })
  const sign = (partNumber: number) =>
    signer.presign({
      action: 'part',
      key: 'a',
      uploadId,
      partNumber,
      contentLength: 3,
      checksum: { algorithm: 'crc32', value: digestOf('crc32', text('abc')) },
      ...minutes,
    })
  const one = await sign(1)
  expect(one.enforced).toEqual(['size', 'checksum'])
  expect(await status(use(one, { body: 'abd' }))).toBe(400)
  expect(await status(use(one, { body: 'abcd' }))).toBe(403)
  expect(await status(use(one, { url: one.url.replace('part=1', 'part=2'), body: 'abc' }))).toBe(
    403,
  )
  expect(
    await status(use(one, { url: one.url.replace(/&upload=\w/, '&upload=x'), body: 'abc' })),
  ).toBe(403)
  for (const signed of [one, await sign(2)])
    expect(await status(use(signed, { body: 'abc' }))).toBe(200)
  const { parts = [] } = (await driver.multipart?.listParts?.('a', uploadId, call)) ?? {}
  await driver.multipart?.complete('a', uploadId, parts, { signal: call.signal, mode: 'overwrite' })
  expect(await read(driver, 'a')).toBe('abcabc')
  expect(await status(use(one, { body: 'abc' }))).toBe(404)
})

it('a signed DELETE under a condition deletes that content alone', async () => {
  const { driver, signer } = open()
  const { etag } = await put(driver, 'a', 'x')
  const signed = await signer.presign({ action: 'delete', key: 'a', ...minutes })
  const underMatch = (match: string) => ({ headers: { 'if-match': `"${match}"` } })
  expect(await status(use(signed, underMatch('another')))).toBe(412)
  expect(await read(driver, 'a')).toBe('x')
  expect(await status(use(signed, underMatch(etag)))).toBe(204)
})

it('a signed DELETE deletes', async () => {
  const { driver, signer } = open()
  await put(driver, 'a', 'x')
  const signed = await signer.presign({ action: 'delete', key: 'a', ...minutes })
  expect(await status(use(signed, { method: 'GET' }))).toBe(403)
  expect(await status(use(signed))).toBe(204)
  expect(await status(use(signed))).toBe(204)
})

describe('what cannot be signed', () => {
  it.each<SignRequest>([
    { action: 'resumable', key: 'a', ...minutes },
    { action: 'form', key: 'a', ...minutes },
    { action: 'get', key: 'a', version: '1', ...minutes },
    { action: 'delete', key: 'a', version: '1', ...minutes },
    { action: 'put', key: 'a', contentLengthRange: { min: 0, max: 1 }, ...minutes },
  ])('$action is refused', async (request) => {
    await expect(open().signer.presign(request)).rejects.toMatchObject({ kind: 'unsupported' })
  })

  it('says which variable to set where there is no secret', async () => {
    const signer = createFileSigner(settingsOf('/nowhere'))
    await expect(signer.presign({ action: 'get', key: 'a', ...minutes })).rejects.toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringContaining('SKEIN_SIGNING_SECRET'),
    })
  })

  it('does not accept another secret, nor tell its own', async () => {
    const { driver } = open()
    await put(driver, 'a', 'x')
    const other = settingsOf('/nowhere', { publicUrl, signingSecret: 'guessed' })
    const response = await use(
      await createFileSigner(other).presign({ action: 'get', key: 'a', ...minutes }),
    )
    expect(response.status).toBe(403)
    expect(await response.text()).not.toMatch(/guessed|a secret/)
  })
})

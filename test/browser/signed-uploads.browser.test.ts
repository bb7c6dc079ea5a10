// Signed requests from a real page of another origin, at buckets that Skein's own setup made fit for it: the
// browser sends what was signed, lets the page read what uploads need, and keeps every other origin out.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { ObjectProperties } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesOf, checksumOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { OpenPage } from './chromium.ts'
import { chromiumMissing, openPage, startChromium } from './chromium.ts'
import { openStores } from './fitted-stores.ts'
import type { FittedStore } from './fitted-stores.ts'
import { accepted, identityIn, keepsOut, refuses, send, textOf, unquoted } from './answers.ts'
import type { Bytes, Seen } from './page-requests.ts'
import { sendByXhr, submitForm } from './page-requests.ts'

const TIME_LIMIT_MS = 60_000
const FILE: Bytes = { size: 70_000, seed: 5 }
const PNG = 'image/png'

const soon = { expiresInSeconds: 60 }

const missing = chromiumMissing()
if (missing === undefined) await definePages()
else it.skip(`a page uploads by signed URLs (${missing})`, () => undefined)

async function definePages(): Promise<void> {
  const stores = await openStores(inject('servers'))
  const browser = await startChromium()
  const app = await openPage(browser)
  const stranger = await openPage(browser)
  afterAll(async () => {
    await app.close()
    await stranger.close()
    await browser.close()
    for (const one of stores) if ('store' in one) await one.close()
  })
  for (const one of stores) {
    const title = `a page and ${one.name}`
    if ('missing' in one) {
      it.skip(`${title} (${one.missing})`, () => undefined)
      continue
    }
    describe(title, { timeout: TIME_LIMIT_MS }, () => {
      defineOrigins(one, app, stranger)
      defineUploads(one.store, app.page)
      defineReads(one.store, app.page)
      defineParts(one.store, app.page)
      const { actions } = one.store.capabilities.presign!
      if (actions.includes('resumable')) defineSession(one.store, app.page)
      if (actions.includes('form')) defineForm(one.store, app.page)
    })
  }
}

/** The first makes the bucket fit for the app, for all that follow. */
function defineOrigins({ store, fit }: FittedStore, app: OpenPage, stranger: OpenPage): void {
  const upload = (key: string) => store.presign({ action: 'put', key, contentType: PNG, ...soon })
  if (fit === undefined) {
    it('lets every page in: the signature is the credential', async () => {
      const { status } = await send(stranger.page, await upload('anybody.png'), FILE)
      expect(status).toBe(200)
      await holds(store, 'anybody.png', PNG, FILE)
    })
    return
  }
  beforeAll(async () => {
    await keepsOut(app.page, await upload('early.png'), FILE)
    const steps = await fit(app.origin)
    expect(steps.map(({ what, state }) => [what, state])).toEqual([['cors', 'change']])
  })

  it('is fit for the origin, and was not before', async () => {
    expect((await fit(app.origin)).map(({ state }) => state)).toEqual(['fit'])
    expect(await store.find('early.png')).toBeUndefined()
  })

  it('keeps a page of another origin out', async () => {
    await keepsOut(stranger.page, await upload('strange.png'), FILE)
    expect(await store.find('strange.png')).toBeUndefined()
    await store.put('secret', 'not for strangers')
    await keepsOut(stranger.page, await store.presign({ action: 'get', key: 'secret', ...soon }))
  })
}

function defineUploads(store: Store, page: Page): void {
  const { capabilities } = store

  it('takes a signed PUT with a type, once', async () => {
    const key = 'once/a+b ü.png'
    const signed = await store.presign({
      ...{ action: 'put', key, ...soon, mode: 'create' },
      ...{ contentType: PNG, contentLength: FILE.size },
    })
    const seen = await send(page, signed, FILE)
    accepted(seen)
    const { etag } = await holds(store, key, PNG, FILE)
    expect(identityIn(seen)).toBe(etag)
    await refuses(store, () => send(page, signed, { ...FILE, seed: FILE.seed + 1 }))
    await holds(store, key, PNG, FILE)
  })

  it('takes all that a signed PUT can carry', async () => {
    const key = 'all.png'
    const headers: ObjectProperties = {
      ...{ contentType: PNG, cacheControl: 'max-age=60', contentLanguage: 'de' },
      ...{ contentDisposition: 'attachment; filename="a.png"', metadata: { color: 'red' } },
      ...(capabilities.tags && { tags: { kind: 'x' } }),
      ...(capabilities.classes.length > 1 && { storageClass: capabilities.classes[1] }),
    }
    const [algorithm] = capabilities.presign!.checksums
    const checksum = algorithm && checksumOf(algorithm, contentOf(FILE))
    const signed = await store.presign({ action: 'put', key, ...soon, ...headers, checksum })
    const seen = await send(page, signed, FILE)
    accepted(seen)
    const { tags: _, ...shown } = headers
    await holds(store, key, PNG, FILE)
    expect(await store.head(key)).toMatchObject(shown)
  })

  it('tells the progress of an XMLHttpRequest', async () => {
    const file = { size: 3_000_000, seed: 6 }
    const signed = await store.presign({ action: 'put', key: 'xhr.png', contentType: PNG, ...soon })
    const { status, etag, events } = await page.evaluate(sendByXhr, { signed, bytes: file })
    expect(status).toBeLessThan(300)
    expect(etag).not.toBeNull()
    const { size } = file
    expect(events.at(-1)).toEqual({ loaded: size, total: size, known: true })
    await holds(store, 'xhr.png', PNG, file)
  })

  it('takes a signed DELETE', async () => {
    await store.put('gone', 'x')
    const seen = await send(page, await store.presign({ action: 'delete', key: 'gone', ...soon }))
    accepted(seen)
    expect(await store.find('gone')).toBeUndefined()
  })
}

function defineReads(store: Store, page: Page): void {
  const key = 'read.png'
  const disposition = 'attachment; filename="picture.png"'

  it('gives a range under another disposition', async () => {
    const { etag } = await store.put(key, contentOf(FILE), { contentType: PNG })
    const range = { first: 1_000, last: 1_999 }
    const response = { contentDisposition: disposition }
    const signed = await store.presign({ action: 'get', key, ...soon, range, response })
    const seen = await send(page, signed)
    accepted(seen, 206)
    sameBytes(Uint8Array.from(seen.body), contentOf({ ...FILE, first: 1_000, end: 2_000 }))
    expect(identityIn(seen)).toBe(etag)
    expect(seen.headers).toMatchObject({
      etag: expect.stringContaining('"'),
      'content-type': PNG,
      'content-range': `bytes 1000-1999/${FILE.size}`,
      'content-disposition': disposition,
    })
  })

  it('answers a signed HEAD', async () => {
    const { etag } = await store.put(key, contentOf(FILE), { contentType: PNG })
    const seen = await send(page, await store.presign({ action: 'head', key, ...soon }))
    expect(seen.status).toBe(200)
    expect(identityIn(seen)).toBe(etag)
    expect(seen.headers).toMatchObject({
      'content-type': PNG,
      'content-length': String(FILE.size),
      'accept-ranges': 'bytes',
    })
  })
}

function defineParts(store: Store, page: Page): void {
  it('takes parts, which the store puts together', async () => {
    const key = 'parts.png'
    const { multipart } = store.groups
    const size = Math.max(store.capabilities.multipart!.minPartBytes, 65_536)
    const pieces: Bytes[] = [
      { size, seed: 7 },
      { size: 1_234, seed: 8 },
    ]
    const uploadId = await multipart.begin(key, { contentType: PNG })
    const etags: (string | undefined)[] = []
    for (const [i, bytes] of pieces.entries()) {
      const part = { uploadId, partNumber: i + 1, contentLength: bytes.size }
      const seen = await send(
        page,
        await store.presign({ action: 'part', key, ...soon, ...part }),
        bytes,
      )
      accepted(seen)
      etags.push(unquoted(seen.headers['etag']))
    }
    const parts = await multipart.listParts(key, uploadId)
    // An Azure block has no ETag: it goes by the name that it was given.
    const named = store.row.wire !== 'azure'
    expect(etags).toEqual(parts.map(({ etag }) => (named ? etag : undefined)))
    await multipart.complete(key, uploadId, parts, { contentType: PNG })
    await holds(store, key, PNG, ...pieces)
  })
}

function defineSession(store: Store, page: Page): void {
  it('takes a resumable session in chunks', async () => {
    const key = 'session.png'
    const file = { size: 600_000, seed: 9 }
    const half = 262_144
    const signed = await store.presign({ action: 'resumable', key, contentType: PNG, ...soon })
    const begun = await send(page, signed)
    accepted(begun, 201)
    const url = begun.headers['location'] ?? ''
    const chunk = (first: number, end: number): Promise<Seen> => {
      const headers = { 'content-range': `bytes ${first}-${end - 1}/${file.size}` }
      return send(page, { method: 'PUT', url, headers }, { ...file, first, end })
    }
    const { status, headers } = await chunk(0, half)
    expect({ status, range: headers['range'] }).toEqual({
      status: 308,
      range: `bytes=0-${half - 1}`,
    })
    expect(await store.find(key)).toBeUndefined()
    expect((await chunk(half, file.size)).status).toBe(200)
    await holds(store, key, PNG, file)
  })
}

function defineForm(store: Store, page: Page): void {
  it('takes a form, and no larger file than it allows', async () => {
    const key = 'form.png'
    const contentLengthRange = { min: 1, max: FILE.size }
    const more = { contentType: PNG, contentLengthRange, ...soon }
    const signed = await store.presign({ action: 'form', key, ...more })
    const larger = { ...FILE, size: FILE.size + 1 }
    await refuses(store, () => page.evaluate(submitForm, { signed, bytes: larger }))
    expect(await store.find(key)).toBeUndefined()
    const seen = await page.evaluate(submitForm, { signed, bytes: FILE })
    accepted(seen)
    // radosgw says it in the document alone, Cloud Storage in the header alone.
    expect(seen.headers['etag'] ?? textOf(seen)).toMatch(/^"|<ETag>/)
    await holds(store, key, PNG, FILE)
  })
}

function contentOf({ size, seed, first, end }: Bytes): Uint8Array<ArrayBuffer> {
  return bytesOf(size, seed).slice(first, end)
}

async function holds(store: Store, key: string, contentType: string, ...content: Bytes[]) {
  const { info, body } = await store.get(key)
  sameBytes(await readAll(body), Buffer.concat(content.map(contentOf)), `${store.name} ${key}`)
  expect(info.contentType).toBe(contentType)
  return info
}

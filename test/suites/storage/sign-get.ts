// Signed reads, used by a client without credentials, and refused for anything but what was signed.

import assert from 'node:assert/strict'
import { isStorageError } from '#shared/storage/errors.ts'
import type { SignGet } from '#shared/storage/signer.ts'
import { claims, group, shownHere, under, when } from './case.ts'
import type { Need } from './case.ts'
import { bytesOf, sameBytes, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import { freshPlace } from './harness.ts'
import type { Harness } from './harness.ts'
import { ODD_KEYS } from './keys.ts'
import { accepted, anHourAgo, forged, refused, retargeted, send, unsigned } from './signed.ts'

export const signs = (action: string): Need =>
  claims(({ presign }) => presign?.actions.some((one) => one === action))

const read = (key: string, more: Partial<SignGet> = {}): SignGet => ({
  action: 'get',
  key,
  expiresInSeconds: 60,
  ...more,
})

async function received(answer: Response): Promise<Uint8Array> {
  return new Uint8Array(await (await accepted(answer)).arrayBuffer())
}

async function withObjects(harness: Harness) {
  const place = freshPlace()
  const store = harness.open({ place })
  const bytes = bytesOf(70_000, 3)
  await store.put('signed-one', bytes, { contentType: 'text/plain' })
  await store.put('signed-two', 'the other')
  return { place, store, bytes }
}

export const signGetCases = under(
  [shownHere('signed-requests'), signs('get')],
  group('signed get', {
    async 'reads the object'(harness) {
      const { store, bytes } = await withObjects(harness)
      const signed = await store.presign(read('signed-one'))
      assert.equal(signed.method, 'GET')
      const answer = await send(harness, signed)
      assert.equal(answer.headers.get('content-type'), 'text/plain')
      sameBytes(await received(answer), bytes)
    },

    async 'ends when it says'(harness) {
      const now = 1_800_000_000_000
      const store = harness.open({ now: () => now })
      const signed = await store.presign(read('key'))
      assert.ok(signed.expiresAt.getTime() <= now + 60_000, 'lives longer than asked')
      assert.ok(signed.expiresAt.getTime() >= now + 58_000, 'lives shorter than asked')
      assert.equal(signed.expiresAtMost, false)
    },

    async 'reads every odd key'(harness) {
      const store = harness.open()
      for (const key of ODD_KEYS) {
        await store.put(key, `at ${key}`)
        const signed = await store.presign(read(key))
        sameBytes(await received(await send(harness, signed)), textBytes(`at ${key}`), key)
      }
    },

    'tells the head alone': when(signs('head'), async (harness) => {
      const { store, bytes } = await withObjects(harness)
      const signed = await store.presign(read('signed-one', { action: 'head' }))
      assert.equal(signed.method, 'HEAD')
      const answer = await accepted(await send(harness, signed))
      assert.equal(answer.headers.get('content-length'), String(bytes.length))
      assert.equal((await answer.arrayBuffer()).byteLength, 0)
    }),

    async 'answers with the headers asked for'(harness) {
      const { store } = await withObjects(harness)
      const response = {
        contentType: 'application/x-asked; charset=utf-8',
        contentDisposition: `attachment; filename="a b.txt"; filename*=UTF-8''%C3%BC.txt`,
      }
      const answer = await send(harness, await store.presign(read('signed-one', { response })))
      assert.equal(answer.headers.get('content-type'), response.contentType)
      assert.equal(answer.headers.get('content-disposition'), response.contentDisposition)
      await received(answer)
    },

    async 'answers with the rarer headers, or refuses to sign them'(harness) {
      const { store } = await withObjects(harness)
      const rarer = [
        ['cache-control', { cacheControl: 'no-store' }],
        ['content-language', { contentLanguage: 'fr' }],
      ] as const
      for (const [name, response] of rarer) {
        const signing = store.presign(read('signed-one', { response }))
        const signed = await signing.catch((error: unknown) => error)
        if (isStorageError(signed, 'unsupported')) continue
        const answer = await send(harness, await signing)
        assert.equal(answer.headers.get(name), Object.values(response)[0])
        await received(answer)
      }
    },

    async 'of which none can be changed'(harness) {
      const { store } = await withObjects(harness)
      const response = { contentType: 'text/asked' }
      const signed = await store.presign(read('signed-one', { response }))
      const url = retargeted('asked', 'other')
      await refused(await send(harness, signed, null, { url }), 'another content type')
    },

    async 'reads the range asked for'(harness) {
      const { store, bytes } = await withObjects(harness)
      const signed = await store.presign(read('signed-one', { range: { first: 100, last: 5_099 } }))
      const answer = await accepted(await send(harness, signed), 206)
      sameBytes(await received(answer), bytes.subarray(100, 5_100))
    },

    'reads the version asked for': when(
      [claims(({ versions }) => versions), shownHere('versions')],
      async (harness) => {
        const store = harness.open()
        const first = await store.put('key', 'first')
        await store.put('key', 'second')
        const signed = await store.presign(read('key', { version: first.version }))
        sameBytes(await received(await send(harness, signed)), textBytes('first'))
      },
    ),

    async 'under ifMatch reads this very content alone'(harness) {
      const store = harness.open()
      const { etag } = await store.put('key', 'old')
      const signed = await store.presign(read('key', { ifMatch: etag }))
      sameBytes(await received(await send(harness, signed)), textBytes('old'))
      await store.put('key', 'new')
      const answer = await send(harness, signed)
      assert.equal(answer.status, 412)
      await answer.text()
    },

    async 'is for no other method'(harness) {
      const { store, bytes } = await withObjects(harness)
      const signed = await store.presign(read('signed-one'))
      const headers = { 'x-ms-blob-type': 'BlockBlob' }
      const put = await send(harness, signed, textBytes('forged'), { method: 'PUT', headers })
      await refused(put, 'PUT with the URL of a GET')
      const del = await send(harness, signed, null, { method: 'DELETE' })
      await refused(del, 'DELETE with the URL of a GET')
      assert.equal((await store.head('signed-one')).size, bytes.length)
    },

    async 'is for no other key'(harness) {
      const { store } = await withObjects(harness)
      const signed = await store.presign(read('signed-one'))
      const url = retargeted('signed-one', 'signed-two')
      await refused(await send(harness, signed, null, { url }), 'another key')
    },

    async 'fails with one character of the signature changed'(harness) {
      const { store } = await withObjects(harness)
      const signed = await store.presign(read('signed-one'))
      await refused(await send(harness, signed, null, { url: forged }), 'a forged signature')
    },

    async 'fails without its query'(harness) {
      const { store } = await withObjects(harness)
      const signed = await store.presign(read('signed-one'))
      await refused(await send(harness, signed, null, { url: unsigned }), 'no query')
    },

    async 'fails once it has expired'(harness) {
      const { place } = await withObjects(harness)
      const late = harness.open({ place, now: anHourAgo })
      const signed = await late.presign(read('signed-one'))
      await refused(await send(harness, signed), 'an expired URL')
    },

    async 'is refused for a time that no URL can live'(harness) {
      const store = harness.open()
      const { maxSeconds } = harness.capabilities.presign!
      for (const expiresInSeconds of [0, -1, 1.5, maxSeconds + 1]) {
        await rejectsWith('invalid', async () => store.presign(read('key', { expiresInSeconds })))
      }
    },
  }),
)

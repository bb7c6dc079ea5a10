// Signed resumable uploads: a session that begins with a URL and goes on by its own address.

import assert from 'node:assert/strict'
import { group, shownHere, under } from './case.ts'
import { bytesOf, readAll, sameBytes, textBytes } from './content.ts'
import { signs } from './sign-get.ts'
import { accepted, forged, refused, retargeted, send, unsigned } from './signed.ts'

const soon = { expiresInSeconds: 60 }

export const signResumableCases = under(
  [shownHere('signed-requests'), signs('resumable')],
  group('signed resumable', {
    async 'a session takes the object in chunks'(harness) {
      const store = harness.open()
      const bytes = bytesOf(600_000)
      const more = { contentType: 'image/png', metadata: { a: 'x' } }
      const signed = await store.presign({ action: 'resumable', key: 'key', ...soon, ...more })
      assert.equal(signed.method, 'POST')
      const begun = await accepted(await send(harness, signed, new Uint8Array()), 201)
      const location = begun.headers.get('location')
      assert.ok(location, 'the session has no address')
      const half = 262_144
      const chunk = async (first: number, end: number): Promise<Response> => {
        const headers = { 'content-range': `bytes ${first}-${end - 1}/${bytes.length}` }
        return harness.fetch(location, { method: 'PUT', headers, body: bytes.slice(first, end) })
      }
      assert.equal((await chunk(0, half)).status, 308)
      assert.equal(await store.find('key'), undefined)
      await accepted(await chunk(half, bytes.length))
      const { info, body } = await store.get('key')
      sameBytes(await readAll(body), bytes)
      assert.equal(info.contentType, 'image/png')
      assert.deepEqual(info.metadata, { a: 'x' })
    },

    async 'holds to the length range, and creates only'(harness) {
      const store = harness.open()
      const more = { contentLengthRange: { min: 1, max: 100 }, mode: 'create' } as const
      const sessionFor = async (): Promise<string> => {
        const signed = await store.presign({ action: 'resumable', key: 'key', ...soon, ...more })
        return (await accepted(await send(harness, signed, new Uint8Array()), 201)).headers.get(
          'location',
        )!
      }
      const put = async (location: string, bytes: Uint8Array<ArrayBuffer>): Promise<Response> =>
        harness.fetch(location, { method: 'PUT', body: bytes })
      const late = await sessionFor()
      await refused(await put(await sessionFor(), bytesOf(101)), 'a longer body')
      assert.equal(await store.find('key'), undefined)
      await accepted(await put(await sessionFor(), textBytes('first')))
      await refused(await put(late, textBytes('late')), 'a second write')
      sameBytes(await readAll((await store.get('key')).body), textBytes('first'))
    },

    async 'a session begins with no other key or signature'(harness) {
      const store = harness.open()
      const signed = await store.presign({ action: 'resumable', key: 'signed-one', ...soon })
      for (const url of [retargeted('signed-one', 'signed-two'), forged, unsigned]) {
        await refused(await send(harness, signed, new Uint8Array(), { url }), 'a tampered URL')
      }
    },
  }),
)

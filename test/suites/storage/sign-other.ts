// Signed parts, deletes, browser forms and resumable uploads.

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Presigned, SignForm } from '#shared/storage/signer.ts'
import { claims, group, shownHere, under, when } from './case.ts'
import { bytesOf, readAll, sameBytes, textBytes } from './content.ts'
import type { Harness } from './harness.ts'
import { freshPlace } from './harness.ts'
import { piecesFor } from './multipart.ts'
import { HEADERS } from './put.ts'
import { signs } from './sign-get.ts'
import { enforces } from './sign-put.ts'
import { accepted, anHourAgo, forged, refused, retargeted, send, unsigned } from './signed.ts'

const soon = { expiresInSeconds: 60 }

const partCases = under(
  signs('part'),
  group('signed part', {
    'parts sent by a client are completed by Skein': when(
      claims('a list of parts', ({ multipart }) => multipart?.listParts),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const key = 'parts/a+b ü.bin'
        const properties = { ...HEADERS, metadata: { a: 'ü' } }
        const pieces = piecesFor(harness)
        const uploadId = await multipart.begin(key, properties)
        for (const [i, piece] of pieces.entries()) {
          const request = { ...soon, uploadId, partNumber: i + 1, contentLength: piece.length }
          const signed = await store.presign({ action: 'part', key, ...request })
          await accepted(await send(harness, signed, piece))
        }
        await multipart.complete(key, uploadId, await multipart.listParts(key, uploadId), properties)
        const { info, body } = await store.get(key)
        sameBytes(await readAll(body), Buffer.concat(pieces))
        assert.deepEqual(info.metadata, { a: 'ü' })
      },
    ),

    'a part holds to its size': when(enforces('size'), async (harness) => {
      const store = harness.open()
      const uploadId = await store.groups.multipart.begin('key')
      const request = { ...soon, uploadId, partNumber: 1, contentLength: 1_000 }
      const signed = await store.presign({ action: 'part', key: 'key', ...request })
      assert.ok(signed.enforced.includes('size'))
      await refused(await send(harness, signed, bytesOf(1_001)), 'a longer part')
      await accepted(await send(harness, signed, bytesOf(1_000)))
    }),

    async 'is for no other part, key or signature'(harness) {
      const place = freshPlace()
      const store = harness.open({ place })
      const key = 'signed-one'
      const uploadId = await store.groups.multipart.begin(key)
      const request = { action: 'part', key, ...soon, uploadId, partNumber: 11 } as const
      const signed = await store.presign(request)
      const other = await store.presign({ ...request, partNumber: 12 })
      const [mine, theirs] = differingValue(signed.url, other.url)
      const tampered = [
        retargeted(mine, theirs),
        retargeted('signed-one', 'signed-two'),
        forged,
        unsigned,
      ]
      // A SAS covers the blob and leaves the block open; the others sign the number.
      const first = harness.capabilities.presign!.enforces.includes('size') ? 0 : 1
      for (const url of tampered.slice(first)) {
        await refused(await send(harness, signed, bytesOf(100), { url }), 'a tampered URL')
      }
      const late = harness.open({ place, now: anHourAgo })
      await refused(await send(harness, await late.presign(request), bytesOf(100)), 'an expired URL')
    },
  }),
)

/** The first parameter in which two URLs differ, besides the signature. */
function differingValue(one: string, two: string): [string, string] {
  const pairs = two.split(/[?&]/)
  for (const [i, pair] of one.split(/[?&]/).entries()) {
    const other = pairs[i]
    if (other !== undefined && pair !== other && !/^(x-(amz|goog)-)?sig/i.test(pair)) return [pair, other]
  }
  assert.fail('the part number is not in the URL')
}

const deleteCases = under(
  signs('delete'),
  group('signed delete', {
    async 'deletes the object'(harness) {
      const store = harness.open()
      await store.put('a+b ü', 'x')
      await store.put('kept', 'x')
      const signed = await store.presign({ action: 'delete', key: 'a+b ü', ...soon })
      assert.equal(signed.method, 'DELETE')
      await accepted(await send(harness, signed))
      assert.deepEqual((await store.list()).objects.map(({ key }) => key), ['kept'])
    },

    async 'no other, and with no other signature'(harness) {
      const store = harness.open()
      for (const key of ['signed-one', 'signed-two']) await store.put(key, 'x')
      const signed = await store.presign({ action: 'delete', key: 'signed-one', ...soon })
      for (const url of [retargeted('signed-one', 'signed-two'), forged, unsigned]) {
        await refused(await send(harness, signed, null, { url }), 'a tampered URL')
      }
      assert.equal((await store.list()).objects.length, 2)
    },
  }),
)

const form = (more: Partial<SignForm> = {}): SignForm => ({
  action: 'form',
  key: 'form-one',
  ...soon,
  ...more,
})

async function submit(
  harness: Harness,
  signed: Presigned,
  bytes: Uint8Array<ArrayBuffer>,
  changed: Record<string, string> = {},
): Promise<Response> {
  const data = new FormData()
  for (const [name, value] of Object.entries({ ...signed.fields, ...changed })) data.append(name, value)
  data.append('file', new Blob([bytes]), 'file.bin')
  return harness.fetch(signed.url, { method: 'POST', body: data })
}

const formCases = under(
  signs('form'),
  group('signed form', {
    async 'a browser form stores the file'(harness) {
      const store = harness.open()
      const more = { contentType: 'image/png', metadata: { a: 'x' }, contentLengthRange: { min: 1, max: 50 } }
      const signed = await store.presign(form(more))
      assert.equal(signed.method, 'POST')
      await accepted(await submit(harness, signed, bytesOf(50)))
      const { info, body } = await store.get('form-one')
      sameBytes(await readAll(body), bytesOf(50))
      assert.equal(info.contentType, 'image/png')
      assert.deepEqual(info.metadata, { a: 'x' })
    },

    async 'a form holds to size, type, key and signature'(harness) {
      const place = freshPlace()
      const store = harness.open({ place })
      const more = { contentType: 'image/png', contentLengthRange: { min: 10, max: 50 } }
      const signed = await store.presign(form(more))
      const name = (pattern: RegExp): string => {
        return Object.keys(signed.fields ?? {}).find((field) => pattern.test(field))!
      }
      const key = signed.fields!['key']!.replace('form-one', 'form-two')
      const signature = signed.fields![name(/signature/i)]!
      const changes: [what: string, size: number, changed: Record<string, string>][] = [
        ['a longer file', 51, {}],
        ['a shorter file', 9, {}],
        ['another type', 20, { [name(/^content-type$/i)]: 'text/html' }],
        ['another key', 20, { key }],
        ['another signature', 20, { [name(/signature/i)]: `${signature.startsWith('0') ? 1 : 0}${signature.slice(1)}` }],
        ['a field of its own', 20, { 'x-amz-meta-more': 'x', 'x-goog-meta-more': 'x' }],
      ]
      for (const [what, size, changed] of changes) {
        await refused(await submit(harness, signed, bytesOf(size), changed), what)
      }
      const late = harness.open({ place, now: anHourAgo })
      await refused(await submit(harness, await late.presign(form(more)), bytesOf(20)), 'an expired form')
      assert.deepEqual((await store.list()).objects, [])
    },

    async 'a form may leave the rest of the type open'(harness) {
      const store = harness.open()
      const signed = await store.presign(form({ contentTypePrefix: 'image/' }))
      await accepted(await submit(harness, signed, bytesOf(9), { 'Content-Type': 'image/gif' }))
      assert.equal((await store.head('form-one')).contentType, 'image/gif')
      const answer = await submit(harness, signed, bytesOf(9), { 'Content-Type': 'text/html' })
      await refused(answer, 'another kind of type')
    },
  }),
)

const resumableCases = under(
  signs('resumable'),
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
        return (await accepted(await send(harness, signed, new Uint8Array()), 201)).headers.get('location')!
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

export const signOtherCases = under(shownHere('signed-requests'), [
  ...partCases,
  ...deleteCases,
  ...formCases,
  ...resumableCases,
])

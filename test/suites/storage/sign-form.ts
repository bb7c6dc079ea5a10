// Signed browser forms, held to size, type and key by their policy.

import assert from 'node:assert/strict'
import type { Presigned, SignForm } from '#shared/storage/signer.ts'
import { group, shownHere, under } from './case.ts'
import { bytesOf, readAll, sameBytes } from './content.ts'
import type { Harness } from './harness.ts'
import { freshPlace } from './harness.ts'
import { signs } from './sign-get.ts'
import { accepted, anHourAgo, refused } from './signed.ts'

const soon = { expiresInSeconds: 60 }

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
  for (const [name, value] of Object.entries({ ...signed.fields, ...changed }))
    data.append(name, value)
  data.append('file', new Blob([bytes]), 'file.bin')
  return harness.fetch(signed.url, { method: 'POST', body: data })
}

export const signFormCases = under(
  [shownHere('signed-requests'), signs('form')],
  group('signed form', {
    async 'a browser form stores the file'(harness) {
      const store = harness.open()
      const more = {
        contentType: 'image/png',
        metadata: { a: 'x' },
        contentLengthRange: { min: 1, max: 50 },
      }
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
        [
          'another signature',
          20,
          { [name(/signature/i)]: `${signature.startsWith('0') ? 1 : 0}${signature.slice(1)}` },
        ],
        ['a field of its own', 20, { 'x-amz-meta-more': 'x', 'x-goog-meta-more': 'x' }],
      ]
      for (const [what, size, changed] of changes) {
        await refused(await submit(harness, signed, bytesOf(size), changed), what)
      }
      const late = harness.open({ place, now: anHourAgo })
      await refused(
        await submit(harness, await late.presign(form(more)), bytesOf(20)),
        'an expired form',
      )
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

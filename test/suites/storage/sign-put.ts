// Signed writes: what was asked for is what gets stored, and what the plan calls enforced the provider
// really enforces, against a client that tries everything else.

import assert from 'node:assert/strict'
import type { Constraint, Presigned, SignPut } from '#shared/storage/signer.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Need } from './case.ts'
import { UNCLAIMED, claims, group, shownHere, under, when } from './case.ts'
import { bytesOf, checksumOf, readAll, sameBytes, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import { freshPlace } from './harness.ts'
import type { Harness } from './harness.ts'
import { ODD_KEYS } from './keys.ts'
import { HEADERS } from './put.ts'
import { signs } from './sign-get.ts'
import type { Change } from './signed.ts'
import {
  accepted,
  anHourAgo,
  forged,
  headerName,
  refused,
  retargeted,
  send,
  unsigned,
} from './signed.ts'

const BYTES = bytesOf(30_000, 21)

const write = (key: string, more: Partial<SignPut> = {}): SignPut => ({
  action: 'put',
  key,
  expiresInSeconds: 60,
  ...more,
})

export const enforces = (constraint: Constraint): Need =>
  claims(({ presign }) => presign?.enforces.includes(constraint))

/** The request is refused and the key still free. */
async function keptOut(
  harness: Harness,
  store: Store,
  signed: Presigned,
  what: string,
  body = BYTES,
  change: Change = {},
): Promise<void> {
  await refused(await send(harness, signed, body, change), what)
  for (const key of ['signed-one', 'signed-two']) {
    assert.equal(await store.find(key), undefined, `${what}: refused, and stored at ${key}`)
  }
}

export const signPutCases = under(
  [shownHere('signed-requests'), signs('put')],
  group('signed put', {
    async 'stores the object with all that was asked for'(harness) {
      const store = harness.open()
      const metadata = { plain: 'a value', german: 'Grüße', emoji: '🧵' }
      const signed = await store.presign(
        write('signed-one', { ...HEADERS, metadata, contentLength: BYTES.length }),
      )
      assert.equal(signed.method, 'PUT')
      await accepted(await send(harness, signed, BYTES))
      const { info, body } = await store.get('signed-one')
      sameBytes(await readAll(body), BYTES)
      assert.deepEqual(info.metadata, metadata)
      for (const [name, value] of Object.entries(HEADERS)) {
        assert.equal(info[name as keyof typeof HEADERS], value, name)
      }
    },

    async 'stores at every odd key'(harness) {
      const store = harness.open()
      for (const key of ODD_KEYS) {
        const signed = await store.presign(write(key, { contentType: 'text/plain' }))
        await accepted(await send(harness, signed, textBytes(`at ${key}`)))
        sameBytes(await readAll((await store.get(key)).body), textBytes(`at ${key}`), key)
      }
    },

    async 'stores no bytes'(harness) {
      const store = harness.open()
      const signed = await store.presign(write('empty', { contentLength: 0 }))
      await accepted(await send(harness, signed, new Uint8Array()))
      assert.equal((await store.head('empty')).size, 0)
    },

    'stores with the class asked for': when(
      [claims(({ classes }) => classes.length > 1), shownHere('classes')],
      async (harness) => {
        const store = harness.open()
        const storageClass = harness.capabilities.classes[1]!
        const signed = await store.presign(write('key', { storageClass }))
        await accepted(await send(harness, signed, BYTES))
        assert.equal((await store.head('key')).storageClass, storageClass)
      },
    ),

    'stores with the tags asked for': when(
      claims(({ tags }) => tags !== null),
      async (harness) => {
        const store = harness.open()
        const tags = { project: 'a b', kind: 'x' }
        const signed = await store.presign(write('key', { tags }))
        await accepted(await send(harness, signed, BYTES))
        assert.deepEqual(await store.groups.tags.get('key'), tags)
      },
    ),

    async 'lists as enforced nothing that was not asked for'(harness) {
      const store = harness.open()
      assert.deepEqual((await store.presign(write('key'))).enforced, [])
      const asked = { contentType: 'text/plain', contentLength: 5 }
      const { enforced } = await store.presign(write('key', asked))
      const { enforces: can } = harness.capabilities.presign!
      const expected = (['size', 'type'] as const).filter((one) => can.includes(one))
      assert.deepEqual([...enforced].toSorted(), expected)
    },

    'holds to the size': when(enforces('size'), async (harness) => {
      const store = harness.open()
      const signed = await store.presign(write('signed-one', { contentLength: BYTES.length }))
      assert.ok(signed.enforced.includes('size'))
      await keptOut(harness, store, signed, 'a longer body', bytesOf(BYTES.length + 1))
      await keptOut(harness, store, signed, 'a shorter body', bytesOf(BYTES.length - 1))
      await keptOut(harness, store, signed, 'no body', new Uint8Array())
      await accepted(await send(harness, signed, BYTES))
    }),

    'holds to the type': when(enforces('type'), async (harness) => {
      const store = harness.open()
      const signed = await store.presign(write('signed-one', { contentType: 'image/png' }))
      assert.ok(signed.enforced.includes('type'))
      const name = headerName(signed, /^content-type$/i)!
      const type = (value?: string): Change => ({ headers: { [name]: value } })
      await keptOut(harness, store, signed, 'another type', BYTES, type('text/html'))
      await keptOut(harness, store, signed, 'no type', BYTES, type())
      await accepted(await send(harness, signed, BYTES))
    }),

    'holds to the metadata': when(enforces('type'), async (harness) => {
      const store = harness.open()
      const signed = await store.presign(write('signed-one', { metadata: { owner: 'me' } }))
      const name = headerName(signed, /meta-owner$/i)!
      const owner = (value?: string): Change => ({ headers: { [name]: value } })
      await keptOut(harness, store, signed, 'other metadata', BYTES, owner('you'))
      await keptOut(harness, store, signed, 'metadata left out', BYTES, owner())
      await accepted(await send(harness, signed, BYTES))
    }),

    'holds to each digest': when(enforces('checksum'), async (harness) => {
      const store = harness.open()
      for (const algorithm of harness.capabilities.presign!.checksums) {
        const checksum = checksumOf(algorithm, BYTES)
        const signed = await store.presign(write('signed-one', { checksum }))
        assert.ok(signed.enforced.includes('checksum'), algorithm)
        await keptOut(harness, store, signed, `a wrong body, ${algorithm}`, bytesOf(30_000, 22))
        await accepted(await send(harness, signed, BYTES))
        await store.delete('signed-one')
      }
    }),

    'creates and never overwrites': when(enforces('overwrite'), async (harness) => {
      const store = harness.open()
      const signed = await store.presign(write('key', { mode: 'create' }))
      assert.ok(signed.enforced.includes('overwrite'))
      await accepted(await send(harness, signed, textBytes('first')))
      await refused(await send(harness, signed, textBytes('again')), 'a second write')
      const stripped = Object.fromEntries(
        Object.keys(signed.headers)
          .filter((name) => /if-none-match|if-generation-match/i.test(name))
          .map((name) => [name, undefined]),
      )
      const answer = await send(harness, signed, textBytes('forged'), { headers: stripped })
      await refused(answer, 'a second write without the condition')
      sameBytes(await readAll((await store.get('key')).body), textBytes('first'))
    }),

    async 'is for no other method'(harness) {
      const store = harness.open()
      const signed = await store.presign(write('signed-one'))
      await accepted(await send(harness, signed, BYTES))
      await refused(
        await send(harness, signed, null, { method: 'GET' }),
        'GET with the URL of a PUT',
      )
      const del = await send(harness, signed, null, { method: 'DELETE' })
      await refused(del, 'DELETE with the URL of a PUT')
      assert.equal((await store.head('signed-one')).size, BYTES.length)
    },

    async 'is for no other key'(harness) {
      const store = harness.open()
      const signed = await store.presign(write('signed-one'))
      const url = retargeted('signed-one', 'signed-two')
      await keptOut(harness, store, signed, 'another key', BYTES, { url })
    },

    async 'fails forged, without its query, and expired'(harness) {
      const place = freshPlace()
      const store = harness.open({ place })
      const signed = await store.presign(write('signed-one'))
      await keptOut(harness, store, signed, 'a forged signature', BYTES, { url: forged })
      await keptOut(harness, store, signed, 'no query', BYTES, { url: unsigned })
      const late = harness.open({ place, now: anHourAgo })
      await keptOut(harness, store, await late.presign(write('signed-one')), 'an expired URL')
    },

    'what cannot be put under the signature is refused': when(
      ({ capabilities }) => (capabilities.presign?.checksums.length === 6 ? UNCLAIMED : undefined),
      async (harness) => {
        const store = harness.open()
        const { checksums } = harness.capabilities.presign!
        for (const algorithm of [
          'md5',
          'crc32',
          'crc32c',
          'crc64nvme',
          'sha1',
          'sha256',
        ] as const) {
          if (checksums.includes(algorithm)) continue
          const checksum = checksumOf(algorithm, BYTES)
          await rejectsWith('unsupported', async () => store.presign(write('key', { checksum })))
        }
      },
    ),
  }),
)

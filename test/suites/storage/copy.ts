// Copies at the provider: bytes, headers and metadata travel unless they are replaced, and conditions hold.

import assert from 'node:assert/strict'
import { claims, group, under, when } from './case.ts'
import { MiB, bytesOf, readAll, sameBytes, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import { ODD_KEYS } from './keys.ts'
import { HEADERS, METADATA } from './put.ts'

const copies = claims(({ copy }) => copy !== null)

export const copyCases = under(
  copies,
  group('copy', {
    async 'everything travels'(harness) {
      const store = harness.open()
      const bytes = bytesOf(2 * MiB + 3)
      await store.put('from', bytes, { ...HEADERS, metadata: METADATA })
      const copied = await store.copy('from', 'to/here')
      const { info, body } = await store.get('to/here')
      sameBytes(await readAll(body), bytes)
      assert.equal(info.etag, copied.etag)
      assert.deepEqual(info.metadata, METADATA)
      for (const [name, value] of Object.entries(HEADERS)) {
        assert.equal(info[name as keyof typeof HEADERS], value, name)
      }
      assert.equal((await store.head('from')).size, bytes.length)
    },

    async 'gzip bytes are copied as they are'(harness) {
      const store = harness.open()
      const bytes = bytesOf(1_000)
      await store.put('from', bytes, { contentEncoding: 'gzip' })
      await store.copy('from', 'to')
      const { info, body } = await store.get('to')
      assert.equal(info.contentEncoding, 'gzip')
      sameBytes(await readAll(body), bytes)
    },

    async 'given properties replace all that travels'(harness) {
      const store = harness.open()
      await store.put('from', 'x', { ...HEADERS, metadata: { a: 'old', b: 'old' } })
      const properties = { contentType: 'image/png', metadata: { a: 'new' } }
      await store.copy('from', 'to', { properties })
      const head = await store.head('to')
      assert.equal(head.contentType, 'image/png')
      assert.deepEqual(head.metadata, { a: 'new' })
      assert.equal(head.cacheControl, undefined)
    },

    async 'an object can be copied onto itself with new metadata'(harness) {
      const store = harness.open()
      await store.put('key', 'same bytes', { metadata: { a: 'old' } })
      await store.copy('key', 'key', { properties: { metadata: { a: 'new' } } })
      const { info, body } = await store.get('key')
      assert.deepEqual(info.metadata, { a: 'new' })
      sameBytes(await readAll(body), textBytes('same bytes'))
    },

    async 'an absent source is not found'(harness) {
      const store = harness.open()
      await rejectsWith('not-found', () => store.copy('absent', 'to'))
      assert.equal(await store.find('to'), undefined)
    },

    async 'odd keys are copied to odd keys'(harness) {
      const store = harness.open()
      for (const [i, key] of ODD_KEYS.entries()) {
        await store.put(key, `from ${key}`)
        const to = `copies ${i}/${key.replace(/^\/+/, '')}`
        await store.copy(key, to)
        sameBytes(await readAll((await store.get(to)).body), textBytes(`from ${key}`), key)
      }
    },

    'ifMatch copies this very source alone': when(
      claims(({ copy }) => copy?.sourceMatch),
      async (harness) => {
        const store = harness.open()
        const old = await store.put('from', 'old')
        const now = await store.put('from', 'new')
        await rejectsWith('precondition', () =>
          store.copy({ key: 'from', ifMatch: old.etag }, 'to'),
        )
        assert.equal(await store.find('to'), undefined)
        await store.copy({ key: 'from', ifMatch: now.etag }, 'to')
        sameBytes(await readAll((await store.get('to')).body), textBytes('new'))
      },
    ),

    'create copies to a free key alone': when(
      claims(({ copy }) => copy?.create),
      async (harness) => {
        const store = harness.open()
        await store.put('from', 'from')
        await store.put('taken', 'taken')
        await rejectsWith('exists', () => store.copy('from', 'taken', { mode: 'create' }))
        sameBytes(await readAll((await store.get('taken')).body), textBytes('taken'))
        await store.copy('from', 'free', { mode: 'create' })
      },
    ),

    'a copy replaces this very destination alone': when(
      claims(({ copy }) => copy?.match),
      async (harness) => {
        const store = harness.open()
        await store.put('from', 'from')
        const old = await store.put('to', 'old')
        const now = await store.put('to', 'now')
        const mode = (etag: string) => ({ mode: { ifMatch: etag } })
        await rejectsWith('precondition', () => store.copy('from', 'to', mode(old.etag)))
        sameBytes(await readAll((await store.get('to')).body), textBytes('now'))
        await store.copy('from', 'to', mode(now.etag))
        sameBytes(await readAll((await store.get('to')).body), textBytes('from'))
      },
    ),
  }),
)

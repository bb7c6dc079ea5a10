// What is put is what is read: every size, every way to hand bytes over, and all that travels beside them.

import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import type { Body } from '#shared/storage/body.ts'
import { claims, group, shownHere, when } from './case.ts'
import { MiB, bytesOf, checksumOf, readAll, sameBytes, streamOf, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import type { Harness } from './harness.ts'

export const HEADERS = {
  contentType: 'text/plain; charset=utf-8',
  contentDisposition: 'attachment; filename="a b.txt"',
  contentLanguage: 'de-CH',
  cacheControl: 'public, max-age=60',
}

export const METADATA = {
  plain: 'a value',
  _under_score9: 'x',
  german: 'Grüße aus Zürich',
  emoji: '🧵 skein',
  spaced: '  two  spaces  ',
  looks_encoded: '=?UTF-8?B?YQ==?=',
}

async function roundTrip(harness: Harness, bytes: Uint8Array, body: Body): Promise<void> {
  const store = harness.open()
  const size = body instanceof ReadableStream ? { size: bytes.length } : {}
  const put = await store.put('file.bin', body, size)
  assert.equal(put.key, 'file.bin')
  assert.equal(put.size, bytes.length)
  const head = await store.head('file.bin')
  assert.equal(head.key, 'file.bin')
  assert.equal(head.size, bytes.length)
  assert.equal(head.etag, put.etag)
  assert.ok(Number.isFinite(head.modified.getTime()), 'head tells no time of modification')
  const { info, body: read } = await store.get('file.bin')
  assert.equal(info.size, bytes.length)
  assert.equal(info.etag, put.etag)
  sameBytes(await readAll(read), bytes)
}

function sizes(): Record<string, (harness: Harness) => Promise<void>> {
  const table = {
    'no bytes': 0,
    'one byte': 1,
    '200,001 bytes': 200_001,
    '5 MiB and a byte': 5 * MiB + 1,
  }
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, size]) => {
      const bytes = bytesOf(size, size + 7)
      return [
        [`${name} in hand`, (h: Harness) => roundTrip(h, bytes, bytes)],
        [`${name} as a stream`, (h: Harness) => roundTrip(h, bytes, streamOf(bytes))],
        [`${name} as a Blob`, (h: Harness) => roundTrip(h, bytes, new Blob([bytes]))],
      ]
    }),
  )
}

export const putCases = group('put', {
  ...sizes(),

  async 'a string is written as UTF-8'(harness) {
    const store = harness.open()
    await store.put('text', 'Grüße 🧵')
    sameBytes(await readAll((await store.get('text')).body), textBytes('Grüße 🧵'))
  },

  async 'the last write wins'(harness) {
    const store = harness.open()
    const first = await store.put('key', 'first', { metadata: { a: '1' }, ...HEADERS })
    const second = await store.put('key', 'the second')
    assert.notEqual(second.etag, first.etag)
    const { info, body } = await store.get('key')
    sameBytes(await readAll(body), textBytes('the second'))
    assert.deepEqual(info.metadata, {})
    assert.equal(info.cacheControl, undefined)
  },

  async 'content headers come back'(harness) {
    const store = harness.open()
    await store.put('key', 'x', HEADERS)
    const head = await store.head('key')
    const { info, body } = await store.get('key')
    await body.cancel()
    for (const [name, value] of Object.entries(HEADERS)) {
      assert.equal(head[name as keyof typeof HEADERS], value, `head: ${name}`)
      assert.equal(info[name as keyof typeof HEADERS], value, `get: ${name}`)
    }
  },

  async 'metadata comes back as it was'(harness) {
    const store = harness.open()
    await store.put('key', 'x', { metadata: METADATA })
    assert.deepEqual((await store.head('key')).metadata, METADATA)
    const { info, body } = await store.get('key')
    await body.cancel()
    assert.deepEqual(info.metadata, METADATA)
  },

  'an empty value of metadata comes back': when(shownHere('empty-metadata'), async (harness) => {
    const store = harness.open()
    await store.put('key', 'x', { metadata: { empty: '', full: 'x' } })
    assert.deepEqual((await store.head('key')).metadata, { empty: '', full: 'x' })
  }),

  async '2 KB of metadata fit, and a byte more than the limit does not'(harness) {
    const store = harness.open()
    const metadata = { a: 'v'.repeat(1_000), b: 'w'.repeat(2_048 - 1_002) }
    await store.put('full', 'x', { metadata })
    assert.deepEqual((await store.head('full')).metadata, metadata)
    const { maxBytes } = harness.capabilities.metadata
    await rejectsWith('too-large', () =>
      store.put('over', 'x', { metadata: { a: 'v'.repeat(maxBytes) } }),
    )
    assert.equal(await store.find('over'), undefined)
  },

  async 'metadata that cannot travel is refused'(harness) {
    const store = harness.open()
    for (const metadata of [
      { 'with-dash': 'x' },
      { Upper: 'x' },
      { '1st': 'x' },
      { a: 'line\nbreak' },
    ]) {
      await rejectsWith('invalid', () => store.put('key', 'x', { metadata }))
    }
    assert.equal(await store.find('key'), undefined)
  },

  async 'gzip stays gzip'(harness) {
    const store = harness.open()
    const zipped = new Uint8Array(gzipSync('tell me once, '.repeat(9_000)))
    await store.put('page.gz', zipped, { contentEncoding: 'gzip', contentType: 'text/html' })
    const { info, body } = await store.get('page.gz')
    assert.equal(info.contentEncoding, 'gzip')
    assert.equal(info.size, zipped.length)
    sameBytes(await readAll(body), zipped)
    const part = await store.get('page.gz', { range: { first: 10, last: 29 } })
    sameBytes(await readAll(part.body), zipped.subarray(10, 30))
  },

  async 'the caller may reuse its buffer once put has returned'(harness) {
    const store = harness.open()
    const bytes = bytesOf(10_000)
    const before = bytes.slice()
    await store.put('key', bytes)
    bytes.fill(0)
    sameBytes(await readAll((await store.get('key')).body), before)
  },

  'a right digest is taken, of every algorithm claimed': when(
    claims(({ put }) => put.checksums.length > 0),
    async (harness) => {
      const store = harness.open()
      const bytes = bytesOf(10_001)
      for (const algorithm of harness.capabilities.put.checksums) {
        const checksum = checksumOf(algorithm, bytes)
        await store.put(algorithm, bytes, { checksum })
        const told = (await store.head(algorithm)).checksums[algorithm]
        if (told !== undefined) assert.equal(told, checksum.value, `${algorithm} as head tells it`)
      }
    },
  ),

  'a wrong digest is corrupt and nothing is stored': when(
    claims(({ put }) => put.checksums.length > 0),
    async (harness) => {
      const store = harness.open()
      const bytes = bytesOf(10_001)
      for (const algorithm of harness.capabilities.put.checksums) {
        const checksum = checksumOf(algorithm, bytesOf(10_001, 2))
        for (const body of [bytes, streamOf(bytes)]) {
          await rejectsWith('corrupt', store.put(algorithm, body, { checksum, size: bytes.length }))
          assert.equal(await store.find(algorithm), undefined, `${algorithm} was stored`)
        }
      }
    },
  ),
})

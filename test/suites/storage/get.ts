// Reading: whole, in ranges, under a condition, and what is not there.

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { ByteRange } from '#shared/storage/contract.ts'
import { group } from './case.ts'
import { bytesOf, readAll, sameBytes } from './content.ts'
import { rejectsWith } from './expect.ts'

const SIZE = 100_003

const RANGES: [what: string, range: ByteRange][] = [
  ['the first byte', { first: 0, last: 0 }],
  ['the last byte', { first: SIZE - 1, last: SIZE - 1 }],
  ['open at the end', { first: 60_000 }],
  ['all of it', { first: 0, last: SIZE - 1 }],
  ['past the end', { first: SIZE - 10, last: SIZE + 1_000 }],
  ['some in the middle', { first: 1_000, last: 80_000 }],
]

export const getCases = group('get', {
  async 'ranges give their bytes and the size of the whole'(harness) {
    const store = harness.open()
    const bytes = bytesOf(SIZE)
    await store.put('key', bytes)
    for (const [what, range] of RANGES) {
      const { info, body } = await store.get('key', { range })
      assert.equal(info.size, SIZE, what)
      const end = range.last === undefined ? SIZE : range.last + 1
      sameBytes(await readAll(body), bytes.subarray(range.first, end), what)
    }
  },

  async 'a range that begins past the end is invalid'(harness) {
    const store = harness.open()
    await store.put('key', 'four')
    await rejectsWith('invalid', () => store.get('key', { range: { first: 4 } }))
    await rejectsWith('invalid', () => store.get('key', { range: { first: 9, last: 20 } }))
  },

  async 'a range that is none is refused'(harness) {
    const store = harness.open()
    await store.put('key', 'four')
    await rejectsWith('invalid', () => store.get('key', { range: { first: 2, last: 1 } }))
    await rejectsWith('invalid', () => store.get('key', { range: { first: -1 } }))
  },

  async 'under ifMatch only this very content is read'(harness) {
    const store = harness.open()
    const old = await store.put('key', 'old')
    const { body } = await store.get('key', { ifMatch: old.etag })
    assert.equal(Buffer.from(await readAll(body)).toString(), 'old')
    await store.put('key', 'new')
    const error = await rejectsWith('precondition', () => store.get('key', { ifMatch: old.etag }))
    assert.equal(error.retry, 'never')
  },

  async 'a body may be left unread'(harness) {
    const store = harness.open()
    const bytes = bytesOf(2_000_000)
    await store.put('key', bytes)
    const { body } = await store.get('key')
    const reader = body.getReader()
    assert.ok(((await reader.read()).value?.length ?? 0) > 0)
    await reader.cancel()
    sameBytes(await readAll((await store.get('key')).body), bytes)
  },

  async 'what is not there is not found'(harness) {
    const store = harness.open()
    for (const run of [() => store.head('absent'), () => store.get('absent')]) {
      const error = await rejectsWith('not-found', run)
      assert.ok(
        error.message.includes('absent'),
        `the message does not name the key: ${error.message}`,
      )
    }
    assert.equal(await store.find('absent'), undefined)
  },

  async 'a prefix of keys is no object'(harness) {
    const store = harness.open()
    await store.put('folder/file', 'x')
    await rejectsWith('not-found', () => store.head('folder'))
    await rejectsWith('not-found', () => store.get('folder/'))
  },
})

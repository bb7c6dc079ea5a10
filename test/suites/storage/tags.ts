// Tags: written with the object, read and replaced without touching it.

import assert from 'node:assert/strict'
import { claims, group, under } from './case.ts'
import { rejectsWith } from './expect.ts'

export const tagCases = under(
  claims(({ tags }) => tags !== null),
  group('tags', {
    async 'tags come with the write'(harness) {
      const store = harness.open()
      const tags = { project: 'skein', 'with space': 'a b/c+d=e', empty: '' }
      await store.put('key', 'x', { tags })
      assert.deepEqual(await store.groups.tags.get('key'), tags)
    },

    async 'an object without tags has none'(harness) {
      const store = harness.open()
      await store.put('key', 'x')
      assert.deepEqual(await store.groups.tags.get('key'), {})
    },

    async 'set replaces them all and leaves the object'(harness) {
      const store = harness.open()
      const before = await store.put('key', 'x', { tags: { a: '1', b: '2' }, metadata: { m: 'n' } })
      await store.groups.tags.set('key', { c: '3' })
      assert.deepEqual(await store.groups.tags.get('key'), { c: '3' })
      const { etag, metadata } = await store.head('key')
      assert.deepEqual(metadata, { m: 'n' })
      assert.equal(etag, before.etag)
      await store.groups.tags.set('key', {})
      assert.deepEqual(await store.groups.tags.get('key'), {})
    },

    async 'a copy carries them'(harness) {
      const store = harness.open()
      if (harness.capabilities.copy === null) return
      await store.put('from', 'x', { tags: { a: '1' } })
      await store.copy('from', 'to')
      assert.deepEqual(await store.groups.tags.get('to'), { a: '1' })
    },

    async 'more than the record allows are refused'(harness) {
      const store = harness.open()
      const most = harness.capabilities.tags!.max
      const many = Object.fromEntries(Array.from({ length: most + 1 }, (_, i) => [`t${i}`, 'v']))
      await rejectsWith('unsupported', () => store.put('key', 'x', { tags: many }))
      assert.equal(await store.find('key'), undefined)
    },

    async 'tags of what is not there are not found'(harness) {
      const store = harness.open()
      await rejectsWith('not-found', () => store.groups.tags.get('absent'))
      await rejectsWith('not-found', () => store.groups.tags.set('absent', { a: '1' }))
    },
  }),
)

// Deleting: what is there and what is not, many at once, and only if unchanged.

import assert from 'node:assert/strict'
import { claims, group, when } from './case.ts'
import { allDeleted, rejectsWith } from './expect.ts'

export const deleteCases = group('delete', {
  async 'a deleted key reads as absent'(harness) {
    const store = harness.open()
    await store.put('key', 'x')
    await store.put('key2', 'y')
    allDeleted(await store.delete('key'))
    await rejectsWith('not-found', () => store.head('key'))
    await rejectsWith('not-found', () => store.get('key'))
    assert.deepEqual(
      (await store.list()).objects.map(({ key }) => key),
      ['key2'],
    )
  },

  async 'a key that is not there counts as deleted'(harness) {
    const store = harness.open()
    allDeleted(await store.delete('absent'))
    allDeleted(await store.delete(['absent', 'absent too']))
  },

  async 'many keys take several requests and give one result each, in order'(harness) {
    const store = harness.open({ options: { capabilities: { delete: { batch: 5 } } } })
    const keys = Array.from({ length: 12 }, (_, i) => `many/${String(i).padStart(2, '0')} +%?`)
    await Promise.all(keys.filter((_, i) => i % 3 > 0).map((key) => store.put(key, key)))
    await store.put('kept', 'x')
    const results = await store.delete(keys)
    allDeleted(results)
    assert.deepEqual(
      results.map(({ key }) => key),
      keys,
    )
    assert.deepEqual(
      (await store.list()).objects.map(({ key }) => key),
      ['kept'],
    )
  },

  async 'no keys, no request'(harness) {
    const store = harness.open()
    await harness.control?.clear()
    assert.deepEqual(await store.delete([]), [])
    assert.deepEqual((await harness.control?.requests()) ?? [], [])
  },

  'ifMatch deletes this very content alone': when(
    claims((can) => can.delete.match),
    async (harness) => {
      const store = harness.open()
      const first = await store.put('key', 'first')
      const second = await store.put('key', 'second')
      const [stale] = await store.delete([{ key: 'key', ifMatch: first.etag }])
      assert.equal(stale?.error?.kind, 'precondition')
      assert.equal((await store.head('key')).etag, second.etag)
      allDeleted(await store.delete([{ key: 'key', ifMatch: second.etag }]))
      assert.equal(await store.find('key'), undefined)
    },
  ),

  'in a batch each target has its own condition': when(
    claims((can) => can.delete.match),
    async (harness) => {
      const store = harness.open()
      const a = await store.put('a', 'a')
      const b = await store.put('b', 'b')
      const results = await store.delete([
        { key: 'a', ifMatch: a.etag },
        { key: 'b', ifMatch: a.etag === b.etag ? 'other' : a.etag },
      ])
      assert.equal(results[0]?.error, undefined)
      assert.equal(results[1]?.error?.kind, 'precondition')
      assert.deepEqual(
        (await store.list()).objects.map(({ key }) => key),
        ['b'],
      )
    },
  ),
})

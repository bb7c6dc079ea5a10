// Compare-and-set is part of the write: exactly one creator, and no increment lost.

import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { claims, group, when } from './case.ts'
import { readAll } from './content.ts'
import { rejectsWith } from './expect.ts'

const creates = claims(({ put }) => put.create)
const matches = claims(({ put }) => put.match)

async function textAt(store: Store, key: string): Promise<{ text: string; etag: string }> {
  const { info, body } = await store.get(key)
  return { text: Buffer.from(await readAll(body)).toString(), etag: info.etag }
}

export const conditionCases = group('conditions', {
  'create writes a free key and finds a taken one': when(creates, async (harness) => {
    const store = harness.open()
    await store.put('key', 'mine', { mode: 'create' })
    const error = await rejectsWith('exists', () => store.put('key', 'theirs', { mode: 'create' }))
    assert.equal(error.retry, 'never')
    assert.equal((await textAt(store, 'key')).text, 'mine')
    await store.delete('key')
    await store.put('key', 'again', { mode: 'create' })
    assert.equal((await textAt(store, 'key')).text, 'again')
  }),

  'of eight that create at once exactly one wins': when(creates, async (harness) => {
    const store = harness.open()
    for (let round = 0; round < 3; round++) {
      const key = `raced-${round}`
      const tries = Array.from({ length: 8 }, (_, i) =>
        store.put(key, `writer ${i}`, { mode: 'create' }),
      )
      const results = await Promise.allSettled(tries)
      const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []))
      for (const result of results) {
        if (result.status === 'rejected')
          await rejectsWith('exists', Promise.reject(result.reason as Error))
      }
      assert.equal(winners.length, 1, `${winners.length} writers believe they created ${key}`)
      assert.equal((await textAt(store, key)).text, `writer ${winners[0]}`)
    }
  }),

  'ifMatch writes over this very content alone': when(matches, async (harness) => {
    const store = harness.open()
    const first = await store.put('key', 'first')
    const second = await store.put('key', 'second', { mode: { ifMatch: first.etag } })
    await rejectsWith('precondition', () =>
      store.put('key', 'late', { mode: { ifMatch: first.etag } }),
    )
    assert.equal((await textAt(store, 'key')).text, 'second')
    const listed = (await store.list()).objects[0]
    assert.equal(listed?.etag, second.etag, 'the ETag of a listing is not the one that writes take')
    await store.put('key', 'third', { mode: { ifMatch: listed.etag } })
  }),

  'ifMatch on a key that is free is a failed precondition': when(matches, async (harness) => {
    const store = harness.open()
    const { etag } = await store.put('key', 'gone')
    await store.delete('key')
    await rejectsWith('precondition', () => store.put('key', 'back', { mode: { ifMatch: etag } }))
    assert.equal(await store.find('key'), undefined)
  }),

  'a counter with four writers loses no increment': when(matches, async (harness) => {
    const store = harness.open()
    await store.put('counter', '0')
    const writers = Array.from({ length: 4 }, () => increments(store, 'counter', 5))
    await Promise.all(writers)
    assert.equal((await textAt(store, 'counter')).text, '20')
  }),
})

async function increments(store: Store, key: string, times: number): Promise<void> {
  for (let done = 0, tries = 0; done < times; tries++) {
    assert.ok(tries < 500, 'the condition never holds')
    const { text, etag } = await textAt(store, key)
    try {
      await store.put(key, String(Number(text) + 1), { mode: { ifMatch: etag } })
      done++
    } catch (error) {
      if (!isStorageError(error, 'precondition')) throw error
    }
  }
}

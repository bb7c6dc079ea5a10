// Retention: what is locked cannot be deleted, and the lock can be read.

import assert from 'node:assert/strict'
import { claims, group, shownHere, under } from './case.ts'
import type { Store } from '#shared/storage/store.ts'
import { allDeleted } from './expect.ts'

const DAY_MS = 86_400_000

async function deleteForGood(
  store: Store,
  key: string,
  version?: string,
): Promise<string | undefined> {
  const [result] = await store.delete([{ key, version }])
  return result?.error?.kind
}

const cases = group('retention', {
  async 'a held object cannot be deleted until it is let go'(harness) {
    const store = harness.open()
    const { version } = await store.put('key', 'x')
    const before = await store.groups.retention.get('key')
    assert.equal(before.hold, false)
    assert.equal(before.retention, undefined)
    await store.groups.retention.hold('key', true)
    assert.equal((await store.groups.retention.get('key')).hold, true)
    assert.equal(await deleteForGood(store, 'key', version), 'denied')
    await store.groups.retention.hold('key', false)
    allDeleted(await store.delete([{ key: 'key', version }]))
  },

  async 'a retained object cannot be deleted'(harness) {
    const store = harness.open()
    const { version } = await store.put('key', 'x')
    // To whole seconds, as every provider keeps it.
    const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + DAY_MS)
    await store.groups.retention.set('key', { mode: 'governance', until })
    const { retention } = await store.groups.retention.get('key')
    assert.equal(retention?.mode, 'governance')
    assert.equal(retention.until.getTime(), until.getTime())
    assert.equal(await deleteForGood(store, 'key', version), 'denied')
  },
})

export const retentionCases = under(
  [claims(({ retention }) => retention), shownHere('retention')],
  cases,
)

// Versions: what was overwritten or deleted can be read, and removed for good, by its version.

import assert from 'node:assert/strict'
import type { ObjectVersion } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { claims, group, shownHere, under } from './case.ts'
import { readAll, sameBytes, textBytes } from './content.ts'
import { allDeleted, rejectsWith } from './expect.ts'

async function versionsOf(store: Store, prefix: string, limit?: number): Promise<ObjectVersion[]> {
  const all: ObjectVersion[] = []
  let cursor: string | undefined
  do {
    const page = await store.groups.versions.list({ prefix, cursor, ...(limit && { limit }) })
    all.push(...page.versions)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

async function textAt(store: Store, key: string, version?: string): Promise<string> {
  const { body } = await store.get(key, version === undefined ? {} : { version })
  return new TextDecoder().decode(await readAll(body))
}

const cases = group('versions', {
  async 'an overwritten version can still be read'(harness) {
    const store = harness.open()
    const first = await store.put('key', 'first', { metadata: { n: '1' } })
    const second = await store.put('key', 'second', { metadata: { n: '2' } })
    assert.ok(first.version !== undefined && second.version !== undefined, 'put tells no version')
    assert.notEqual(first.version, second.version)
    assert.equal(await textAt(store, 'key', first.version), 'first')
    assert.equal(await textAt(store, 'key', second.version), 'second')
    assert.equal(await textAt(store, 'key'), 'second')
    const head = await store.head('key', { version: first.version })
    assert.deepEqual(head.metadata, { n: '1' })
    assert.equal(head.version, first.version)
  },

  async 'all versions are listed, the latest marked'(harness) {
    const store = harness.open()
    const puts = [
      await store.put('key', 'a'),
      await store.put('key', 'bb'),
      await store.put('key', 'ccc'),
    ]
    await store.put('other', 'x')
    for (const limit of [undefined, 1, 2]) {
      const all = (await versionsOf(store, '', limit)).filter(({ key }) => key === 'key')
      assert.deepEqual(new Set(all.map((v) => v.version)), new Set(puts.map((p) => p.version)))
      assert.deepEqual(
        all.filter((v) => v.latest).map((v) => v.version),
        [puts[2]?.version],
      )
      assert.deepEqual(new Set(all.map((v) => v.size)), new Set([1, 2, 3]))
    }
  },

  async 'a deleted key keeps its versions'(harness) {
    const store = harness.open()
    const put = await store.put('key', 'kept')
    allDeleted(await store.delete('key'))
    await rejectsWith('not-found', () => store.head('key'))
    assert.deepEqual((await store.list()).objects, [])
    assert.equal(await textAt(store, 'key', put.version), 'kept')
    const all = await versionsOf(store, 'key')
    const kept = all.find((v) => v.version === put.version)
    assert.equal(kept?.deleted, false)
    assert.equal(kept.latest, false)
    for (const marker of all.filter((v) => v.deleted)) assert.equal(marker.latest, true)
  },

  async 'a version deleted by name is gone for good, the others stay'(harness) {
    const store = harness.open()
    const first = await store.put('key', 'first')
    const second = await store.put('key', 'second')
    allDeleted(await store.delete([{ key: 'key', version: first.version }]))
    await rejectsWith('not-found', () => store.get('key', { version: first.version! }))
    sameBytes(await readAll((await store.get('key')).body), textBytes('second'))
    assert.deepEqual(
      (await versionsOf(store, 'key')).map((v) => v.version),
      [second.version],
    )
  },

  async 'a version that never was is not found'(harness) {
    const store = harness.open()
    const { version } = await store.put('key', 'x')
    const never = version!.replace(/[1-9a-y]/i, (c) => (c === '1' ? '2' : '1'))
    await rejectsWith(['not-found', 'invalid'], () => store.get('key', { version: never }))
  },
})

export const versionCases = under(
  [claims(({ versions }) => versions), shownHere('versions')],
  cases,
)

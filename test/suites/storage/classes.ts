// Storage classes: written, told, changed; and what is archived says so until it is restored.

import assert from 'node:assert/strict'
import type { Need } from './case.ts'
import { UNCLAIMED, claims, group, shownHere, when } from './case.ts'
import { readAll, sameBytes, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import type { Harness } from './harness.ts'
import { HEADERS } from './put.ts'

/** The class whose bytes cannot be read at once; Google's ARCHIVE can. */
function archive(harness: Harness): string | undefined {
  const { row } = harness.open()
  if (row.wire === 'gcs') return undefined
  return harness.capabilities.classes.find((name) => /^(glacier|archive)$/i.test(name))
}

const archives: Need = (harness) => (archive(harness) ? undefined : UNCLAIMED)

/** Not the first, which is what a write gets unasked, and not one that archives. */
function readable(harness: Harness): string | undefined {
  return harness.capabilities.classes.slice(1).find((name) => name !== archive(harness))
}

const changes: Need = (harness) => (readable(harness) ? undefined : UNCLAIMED)

const several = claims(({ classes }) => classes.length > 1)

export const classCases = group('classes', {
  'a class chosen at write is told': when([several, shownHere('classes')], async (harness) => {
    const store = harness.open()
    const chosen = harness.capabilities.classes[1]!
    await store.put('key', 'x', { storageClass: chosen })
    assert.equal((await store.head('key')).storageClass, chosen)
    assert.equal((await store.list()).objects[0]?.storageClass, chosen)
  }),

  'a change of class keeps everything else': when(
    [changes, shownHere('classes')],
    async (harness) => {
      const store = harness.open()
      const chosen = readable(harness)!
      await store.put('key', 'content', { ...HEADERS, metadata: { a: 'ü' } })
      await store.groups.classes.set('key', chosen)
      const { info, body } = await store.get('key')
      sameBytes(await readAll(body), textBytes('content'))
      assert.equal((await store.head('key')).storageClass, chosen)
      assert.deepEqual(info.metadata, { a: 'ü' })
      assert.equal(info.contentDisposition, HEADERS.contentDisposition)
    },
  ),

  'a class that is none is refused': when(
    claims(({ classes }) => classes.length > 0),
    async (harness) => {
      const store = harness.open()
      await rejectsWith('unsupported', () => store.put('key', 'x', { storageClass: 'SHOEBOX' }))
      assert.equal(await store.find('key'), undefined)
    },
  ),

  'an archived object is told to be, and not read': when(
    [archives, shownHere('archive')],
    async (harness) => {
      const store = harness.open()
      await store.put('key', 'frozen', { storageClass: archive(harness) })
      assert.equal((await store.head('key')).archived, true)
      const kinds = ['precondition', 'invalid', 'denied', 'unavailable', 'unsupported'] as const
      const { message } = await rejectsWith(kinds, () => store.get('key'))
      assert.match(message, /restor/i)
    },
  ),

  'a restored object can be read': when([archives, shownHere('archive')], async (harness) => {
    const store = harness.open()
    await store.put('key', 'frozen', { storageClass: archive(harness) })
    await store.groups.classes.restore('key', { days: 1 })
    const { archived, restoring } = await store.head('key')
    if (restoring) return assert.equal(archived, true)
    assert.ok(!archived, 'restored, and still told to be archived')
    sameBytes(await readAll((await store.get('key')).body), textBytes('frozen'))
  }),
})

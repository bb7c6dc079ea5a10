// Any key that Skein allows names one object, everywhere: written, read, listed, copied and deleted under
// the very same string, beside every other.

import assert from 'node:assert/strict'
import { MAX_KEY_BYTES, compareUtf8, utf8Length } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { group } from './case.ts'
import { readAll, sameBytes, textBytes } from './content.ts'
import { allDeleted, rejectsWith } from './expect.ts'

export const ODD_KEYS = [
  'a+b c/ü%25?.txt',
  'plus+plus',
  'plus plus',
  'plus%20plus',
  'plus%2Bplus',
  'percent%',
  'percent%2Fslash',
  'percent/slash',
  'slashes//twice',
  'slashes///thrice',
  'slashes/once',
  '/leading',
  '//leading',
  'trailing/',
  'trailing//',
  'trailing',
  'dots./trail.',
  'three...dots',
  '.hidden',
  '.hidden/.too',
  'tilde~',
  'quotes\'and"doubles',
  'back\\slash',
  'back/slash',
  '&=#;:@$,!*()',
  '<xml>&amp;</xml>',
  '{curly}[square]|^`',
  'emoji/🧵/👩‍👩‍👧',
  'astral/\u{10ffff}',
  'nfc/caf\u00e9',
  'nfc/cafe\u0301',
  'Case',
  'case',
  'both',
  'both/child',
  'both/child/grandchild',
  ' space around ',
  'ends with space /and more',
  'no-break\u00a0space',
  'right-to-left/\u202eabc',
  'escape__0x2f__like',
  'CON/aux.txt',
  'q?x=1&y=2',
  'deep/'.repeat(60) + 'end',
]

/** As long as a key may be here, in one segment and in many. */
function longest(store: Store): string[] {
  const room = store.capabilities.keys.maxBytes - utf8Length(store.prefix)
  const many = 'segment/'.repeat(MAX_KEY_BYTES / 8).slice(0, room - 1)
  return ['l'.repeat(room), `ü${'é'.repeat((room - 2) / 2)}`, `${many}e`]
}

const REFUSED: [why: string, key: string][] = [
  ['empty', ''],
  ['..', 'a/../b'],
  ['.. at the end', 'a/..'],
  ['.', './a'],
  ['. within', 'a/./b'],
  ['NUL', 'a\u0000b'],
  ['line feed', 'a\nb'],
  ['DEL', 'a\u007fb'],
  ['half a surrogate pair', 'a\ud800b'],
  ['too long', 'x'.repeat(MAX_KEY_BYTES + 1)],
  ['too long in bytes', 'ü'.repeat(MAX_KEY_BYTES / 2 + 1)],
  ['reserved', '.skein/ledger'],
]

export const keyCases = group('keys', {
  async 'each odd key is an object of its own'(harness) {
    const store = harness.open()
    const keys = [...ODD_KEYS, ...longest(store)]
    for (const key of keys) await store.put(key, `at ${key}`)
    for (const key of keys) {
      assert.equal((await store.head(key)).key, key)
      const { info, body } = await store.get(key)
      assert.equal(info.key, key)
      sameBytes(await readAll(body), textBytes(`at ${key}`), key)
    }
    const listed: string[] = []
    for await (const { key } of store.listAll()) listed.push(key)
    assert.deepEqual(listed.toSorted(compareUtf8), keys.toSorted(compareUtf8))
  },

  async 'deleting one odd key leaves the others'(harness) {
    const store = harness.open()
    const left = new Set(ODD_KEYS)
    for (const key of ODD_KEYS) await store.put(key, 'x')
    for (const key of ODD_KEYS) {
      if (left.size < 5) break
      allDeleted(await store.delete(key))
      left.delete(key)
      assert.equal(await store.find(key), undefined, key)
    }
    assert.deepEqual(
      (await store.list()).objects.map(({ key }) => key).toSorted(),
      [...left].toSorted(),
    )
    allDeleted(await store.delete([...ODD_KEYS]))
    assert.deepEqual((await store.list()).objects, [])
  },

  async 'keys that no store takes are refused without a request'(harness) {
    const store = harness.open()
    await harness.control?.clear()
    for (const [why, key] of REFUSED) {
      for (const run of [
        () => store.put(key, 'x'),
        () => store.get(key),
        () => store.head(key),
        () => store.delete(key),
      ]) {
        const error = await rejectsWith('invalid', run)
        assert.ok(
          error.message.length < 400,
          `${why}: a message of ${error.message.length} characters`,
        )
      }
    }
    assert.deepEqual((await harness.control?.requests()) ?? [], [])
  },

  async 'what is reserved is not shown'(harness) {
    const store = harness.open()
    await store.reserved().put('.skein/state', 'kept')
    await store.put('key', 'x')
    assert.deepEqual(
      (await store.list()).objects.map(({ key }) => key),
      ['key'],
    )
    assert.deepEqual((await store.list({ delimiter: '/' })).prefixes, [])
    assert.equal((await store.reserved().head('.skein/state')).size, 4)
  },
})

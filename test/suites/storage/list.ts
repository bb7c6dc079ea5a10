// Listing: every key once, in the order the record says, over pages, prefixes and delimiters.

import assert from 'node:assert/strict'
import { compareUtf8 } from '#shared/storage/keys.ts'
import type { ListQuery, Store } from '#shared/storage/store.ts'
import { group } from './case.ts'
import { checksumOf, textBytes } from './content.ts'
import { allDeleted } from './expect.ts'
import type { Harness } from './harness.ts'

async function fill(store: Store, keys: readonly string[], atOnce = 16): Promise<void> {
  const left = keys.values()
  const writer = async (): Promise<void> => {
    for (const key of left) await store.put(key, key)
  }
  await Promise.all(Array.from({ length: atOnce }, writer))
}

interface Walk {
  keys: string[]
  prefixes: string[]
  pages: number
}

/** All pages of a listing; a cursor that leads in a circle ends it. */
async function walk(store: Store, query: ListQuery): Promise<Walk> {
  const seen: Walk = { keys: [], prefixes: [], pages: 0 }
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, cursor })
    seen.keys.push(...page.objects.map(({ key }) => key))
    seen.prefixes.push(...page.prefixes)
    cursor = page.cursor
    if (++seen.pages > 3_000) assert.fail('the cursors of this listing lead nowhere')
  } while (cursor !== undefined)
  return seen
}

function inOrder(harness: Harness, keys: readonly string[]): string[] {
  const { order } = harness.capabilities.list
  return order === 'utf8' ? keys.toSorted(compareUtf8) : keys.toSorted()
}

const TREE = [
  'a',
  'a/b',
  'a/c/d',
  'a/c/e',
  'b/',
  'b/f',
  'ba',
  'foo/bar',
  'foo/baz/1',
  'foo/qux',
  'z',
]

export const listCases = group('list', {
  async 'an empty place lists nothing'(harness) {
    const page = await harness.open().list()
    assert.deepEqual(
      { ...page, cursor: undefined },
      { objects: [], prefixes: [], cursor: undefined },
    )
  },

  async 'a listing tells what head tells'(harness) {
    const store = harness.open()
    await store.put('key', 'twelve bytes', { contentType: 'text/plain' })
    const head = await store.head('key')
    const { objects } = await store.list()
    assert.equal(objects.length, 1)
    const [listed] = objects
    assert.equal(listed?.size, 12)
    assert.equal(listed.etag, head.etag)
    // Headers tell whole seconds, some listings tell more.
    const whole = (date: Date): number => Math.floor(date.getTime() / 1000)
    assert.equal(whole(listed.modified), whole(head.modified))
    const md5 = listed.checksums?.md5
    if (md5 !== undefined) assert.equal(md5, checksumOf('md5', textBytes('twelve bytes')).value)
  },

  async 'keys come in the order of the record, astral characters too'(harness) {
    const store = harness.open()
    const keys = [
      'B',
      'a',
      'aa',
      'a!',
      'a/',
      'é',
      'ｚ～',
      '\u{1f600}',
      '\u{e000}',
      '\u{10ffff}',
      'Z',
      '0',
      '~',
    ]
    await fill(store, keys)
    const expected = inOrder(harness, keys)
    assert.deepEqual((await walk(store, {})).keys, expected)
    assert.deepEqual((await walk(store, { limit: 1 })).keys, expected)
  },

  async 'a prefix is a plain string'(harness) {
    const store = harness.open()
    await fill(store, TREE)
    const under = async (prefix: string): Promise<string[]> => (await walk(store, { prefix })).keys
    assert.deepEqual(await under('foo/ba'), ['foo/bar', 'foo/baz/1'])
    assert.deepEqual(await under('a/c/'), ['a/c/d', 'a/c/e'])
    assert.deepEqual(await under('b'), ['b/', 'b/f', 'ba'])
    assert.deepEqual(await under('nothing'), [])
  },

  async 'a prefix may hold anything that a key may'(harness) {
    const store = harness.open()
    await fill(store, ['a+b %41/ü&=#/x', 'a+b %41/ü', 'a b A/ü&=#/x'])
    assert.deepEqual((await walk(store, { prefix: 'a+b %41/ü&' })).keys, ['a+b %41/ü&=#/x'])
  },

  async 'a delimiter folds what comes after it'(harness) {
    const store = harness.open()
    await fill(store, TREE)
    const top = await walk(store, { delimiter: '/' })
    assert.deepEqual(top.keys, ['a', 'ba', 'z'])
    assert.deepEqual(top.prefixes, ['a/', 'b/', 'foo/'])
    const below = await walk(store, { delimiter: '/', prefix: 'a/' })
    assert.deepEqual(below.keys, ['a/b'])
    assert.deepEqual(below.prefixes, ['a/c/'])
    const partial = await walk(store, { delimiter: '/', prefix: 'foo/ba' })
    assert.deepEqual(partial.keys, ['foo/bar'])
    assert.deepEqual(partial.prefixes, ['foo/baz/'])
    assert.deepEqual((await walk(store, { delimiter: '/', prefix: 'b/' })).keys, ['b/', 'b/f'])
  },

  async 'pages with a delimiter fold each prefix once'(harness) {
    const store = harness.open()
    await fill(store, TREE)
    for (const limit of [1, 2, 3]) {
      const { keys, prefixes } = await walk(store, { delimiter: '/', limit })
      assert.deepEqual(keys, ['a', 'ba', 'z'], `limit ${limit}`)
      assert.deepEqual(prefixes, ['a/', 'b/', 'foo/'], `limit ${limit}`)
    }
  },

  async 'a page holds no more than its limit'(harness) {
    const store = harness.open()
    await fill(store, TREE)
    for (const limit of [1, 3, 4, 11]) {
      const page = await store.list({ limit })
      assert.ok(
        page.objects.length <= limit,
        `${page.objects.length} objects on a page of ${limit}`,
      )
      assert.deepEqual(
        (await walk(store, { limit })).keys,
        inOrder(harness, TREE),
        `limit ${limit}`,
      )
    }
  },

  async 'after is exclusive, and need not be a key'(harness) {
    const store = harness.open()
    await fill(store, TREE)
    const after = async (start: string, limit?: number): Promise<string[]> =>
      (await walk(store, { after: start, limit })).keys
    assert.deepEqual(await after('b/'), ['b/f', 'ba', 'foo/bar', 'foo/baz/1', 'foo/qux', 'z'])
    assert.deepEqual(await after('b/', 2), ['b/f', 'ba', 'foo/bar', 'foo/baz/1', 'foo/qux', 'z'])
    assert.deepEqual(await after('foo/bb'), ['foo/qux', 'z'])
    assert.deepEqual(await after('z'), [])
    assert.deepEqual((await walk(store, { after: 'a/b', prefix: 'a/' })).keys, ['a/c/d', 'a/c/e'])
  },

  async 'pages go on correctly while keys come and go'(harness) {
    const store = harness.open()
    const keys = Array.from({ length: 30 }, (_, i) => `k${String(i).padStart(2, '0')}`)
    await fill(store, keys)
    const first = await store.list({ limit: 10 })
    allDeleted(await store.delete(['k03', 'k09']))
    await store.put('k25x', 'new')
    const rest: string[] = []
    for (let { cursor } = first; cursor !== undefined;) {
      const page = await store.list({ limit: 10, cursor })
      rest.push(...page.objects.map(({ key }) => key))
      cursor = page.cursor
    }
    const expected = [...keys, 'k25x'].toSorted().slice(first.objects.length)
    assert.deepEqual(rest, expected)
  },

  async '1,110 keys are listed once each, and deleted'(harness) {
    const store = harness.open()
    const keys = Array.from({ length: 1_110 }, (_, i) => `many/${String(i * 7).padStart(5, '0')}`)
    await fill(store, keys)
    const listed: string[] = []
    for await (const { key } of store.listAll({ prefix: 'many/' })) listed.push(key)
    assert.deepEqual(listed, keys)
    allDeleted(await store.delete(keys))
    assert.deepEqual((await store.list()).objects, [])
  },
})

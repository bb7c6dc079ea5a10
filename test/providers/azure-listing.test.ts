// Many keys, by the Azure driver against Azurite over real sockets: how they are held, listed and deleted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AzureStore } from './azure-store.ts'
import { bytes, overwrite, signal, startAzureStore } from './azure-store.ts'

let store: AzureStore

beforeAll(async () => {
  store = await startAzureStore()
})

afterAll(() => store.stop())

describe('keys', () => {
  const awkward = [
    'dot./inside',
    'dots...',
    'back\\slash',
    '/leading',
    'double//slash',
    'folder/',
    'quote\u201b005C',
    'emoji😀/é',
    'plus+percent%20&=;:@',
    'c1\u0085',
    'nonchar\uffff',
    'a '.repeat(20).trim(),
  ]

  it.each(awkward)('%j is held and listed as it is', async (key) => {
    const prefixed = `keys/${key}`
    await store.driver.put(prefixed, bytes(key), overwrite)
    expect(await store.contentOf(prefixed)).toBe(key)
    const { keys } = await store.everyKey({ prefix: prefixed })
    expect(keys).toContain(prefixed)
  })

  it('are deleted by the same names, alone and together', async () => {
    const [first, ...others] = awkward.map((key) => ({ key: `keys/${key}` }))
    await store.driver.delete([first!], { signal })
    const results = await store.driver.delete(others, { signal })
    expect(results.map((result) => result.error)).toEqual(others.map(() => undefined))
    expect((await store.everyKey({ prefix: 'keys/' })).keys).toEqual([])
  })
})

describe('listing', () => {
  const names = ['a', 'a/1', 'a/2', 'a/b/3', 'b', 'b.', 'b.c', 'é', '\uff5e', '😀']

  beforeAll(async () => {
    for (const name of names) await store.driver.put(`list/${name}`, bytes(name), overwrite)
  })

  it('pages in order of UTF-16 code units', async () => {
    const { keys } = await store.everyKey({ prefix: 'list/', limit: 3 })
    const wanted = names.map((name) => `list/${name}`)
    expect(keys).toEqual([
      ...wanted
        .filter((key) => key !== 'list/b.')
        .toSorted()
        .toSpliced(6, 0, 'list/b.'),
    ])
  })

  it('takes a prefix as a plain string', async () => {
    expect((await store.everyKey({ prefix: 'list/a' })).keys).toEqual([
      'list/a',
      'list/a/1',
      'list/a/2',
      'list/a/b/3',
    ])
    expect((await store.everyKey({ prefix: 'list/b.' })).keys.toSorted()).toEqual([
      'list/b.',
      'list/b.c',
    ])
    expect((await store.everyKey({ prefix: 'list/none' })).keys).toEqual([])
  })

  it('folds at a delimiter', async () => {
    const page = await store.everyKey({ prefix: 'list/a/', delimiter: '/', limit: 1 })
    expect(page).toEqual({ keys: ['list/a/1', 'list/a/2'], prefixes: ['list/a/b/'] })
    const top = await store.everyKey({ prefix: 'list/', delimiter: '/' })
    expect(top.prefixes).toEqual(['list/a/'])
  })

  it('begins after a key', async () => {
    const whole = await store.everyKey({ prefix: 'list/' })
    const rest = await store.everyKey({ prefix: 'list/', after: 'list/a/2', limit: 2 })
    expect(rest.keys).toEqual(whole.keys.slice(whole.keys.indexOf('list/a/2') + 1))
    const all = await store.everyKey({})
    const some = await store.everyKey({ after: 'list/b', limit: 4 })
    expect(some.keys).toEqual(all.keys.slice(all.keys.indexOf('list/b') + 1))
  })

  it('tells size, ETag, time, class and digest', async () => {
    const head = await store.driver.head('list/a', { signal })
    const { objects } = await store.driver.list({ prefix: 'list/a', limit: 1, signal })
    expect(objects[0]).toEqual({
      key: 'list/a',
      size: 1,
      etag: head.etag,
      modified: head.modified,
      storageClass: head.storageClass,
      checksums: head.checksums,
      version: undefined,
    })
  })
})

describe('deleting', () => {
  it('counts what is not there as deleted, and tells each refusal apart', async () => {
    const kept = await store.driver.put('delete/kept', bytes('1'), overwrite)
    const gone = await store.driver.put('delete/gone', bytes('1'), overwrite)
    const results = await store.driver.delete(
      [
        { key: 'delete/kept', ifMatch: `${kept.etag}0` },
        { key: 'delete/absent' },
        { key: 'delete/gone', ifMatch: gone.etag },
      ],
      { signal },
    )
    expect(results.map(({ key, error }) => [key, error?.kind])).toEqual([
      ['delete/kept', 'precondition'],
      ['delete/absent', undefined],
      ['delete/gone', undefined],
    ])
    expect((await store.everyKey({ prefix: 'delete/' })).keys).toEqual(['delete/kept'])
    const single = await store.driver.delete([{ key: 'delete/kept', ifMatch: 'x' }], { signal })
    expect(single[0]?.error?.kind).toBe('precondition')
  })

  it('takes snapshots along', async () => {
    await store.driver.put('snapped', bytes('1'), overwrite)
    await store.container.getBlobClient('snapped').createSnapshot()
    expect(await store.driver.delete([{ key: 'snapped' }], { signal })).toEqual([
      { key: 'snapped' },
    ])
  })

  it('takes 256 keys at once', async () => {
    const targets = Array.from({ length: 256 }, (_, n) => ({ key: `many/${n}` }))
    await Promise.all(
      targets.slice(0, 20).map(({ key }) => store.driver.put(key, bytes('x'), overwrite)),
    )
    const results = await store.driver.delete(targets, { signal })
    expect(results.map((result) => result.key)).toEqual(targets.map((target) => target.key))
    expect(results.filter((result) => result.error)).toEqual([])
    expect((await store.everyKey({ prefix: 'many/' })).keys).toEqual([])
  })
})

// Copies, parts, classes and tags, by the Azure driver against Azurite over real sockets. Azurite has no
// versions and no immutability: what is sent for these is in azure-errors.test.ts.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AzureStore } from './azure-store.ts'
import {
  bytes,
  failure,
  kindOf,
  overwrite,
  signal,
  startAzureStore,
  stream,
} from './azure-store.ts'

let store: AzureStore

beforeAll(async () => {
  store = await startAzureStore()
})

afterAll(() => store.stop())

describe('copying', () => {
  it('keeps what travels with the object', async () => {
    const properties = {
      contentType: 'text/x',
      metadata: { a: 'ü' },
      tags: { t: '1' },
      cacheControl: 'no-store',
    }
    await store.driver.put('copy/from', bytes('hello'), { ...overwrite, ...properties })
    await store.driver.copy({ key: 'copy/from' }, 'copy/to.', { mode: 'overwrite', signal })
    const head = await store.driver.head('copy/to.', { signal })
    expect(head).toMatchObject({
      size: 5,
      contentType: 'text/x',
      metadata: { a: 'ü' },
      cacheControl: 'no-store',
    })
    expect(await store.driver.tags!.get('copy/to.', { signal })).toEqual({ t: '1' })
    expect(await store.contentOf('copy/to.')).toBe('hello')
  })

  it('replaces all of it when told to', async () => {
    await store.driver.put('copy/from', bytes('hello'), {
      ...overwrite,
      contentType: 'text/x',
      metadata: { a: '1' },
    })
    await store.driver.copy({ key: 'copy/from' }, 'copy/new', {
      mode: 'overwrite',
      properties: { contentType: 'text/y', metadata: { b: '2' } },
      storageClass: 'Cool',
      signal,
    })
    const head = await store.driver.head('copy/new', { signal })
    expect(head).toMatchObject({
      size: 5,
      contentType: 'text/y',
      metadata: { b: '2' },
      storageClass: 'Cool',
    })
    expect(head.checksums.md5).toBe(createHash('md5').update('hello').digest('base64'))
    await store.driver.put('copy/nothing', bytes(''), overwrite)
    await store.driver.copy({ key: 'copy/nothing' }, 'copy/nothing2', {
      mode: 'overwrite',
      properties: {},
      signal,
    })
    expect(await store.contentOf('copy/nothing2')).toBe('')
  })

  it.each([undefined, { contentType: 'text/z' }])(
    'holds to its conditions (%j)',
    async (properties) => {
      const source = await store.driver.put('copy/from', bytes('hello'), overwrite)
      await store.driver.put('copy/taken', bytes('kept'), overwrite)
      const create = { mode: 'create', properties, signal } as const
      expect(await kindOf(store.driver.copy({ key: 'copy/from' }, 'copy/taken', create))).toBe(
        'exists',
      )
      expect(await store.contentOf('copy/taken')).toBe('kept')
      const changed = await failure(
        store.driver.copy({ key: 'copy/from', ifMatch: `${source.etag}0` }, 'copy/free', create),
      )
      expect(changed).toMatchObject({ kind: 'precondition', key: 'copy/from' })
      expect(await kindOf(store.driver.copy({ key: 'copy/none' }, 'copy/free', create))).toBe(
        'not-found',
      )
      await store.driver.copy(
        { key: 'copy/from', ifMatch: source.etag },
        `copy/free-${properties?.contentType}`,
        create,
      )
    },
  )
})

describe('parts', () => {
  it('become one object, in order of number, with its properties', async () => {
    const multipart = store.driver.multipart!
    const id = await multipart.begin('parts/whole', overwrite)
    const parts = [
      await multipart.part('parts/whole', id, 2, bytes('world'), { signal }),
      await multipart.part('parts/whole', id, 1, stream([Buffer.from('hello ')], 6), { signal }),
    ].toReversed()
    expect(await kindOf(store.driver.head('parts/whole', { signal }))).toBe('not-found')
    const listed = await multipart.listParts!('parts/whole', id, { signal })
    expect(listed.parts.map(({ partNumber, size }) => [partNumber, size])).toEqual([
      [1, 6],
      [2, 5],
    ])
    const done = await multipart.complete('parts/whole', id, parts, {
      ...overwrite,
      contentType: 'text/x',
      metadata: { a: 'b' },
      tags: { t: '1' },
      storageClass: 'Cool',
    })
    const head = await store.driver.head('parts/whole', { signal })
    expect(head).toMatchObject({
      size: 11,
      contentType: 'text/x',
      metadata: { a: 'b' },
      storageClass: 'Cool',
    })
    expect(done).toMatchObject({ key: 'parts/whole', size: 11, etag: head.etag })
    expect(head.checksums).toEqual({})
    expect(await store.contentOf('parts/whole')).toBe('hello world')
    expect(await kindOf(multipart.listParts!('parts/whole', id, { signal }))).toBe('not-found')
  })

  it('keep two uploads of one key apart until one is complete', async () => {
    const multipart = store.driver.multipart!
    const ids = [
      await multipart.begin('parts/two', overwrite),
      await multipart.begin('parts/two', overwrite),
    ]
    const [first, second] = await Promise.all(
      ids.map((id, n) => multipart.part('parts/two', id, 1, bytes(`upload ${n}`), { signal })),
    )
    const { uploads } = await multipart.listUploads!({ prefix: 'parts/two', signal })
    expect(uploads.map((upload) => upload.uploadId).toSorted()).toEqual(ids.toSorted())
    await multipart.complete('parts/two', ids[1]!, [second!], overwrite)
    expect(await store.contentOf('parts/two')).toBe('upload 1')
    const late = multipart.complete('parts/two', ids[0]!, [first!], overwrite)
    expect(await kindOf(late)).toBe('not-found')
    expect(await store.contentOf('parts/two')).toBe('upload 1')
  })

  it('that are missing, or out of order, are told', async () => {
    const multipart = store.driver.multipart!
    const id = await multipart.begin('parts/gap', overwrite)
    const one = await multipart.part('parts/gap', id, 1, bytes('1'), { signal })
    const two = { ...one, partNumber: 2 }
    const error = await failure(multipart.complete('parts/gap', id, [one, two], overwrite))
    expect(error.kind).toBe('invalid')
    expect(error.message).toContain('Part 2')
    expect(await kindOf(multipart.complete('parts/gap', id, [two, one], overwrite))).toBe('invalid')
    expect(await kindOf(multipart.complete('parts/gap', 'nonsense', [one], overwrite))).toBe(
      'not-found',
    )
    expect(await kindOf(multipart.complete('parts/gap', 'f'.repeat(32), [one], overwrite))).toBe(
      'not-found',
    )
  })

  it('complete under conditions', async () => {
    const multipart = store.driver.multipart!
    await store.driver.put('parts/taken', bytes('kept'), overwrite)
    const id = await multipart.begin('parts/taken', overwrite)
    const part = await multipart.part('parts/taken', id, 1, bytes('new'), { signal })
    const create = multipart.complete('parts/taken', id, [part], { mode: 'create', signal })
    expect(await kindOf(create)).toBe('exists')
    const match = multipart.complete('parts/taken', id, [part], { mode: { ifMatch: 'x' }, signal })
    expect(await kindOf(match)).toBe('precondition')
    expect(await store.contentOf('parts/taken')).toBe('kept')
  })
})

describe('classes and tags', () => {
  it('move an object to another class and back', async () => {
    const put = await store.driver.put('class', bytes('1'), overwrite)
    await store.driver.classes!.setClass('class', 'Archive', { signal })
    const head = await store.driver.head('class', { signal })
    expect(head).toMatchObject({ storageClass: 'Archive', archived: true, etag: put.etag })
    const error = await failure(store.driver.get('class', { signal }))
    expect(error.kind).toBe('invalid')
    expect(error.message).toContain('restore it')
    await store.driver.classes!.restore!('class', { signal })
    expect(await store.contentOf('class')).toBe('1')
  })

  it('set tags', async () => {
    await store.driver.put('tagged', bytes('1'), { ...overwrite, tags: { a: '1' } })
    await store.driver.tags!.set('tagged', { b: '2', c: 'x y' }, { signal })
    expect(await store.driver.tags!.get('tagged', { signal })).toEqual({ b: '2', c: 'x y' })
    await store.driver.tags!.set('tagged', {}, { signal })
    expect(await store.driver.tags!.get('tagged', { signal })).toEqual({})
  })
})

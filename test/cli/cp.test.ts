// `skein cp`: one object with all that belongs to it, a file of this machine, or all below a place.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { azureStore, gcsStore, s3Store } from '../copy/stores.ts'
import { configured, contentOf, fill } from './stores-of.ts'

const servers = inject('servers')
const open = async () => configured({ from: await s3Store(servers), to: await gcsStore(servers) })

test('copies one object with its headers and metadata, to a key or into a folder', async () => {
  const { skein, ends } = await open()
  const properties = { contentType: 'image/png', cacheControl: 'no-cache', metadata: { a: 'b' } }
  await ends.from.store.put('x/cat.png', 'meow', properties)
  const one = await skein('cp', 'from:x/cat.png', 'to:other.png')
  expect(one).toMatchObject({ code: 0, err: '' })
  expect(one.out).toMatch(/^to:other\.png {2}4 B {2}attested, \w+\n$/)
  expect(await ends.to.store.head('other.png')).toMatchObject({ ...properties, size: 4 })
  const { out } = await skein('cp', 'from:x/cat.png', 'to:in/', '--json')
  expect(JSON.parse(out)).toMatchObject({ store: 'to', key: 'in/cat.png', size: 4 })
  await skein('cp', 'from:x/cat.png', 'to')
  expect(Object.keys(await contentOf(ends.to))).toEqual(['cat.png', 'in/cat.png', 'other.png'])
})

test('takes a file of this machine, and gives one', async () => {
  const { skein, ends } = await open()
  await writeFile(join(skein.folder, 'a file#1.txt'), 'hello')
  expect((await skein('cp', './a file#1.txt', 'to:in/')).code).toBe(0)
  expect(await contentOf(ends.to)).toEqual({ 'in/a file#1.txt': 'hello' })
})

test('fails where the key is taken, when asked to, and changes nothing', async () => {
  const { skein, ends } = await open()
  await fill(ends.from, { a: 'new' })
  await fill(ends.to, { a: 'old' })
  expect(await skein('cp', 'from:a', 'to:a', '--if-absent')).toMatchObject({ code: 6 })
  expect(await contentOf(ends.to)).toEqual({ a: 'old' })
  expect((await skein('cp', 'from:a', 'to:a', '--dry-run')).out).toBe('would copy  a\n')
  expect(await contentOf(ends.to)).toEqual({ a: 'old' })
  expect(await skein('cp', 'from:a', 'to:a')).toMatchObject({ code: 0 })
  expect(await contentOf(ends.to)).toEqual({ a: 'new' })
})

test('copies all below a place, and nothing that only begins alike', async () => {
  const { skein, ends } = await open()
  await fill(ends.from, { 'p/a': 'a', 'p/b/c': 'c', p2: 'no', 'p2/d': 'no' })
  for (const source of ['from:p', 'from:p/']) {
    const { code, out } = await skein('cp', source, 'to:q')
    expect(code).toBe(0)
    expect(out).toMatch(source.endsWith('/') ? /^0 copied .* 2 the same/ : /^2 copied/)
  }
  expect(await contentOf(ends.to)).toEqual({ 'q/a': 'a', 'q/b/c': 'c' })
})

test('says that there is nothing to copy', async () => {
  const { skein } = await open()
  const { code, err } = await skein('cp', 'from:none', 'to:')
  expect({ code, err }).toEqual({
    code: 2,
    err: 'skein: There is no object "none" in from, and none below it.\n',
  })
})

test('names what could not travel', async () => {
  const { skein, ends } = await configured({
    from: await s3Store(servers),
    to: await azureStore(servers),
  })
  await ends.from.store.put('a', 'x', { tags: { colour: 'red' } })
  const { code, err } = await skein('cp', 'from:a', 'to:')
  expect(code).toBe(0)
  expect(err === '' || err.includes('tags')).toBe(true)
})

// Where objects are in a folder, beside files that people put there, links, and objects of a folder's name.

import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { parseStoreUri } from '#shared/storage/address.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import { fileSettings } from '#shared/storage/providers/file/settings.ts'
import {
  allKeys,
  call,
  create,
  freshFolder,
  openFolder,
  overwrite,
  put,
  read,
  remove,
  text,
} from './file-folder.ts'

// Every write waits for the disk several times, and a disk may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe('files put there by hand', () => {
  it('are objects', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    mkdirSync(join(root, 'a'))
    writeFileSync(join(root, 'a/b.txt'), 'by hand')
    expect(await allKeys(driver)).toEqual(['a/b.txt'])
    expect(await read(driver, 'a/b.txt')).toBe('by hand')
    const info = await driver.head('a/b.txt', call)
    expect(info).toMatchObject({ size: 7, contentType: 'application/octet-stream', metadata: {} })
    await driver.tags?.set('a/b.txt', { t: '1' }, call)
    expect((await driver.head('a/b.txt', call)).etag).toBe(info.etag)
    await driver.copy({ key: 'a/b.txt', ifMatch: info.etag }, 'c', overwrite)
    expect(await read(driver, 'c')).toBe('by hand')
  })

  it('in the place of an object do not inherit its record, unless they are that very file', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    await driver.put('a', { bytes: text('one') }, { ...overwrite, metadata: { n: '1' } })
    const { etag, modified } = await driver.head('a', call)
    writeFileSync(join(root, 'a'), 'two')
    utimesSync(join(root, 'a'), modified, new Date(modified.getTime() + 1000))
    const edited = await driver.head('a', call)
    expect(edited.metadata).toEqual({})
    expect(edited.checksums).toEqual({})
    expect(edited.etag).not.toBe(etag)
    await driver.put('b', { bytes: text('one') }, { ...overwrite, metadata: { n: '1' } })
    renameSync(join(root, 'b'), join(root, 'elsewhere'))
    renameSync(join(root, 'elsewhere'), join(root, 'b'))
    expect((await driver.head('b', call)).metadata).toEqual({ n: '1' })
  })

  it('with names that only look like ours are neither listed nor touched', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    for (const name of ['x__0x41__', '__0x2f__x', 'y'.repeat(250)]) {
      writeFileSync(join(root, name), 'mine')
      await put(driver, name, 'ours')
      expect(await read(driver, name)).toBe('ours')
      expect(readFileSync(join(root, name), 'utf8')).toBe('mine')
      await remove(driver, name)
      expect(await allKeys(driver)).toEqual([])
      expect(readFileSync(join(root, name), 'utf8')).toBe('mine')
    }
  })
})

describe('an object and a folder of one name', () => {
  it('live side by side, whichever came first', async () => {
    for (const order of [
      ['a', 'a/b', 'a/b/c', 'a/', 'a//x'],
      ['a//x', 'a/', 'a/b/c', 'a/b', 'a'],
      ['a/b', 'a//x', 'a', 'a/', 'a/b/c'],
    ]) {
      const root = freshFolder()
      const driver = openFolder(root)
      for (const key of order) {
        await driver.put(key, { bytes: text(key) }, { ...create, metadata: { key } })
      }
      const sorted = order.toSorted(compareUtf8)
      expect(await allKeys(driver)).toEqual(sorted)
      for (const key of order) {
        expect(await read(driver, key)).toBe(key)
        expect((await driver.head(key, call)).metadata).toEqual({ key })
        await expect(driver.put(key, { bytes: text('') }, create)).rejects.toMatchObject({
          kind: 'exists',
        })
      }
      for (const key of order) {
        expect(await remove(driver, key)).toBeUndefined()
        sorted.splice(sorted.indexOf(key), 1)
        expect(await allKeys(driver)).toEqual(sorted)
      }
      expect(readdirSync(root)).toEqual(['.skein'])
    }
  })

  it('stay findable while the one makes room for the other', async () => {
    const driver = openFolder(freshFolder())
    for (let round = 0; round < 10; round++) {
      const key = `k${round}`
      await put(driver, key, 'x')
      const [seen] = await Promise.all([
        Promise.all(Array.from({ length: 10 }, () => read(driver, key))),
        put(driver, `${key}/below`, 'y'),
      ])
      expect(seen).toEqual(Array.from({ length: 10 }, () => 'x'))
    }
  })

  it('survive deletes and writes of neighbours at once, folders coming and going', async () => {
    const driver = openFolder(freshFolder())
    const keys = ['d', 'd/e', 'd/e/f', 'd/e/g', 'd/h']
    await Promise.all(
      keys.map(async (key) => {
        for (let i = 0; i < 15; i++) {
          await put(driver, key, key)
          expect(await read(driver, key)).toBe(key)
          await remove(driver, key)
        }
        await put(driver, key, key)
      }),
    )
    expect(await allKeys(driver)).toEqual(keys)
    for (const key of keys) expect(await read(driver, key)).toBe(key)
  })
})

describe('links', () => {
  it('are followed by nothing', async () => {
    const outside = freshFolder()
    writeFileSync(join(outside, 'secret'), 'secret')
    const root = freshFolder()
    const driver = openFolder(root)
    await put(driver, 'real/x', 'x')
    symlinkSync(outside, join(root, 'out'))
    symlinkSync(join(outside, 'secret'), join(root, 'file'))
    symlinkSync(join(root, 'real'), join(root, 'inside'))
    expect(await allKeys(driver)).toEqual(['real/x'])
    expect(await allKeys(driver, { prefix: 'out/' })).toEqual([])
    for (const key of ['out/secret', 'file', 'inside/x']) {
      await expect(driver.head(key, call)).rejects.toMatchObject({ kind: 'not-found' })
      await expect(driver.get(key, call)).rejects.toMatchObject({ kind: 'not-found' })
      await expect(put(driver, key, 'mine')).rejects.toMatchObject({ kind: 'denied', key })
      await expect(driver.put(key, { bytes: text('') }, create)).rejects.toMatchObject({
        kind: 'denied',
      })
      await expect(driver.copy({ key }, 'copy', overwrite)).rejects.toMatchObject({
        kind: 'not-found',
      })
      expect(await remove(driver, key)).toBeUndefined()
    }
    expect(readdirSync(outside)).toEqual(['secret'])
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(readdirSync(root).toSorted()).toEqual(['.skein', 'file', 'inside', 'out', 'real'])
  })

  it('in the place of what is ours are refused', async () => {
    const outside = freshFolder()
    const root = freshFolder()
    symlinkSync(outside, join(root, '.skein'))
    await expect(put(openFolder(root), 'a', 'x')).rejects.toMatchObject({ kind: 'denied' })
    expect(readdirSync(outside)).toEqual([])
  })

  it('and dots in a key lead nowhere', async () => {
    const driver = openFolder(join(freshFolder(), 'inner'))
    for (const key of ['../x', 'a/../../x', '..', './a', 'a\0b', '']) {
      await expect(put(driver, key, 'x')).rejects.toMatchObject({ kind: 'invalid' })
      await expect(driver.head(key, call)).rejects.toMatchObject({ kind: 'invalid' })
    }
    expect(await allKeys(driver, { prefix: '../' })).toEqual([])
  })
})

describe('faults', () => {
  it('of the disk are told with what to do', async () => {
    const root = freshFolder()
    await expect(put(openFolder(root), '/'.repeat(1000), 'x')).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('path is longer than the file system allows'),
    })
    expect(readdirSync(root)).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0)(
    'of permissions are denials (skipped as root, whom nothing is forbidden)',
    async () => {
      const root = freshFolder()
      chmodSync(root, 0o500)
      await expect(put(openFolder(root), 'a', 'x')).rejects.toMatchObject({ kind: 'denied' })
    },
  )

  it('of the platform are told before anything is opened', () => {
    const address = parseStoreUri('file:./data')
    const platform = { env: {}, fileSystem: false, now: Date.now }
    const { capabilities } = address.row
    const opening = { address, name: 'folder', capabilities, options: {}, platform }
    expect(() => fileSettings(opening)).toThrow(expect.objectContaining({ kind: 'unsupported' }))
  })
})

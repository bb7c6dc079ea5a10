// Copies and uploads in parts: everything travels, and nothing is left.

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { digestOf } from '#shared/wire/digest.ts'
import {
  allKeys,
  call,
  create,
  freshFolder,
  openFolder,
  overwrite,
  put,
  read,
  text,
} from './file-folder.ts'

// Every write waits for the disk several times, and a disk may be busy.
vi.setConfig({ testTimeout: 60_000 })

const left = (root: string) => readdirSync(join(root, '.skein/unfinished'))
describe('copying', () => {
  it('takes everything along, or what is given instead', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    const given = { contentType: 'text/plain', metadata: { n: '1' }, tags: { t: '1' } }
    await driver.put('a', { bytes: text('x') }, { ...overwrite, ...given })
    await driver.copy({ key: 'a' }, 'b', overwrite)
    const { checksums } = await driver.head('a', call)
    const copied = { contentType: 'text/plain', metadata: { n: '1' }, checksums }
    expect(await driver.head('b', call)).toMatchObject(copied)
    expect(await driver.tags?.get('b', call)).toEqual({ t: '1' })
    await driver.copy({ key: 'a' }, 'a', { ...overwrite, properties: { metadata: { n: '2' } } })
    expect(await driver.head('a', call)).toMatchObject({ metadata: { n: '2' }, checksums })
    expect(await driver.tags?.get('a', call)).toEqual({})
    await expect(driver.copy({ key: 'a' }, 'b', create)).rejects.toMatchObject({ kind: 'exists' })
    await expect(driver.copy({ key: 'a', ifMatch: 'no' }, 'c', overwrite)).rejects.toMatchObject({
      kind: 'precondition',
      key: 'a',
    })
    expect(left(root)).toEqual([])
  })
})

describe('uploads in parts', () => {
  it('join what was sent last of each, and leave nothing', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    const parts = driver.multipart!
    const id = await parts.begin('big', { ...overwrite, metadata: { n: '1' } })
    const send = (n: number, content: string) =>
      parts.part('big', id, n, { bytes: text(content) }, call)
    const three = await send(3, 'c')
    const stale = await send(1, 'stale')
    const one = await send(1, 'a')
    const checksum = { algorithm: 'md5', value: digestOf('md5', text('b')) } as const
    const two = await parts.part('big', id, 2, { bytes: text('b') }, { ...call, checksum })
    await expect(
      parts.part('big', id, 4, { bytes: text('x') }, { ...call, checksum }),
    ).rejects.toMatchObject({ kind: 'corrupt' })
    expect((await parts.listParts?.('big', id, call))?.parts).toEqual([one, two, three])
    expect((await parts.listUploads?.(call))?.uploads).toMatchObject([{ key: 'big', uploadId: id }])
    expect((await parts.listUploads?.({ ...call, prefix: 'x' }))?.uploads).toEqual([])
    expect(await allKeys(driver)).toEqual([])
    for (const wrong of [[stale, two, three], [two, one, three], [{ ...one, partNumber: 9 }]]) {
      await expect(parts.complete('big', id, wrong, overwrite)).rejects.toMatchObject({
        kind: 'invalid',
      })
    }
    const whole = { algorithm: 'sha1', value: digestOf('sha1', text('abc')) } as const
    await parts.complete('big', id, [one, two, three], { ...create, checksum: whole })
    expect(await read(driver, 'big')).toBe('abc')
    expect((await driver.head('big', call)).metadata).toEqual({ n: '1' })
    await expect(parts.listParts?.('big', id, call)).rejects.toMatchObject({ kind: 'not-found' })
    await expect(send(1, 'late')).rejects.toMatchObject({ kind: 'not-found' })
    expect(left(root)).toEqual([])
    expect(readdirSync(join(root, '.skein/uploads'))).toEqual([])
  })

  it('that lose their condition can be completed otherwise, or aborted twice', async () => {
    const driver = openFolder(freshFolder())
    const parts = driver.multipart!
    await put(driver, 'a', 'taken')
    const id = await parts.begin('a', overwrite)
    const one = await parts.part('a', id, 1, { bytes: text('x') }, call)
    await expect(parts.complete('a', id, [one], create)).rejects.toMatchObject({ kind: 'exists' })
    await parts.complete('a', id, [one], overwrite)
    const other = await parts.begin('a', overwrite)
    await parts.abort('a', other, call)
    await parts.abort('a', other, call)
    await parts.abort('a', '../../a', call)
    expect((await parts.listUploads?.(call))?.uploads).toEqual([])
    expect(await read(driver, 'a')).toBe('x')
  })

  it('do not join a part that was sent again on the way', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    const parts = driver.multipart!
    const id = await parts.begin('a', overwrite)
    const one = await parts.part('a', id, 1, { bytes: text('x') }, call)
    const two = await parts.part('a', id, 2, { bytes: text('y') }, call)
    const { signal } = new AbortController()
    // Listened to when the first part is opened, and the second has been looked at.
    vi.spyOn(signal, 'addEventListener').mockImplementationOnce(() => {
      writeFileSync(join(root, '.skein/uploads', id, '00002'), 'other')
    })
    const joining = parts.complete('a', id, [one, two], { mode: 'overwrite', signal })
    await expect(joining).rejects.toMatchObject({ kind: 'invalid' })
    expect(await allKeys(driver)).toEqual([])
    expect(left(root)).toEqual([])
  })
})

// Writing to a folder and reading from it: all or nothing, conditions, ranges, and nothing left behind.

import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
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
  remove,
  text,
} from './file-folder.ts'

// Every write waits for the disk several times, and a disk may be busy.
vi.setConfig({ testTimeout: 60_000 })

const left = (root: string) => readdirSync(join(root, '.skein/unfinished'))
const records = (root: string) =>
  readdirSync(join(root, '.skein/records'), { recursive: true }).filter((name) =>
    String(name).endsWith('.json'),
  )

describe('writing', () => {
  it('makes the folder at the first write, and plain files in it', async () => {
    const root = join(freshFolder(), 'not/yet')
    const driver = openFolder(root)
    expect(await allKeys(driver)).toEqual([])
    expect(existsSync(root)).toBe(false)
    await put(driver, 'photos/cat.jpg', 'meow')
    expect(readFileSync(join(root, 'photos/cat.jpg'), 'utf8')).toBe('meow')
  })

  it('keeps everything that travels with an object', async () => {
    const driver = openFolder(freshFolder())
    const properties = {
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      contentDisposition: 'attachment',
      contentLanguage: 'de',
      cacheControl: 'no-store',
    }
    const checksum = { algorithm: 'sha256', value: digestOf('sha256', text('x')) } as const
    const given = { ...properties, metadata: { über: 'ä' }, tags: { t: '1' }, checksum }
    const { etag } = await driver.put('a', { bytes: text('x') }, { ...overwrite, ...given })
    const info = await driver.head('a', call)
    expect(info).toMatchObject({ key: 'a', size: 1, etag, ...properties, metadata: { über: 'ä' } })
    expect(info.checksums).toEqual({
      sha256: checksum.value,
      crc32c: digestOf('crc32c', text('x')),
    })
    expect(await driver.tags?.get('a', call)).toEqual({ t: '1' })
    await driver.tags?.set('a', { u: '2' }, call)
    expect(await driver.tags?.get('a', call)).toEqual({ u: '2' })
    expect(await driver.head('a', call)).toEqual(info)
  })

  it('refuses a wrong digest or length and leaves nothing but what was', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    await put(driver, 'a', 'old')
    const checksum = { algorithm: 'md5', value: digestOf('md5', text('other')) } as const
    await expect(
      driver.put('a', { bytes: text('new') }, { ...overwrite, checksum }),
    ).rejects.toMatchObject({ kind: 'corrupt', store: 'folder', key: 'a' })
    for (const size of [2, 4]) {
      const stream = new Blob(['new']).stream()
      await expect(driver.put('a', { stream, size }, overwrite)).rejects.toMatchObject({
        kind: 'invalid',
      })
    }
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error('the caller went away'))
      },
    })
    await expect(driver.put('a', { stream: broken }, overwrite)).rejects.toThrow('went away')
    expect(await read(driver, 'a')).toBe('old')
    expect(left(root)).toEqual([])
    expect(records(root)).toHaveLength(1)
  })

  it('leaves nothing either where its own folders are broken', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    await put(driver, 'a', 'old')
    for (const name of ['records', 'uploads']) {
      rmSync(join(root, '.skein', name), { recursive: true })
      writeFileSync(join(root, '.skein', name), '')
    }
    await expect(put(driver, 'b', 'new')).rejects.toThrow('ENOTDIR')
    await expect(driver.tags?.set('a', { t: '1' }, call)).rejects.toThrow('ENOTDIR')
    await expect(driver.multipart?.begin('b', overwrite)).rejects.toThrow('ENOTDIR')
    expect(left(root)).toEqual([])
    expect(await allKeys(driver)).toEqual(['a'])
  })

  it('ends when the signal does, though the stream stands still', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    const stop = new AbortController()
    let wasAsked = () => {}
    const asked = new Promise<void>((resolve) => {
      wasAsked = resolve
    })
    const stream = new ReadableStream<Uint8Array>({ pull: () => wasAsked() })
    const writing = driver.put('a', { stream }, { mode: 'overwrite', signal: stop.signal })
    await asked
    stop.abort(new Error('enough'))
    await expect(writing).rejects.toThrow('enough')
    expect(left(root)).toEqual([])
  })

  it('replaces a record together with its file', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    for (const n of ['1', '2', '3']) {
      await driver.put('a', { bytes: text(n) }, { ...overwrite, metadata: { n } })
      expect((await driver.head('a', call)).metadata).toEqual({ n })
    }
    expect(records(root)).toHaveLength(1)
    expect(await remove(driver, 'a')).toBeUndefined()
    expect(records(root)).toEqual([])
    expect(left(root)).toEqual([])
  })

  it('goes on when someone has emptied the whole folder', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    await put(driver, 'a', '1')
    rmSync(root, { recursive: true })
    await put(driver, 'b', '2')
    expect(await allKeys(driver)).toEqual(['b'])
  })
})

describe('conditions', () => {
  it('hold for create and for match', async () => {
    const driver = openFolder(freshFolder())
    const first = await driver.put('a', { bytes: text('1') }, create)
    await expect(driver.put('a', { bytes: text('2') }, create)).rejects.toMatchObject({
      kind: 'exists',
    })
    const ifFirst = { signal: call.signal, mode: { ifMatch: first.etag } }
    const second = await driver.put('a', { bytes: text('2') }, ifFirst)
    expect(second.etag).not.toBe(first.etag)
    await expect(driver.put('a', { bytes: text('3') }, ifFirst)).rejects.toMatchObject({
      kind: 'precondition',
    })
    await expect(driver.put('b', { bytes: text('3') }, ifFirst)).rejects.toMatchObject({
      kind: 'precondition',
    })
    await expect(driver.get('a', { ...call, ifMatch: first.etag })).rejects.toMatchObject({
      kind: 'precondition',
    })
    expect(await remove(driver, 'a', first.etag)).toBe('precondition')
    expect(await remove(driver, 'a', second.etag)).toBeUndefined()
    expect(await remove(driver, 'a', second.etag)).toBeUndefined()
  })

  it('tell two writes of the same bytes apart, however fast', async () => {
    const driver = openFolder(freshFolder())
    const etags = new Set<string>()
    for (let i = 0; i < 20; i++) etags.add((await put(driver, 'a', 'x')).etag)
    expect(etags.size).toBe(20)
  })

  it('let one of many creates win, and no increment be lost', async () => {
    const root = freshFolder()
    const drivers = Array.from({ length: 4 }, () => openFolder(root))
    const results = await Promise.allSettled(
      drivers.map((driver, i) => driver.put('a', { bytes: text(String(i)) }, create)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await put(drivers[0]!, 'n', '0')
    await Promise.all(drivers.map((driver) => increment(driver, 5)))
    expect(await read(drivers[0]!, 'n')).toBe('20')
  })
})

async function increment(driver: ReturnType<typeof openFolder>, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const { info, body } = await driver.get('n', call)
    const next = String(Number(await new Response(body).text()) + 1)
    const mode = { ifMatch: info.etag }
    const writing = driver.put('n', { bytes: text(next) }, { signal: call.signal, mode })
    const won = await writing.then(
      () => true,
      () => false,
    )
    if (won) done += 1
  }
}

describe('reading', () => {
  it('gives ranges, and says when one begins past the end', async () => {
    const driver = openFolder(freshFolder())
    const content = new Uint8Array(700_000).map((_, i) => i % 251)
    await driver.put('a', { stream: new Blob([content]).stream() }, overwrite)
    const part = async (range: { first: number; last?: number }) => {
      const { info, body } = await driver.get('a', { ...call, range })
      expect(info.size).toBe(content.length)
      return new Uint8Array(await new Response(body).arrayBuffer())
    }
    expect(await part({ first: 0, last: 0 })).toEqual(content.subarray(0, 1))
    expect(await part({ first: 1000, last: 599_999 })).toEqual(content.subarray(1000, 600_000))
    expect(await part({ first: 699_999 })).toEqual(content.subarray(699_999))
    expect(await part({ first: 5, last: 9_000_000 })).toEqual(content.subarray(5))
    await expect(driver.get('a', { ...call, range: { first: 700_000 } })).rejects.toMatchObject({
      kind: 'invalid',
    })
  })

  it('goes on with the object it began with, whatever is written meanwhile', async () => {
    const driver = openFolder(freshFolder())
    const content = 'a'.repeat(1_000_000)
    await put(driver, 'a', content)
    const { body } = await driver.get('a', call)
    const reader = body.getReader()
    const first = await reader.read()
    await put(driver, 'a', 'b'.repeat(1_000_000))
    let length = first.value?.length ?? 0
    let isPure = true
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length
      isPure &&= next.value.every((byte) => byte === 97)
    }
    expect({ length, isPure }).toEqual({ length: content.length, isPure: true })
  })

  it.runIf(existsSync('/proc/self/fd'))('closes the file when nobody wants more', async () => {
    const root = freshFolder()
    const driver = openFolder(root)
    await put(driver, 'a', 'a'.repeat(1_000_000))
    const isOpen = () =>
      readdirSync('/proc/self/fd').some((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(root, 'a'))
        } catch {
          return false
        }
      })
    const cancelled = (await driver.get('a', call)).body
    expect(isOpen()).toBe(true)
    await cancelled.cancel()
    expect(isOpen()).toBe(false)
    const stop = new AbortController()
    const { body } = await driver.get('a', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(body.getReader().read()).rejects.toThrow('enough')
    await expect.poll(isOpen).toBe(false)
    expect(await read(driver, 'a')).toHaveLength(1_000_000)
    expect(isOpen()).toBe(false)
  })
})

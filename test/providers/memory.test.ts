// What is the memory store's own: nothing aliased, shared by name, versions, archive and retention by the
// platform's clock. The conformance suite holds it to the rest of the contract.

import { describe, expect, it } from 'vitest'
import type { Driver, ListOptions } from '#shared/storage/contract.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'

const { signal } = new AbortController()
const call = { signal }
const overwrite = { signal, mode: 'overwrite' } as const
const text = (string: string) => new TextEncoder().encode(string)
const clock = { now: Date.UTC(2026, 0, 1) }
let count = 0

function open(name = `test-${++count}`): Driver {
  const address = parseStoreUri(`memory:${name}`)
  return createMemoryDriver({
    address,
    name,
    capabilities: address.row.capabilities,
    options: {},
    platform: { env: {}, fileSystem: false, now: () => clock.now },
  })
}

async function read(driver: Driver, key: string, version?: string): Promise<string> {
  const { body } = await driver.get(key, { signal, version })
  return new Response(body).text()
}

async function allKeys(driver: Driver, options: Omit<ListOptions, 'signal'> = {}) {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await driver.list({ ...options, cursor, signal })
    found.push(...page.objects.map(({ key }) => key), ...page.prefixes)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

describe('bytes', () => {
  it('are its own: what the caller does to his array afterwards changes nothing', async () => {
    const driver = open()
    const bytes = text('before')
    await driver.put('a', { bytes }, overwrite)
    bytes.fill(0)
    const { body } = await driver.get('a', call)
    for await (const chunk of body) chunk.fill(0)
    expect(await read(driver, 'a')).toBe('before')
  })

  it('are waited for until the signal ends, and no longer', async () => {
    const driver = open()
    const parts = driver.multipart!
    const uploadId = await parts.begin('a', overwrite)
    const still = () => ({ stream: new ReadableStream<Uint8Array>() })
    const stop = new AbortController()
    const ended = { signal: stop.signal }
    const writing = driver.put('a', still(), { ...ended, mode: 'overwrite' })
    const sending = parts.part('a', uploadId, 1, still(), ended)
    stop.abort(new Error('enough'))
    await expect(writing).rejects.toThrow('enough')
    await expect(sending).rejects.toThrow('enough')
  })

  it('stay when a version without a name is to go', async () => {
    const driver = open()
    await driver.put('a', { bytes: text('x') }, overwrite)
    await driver.delete([{ key: 'a', version: '' }], call)
    expect(await read(driver, 'a')).toBe('x')
  })

  it('come back whole through a stream whose length is not known', async () => {
    const driver = open()
    const content = new Uint8Array(300_000).map((_, i) => i % 253)
    await driver.put('a', { stream: new Blob([content]).stream() }, overwrite)
    const { info, body } = await driver.get('a', call)
    expect(info.size).toBe(content.length)
    expect(new Uint8Array(await new Response(body).arrayBuffer())).toEqual(content)
  })

  it('are refused when the stream is shorter than announced, and the old ones stay', async () => {
    const driver = open()
    await driver.put('a', { bytes: text('old') }, overwrite)
    const stream = new Blob(['new']).stream()
    await expect(driver.put('a', { stream, size: 4 }, overwrite)).rejects.toMatchObject({
      kind: 'invalid',
    })
    expect(await read(driver, 'a')).toBe('old')
  })
})

describe('names', () => {
  it('are shared within the process, and apart from others', async () => {
    await open('shared').put('a', { bytes: text('x') }, overwrite)
    expect(await read(open('shared'), 'a')).toBe('x')
    await expect(open('other').head('a', call)).rejects.toMatchObject({ kind: 'not-found' })
  })
})

describe('listing', () => {
  it('is in UTF-8 order and folds by any delimiter, whatever the size of a page', async () => {
    const driver = open()
    const keys = ['a', 'a-', 'a/', 'a/b', 'a/c/d', 'a0', 'b//x', '\u{fffd}', '\u{1f600}']
    for (const key of keys.toReversed()) await driver.put(key, { bytes: text('') }, overwrite)
    expect(await allKeys(driver)).toEqual(keys)
    for (const limit of [1, 2, 3, 1000]) {
      expect(await allKeys(driver, { limit })).toEqual(keys)
      const folded = await allKeys(driver, { limit, delimiter: '/' })
      expect(folded.toSorted()).toEqual(
        ['a', 'a-', 'a/', 'a0', 'b/', '\u{fffd}', '\u{1f600}'].toSorted(),
      )
      const inside = await allKeys(driver, { limit, delimiter: '/', prefix: 'a/' })
      expect(inside.toSorted()).toEqual(['a/', 'a/b', 'a/c/'])
      expect(await allKeys(driver, { limit, after: 'a/b' })).toEqual(keys.slice(4))
    }
  })
})

describe('versions', () => {
  it('keep what was overwritten and deleted, and go one by one', async () => {
    const driver = open()
    const first = await driver.put('a', { bytes: text('1') }, overwrite)
    const second = await driver.put('a', { bytes: text('2') }, overwrite)
    await driver.delete([{ key: 'a' }], call)
    await expect(driver.head('a', call)).rejects.toMatchObject({ kind: 'not-found' })
    expect(await read(driver, 'a', first.version)).toBe('1')
    const { versions = [] } = (await driver.versions?.list(call)) ?? {}
    expect(versions.map(({ latest, deleted, size }) => ({ latest, deleted, size }))).toEqual([
      { latest: true, deleted: true, size: 0 },
      { latest: false, deleted: false, size: 1 },
      { latest: false, deleted: false, size: 1 },
    ])
    await driver.delete([{ key: 'a', version: versions[0]?.version }], call)
    expect(await read(driver, 'a')).toBe('2')
    expect((await driver.head('a', call)).version).toBe(second.version)
  })

  it('page by page are the same as at once', async () => {
    const driver = open()
    for (const key of ['b', 'a', 'c', 'a', 'b', 'a']) {
      await driver.put(key, { bytes: text('') }, overwrite)
    }
    const whole = await driver.versions?.list(call)
    const paged = []
    let cursor: string | undefined
    do {
      const page = await driver.versions?.list({ signal, limit: 2, cursor })
      paged.push(...(page?.versions ?? []))
      cursor = page?.cursor
    } while (cursor !== undefined)
    expect(paged).toEqual(whole?.versions)
    expect(paged.map(({ key }) => key).join('')).toBe('aaabbc')
  })
})

it('reads an archived object only once it is restored, and for so long', async () => {
  const driver = open()
  await driver.put('a', { bytes: text('x') }, { ...overwrite, storageClass: 'ARCHIVE' })
  expect((await driver.head('a', call)).archived).toBe(true)
  await expect(driver.get('a', call)).rejects.toMatchObject({ kind: 'invalid' })
  await driver.classes?.restore?.('a', { signal, days: 2 })
  expect(await read(driver, 'a')).toBe('x')
  clock.now += 2 * 86_400_000
  await expect(driver.get('a', call)).rejects.toMatchObject({ kind: 'invalid' })
})

it('keeps a version under retention or a hold', async () => {
  const driver = open()
  const { version } = await driver.put('a', { bytes: text('x') }, overwrite)
  const until = new Date(clock.now + 1000)
  await driver.retention?.setRetention('a', { mode: 'compliance', until }, call)
  await driver.retention?.setHold('a', true, call)
  const shorter = { mode: 'compliance', until: new Date(clock.now) } as const
  await expect(driver.retention?.setRetention('a', shorter, call)).rejects.toMatchObject({
    kind: 'denied',
  })
  const remove = async () => (await driver.delete([{ key: 'a', version }], call))[0]?.error?.kind
  expect(await remove()).toBe('denied')
  clock.now += 1000
  expect(await remove()).toBe('denied')
  await driver.retention?.setHold('a', false, call)
  expect(await remove()).toBeUndefined()
  await expect(driver.head('a', call)).rejects.toMatchObject({ kind: 'not-found' })
})

describe('parts', () => {
  it('join in their order, under the condition of the completion', async () => {
    const driver = open()
    const parts = driver.multipart!
    const uploadId = await parts.begin('a', { ...overwrite, metadata: { x: '1' } })
    const two = await parts.part('a', uploadId, 2, { bytes: text('b') }, call)
    const one = await parts.part('a', uploadId, 1, { bytes: text('a') }, call)
    expect((await parts.listParts?.('a', uploadId, call))?.parts).toEqual([one, two])
    await expect(parts.complete('a', uploadId, [two, one], overwrite)).rejects.toMatchObject({
      kind: 'invalid',
    })
    await driver.put('a', { bytes: text('taken') }, overwrite)
    const create = { signal, mode: 'create' } as const
    await expect(parts.complete('a', uploadId, [one, two], create)).rejects.toMatchObject({
      kind: 'exists',
    })
    await parts.complete('a', uploadId, [one, two], overwrite)
    expect(await read(driver, 'a')).toBe('ab')
    expect((await driver.head('a', call)).metadata).toEqual({ x: '1' })
    await expect(parts.listParts?.('a', uploadId, call)).rejects.toMatchObject({
      kind: 'not-found',
    })
  })
})

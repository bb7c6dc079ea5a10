// What goes wrong on the way: connections that break, stores that are busy, bits that flip, answers that are
// lost, sources that change and destinations that are taken. What arrives is right, or nothing does.

import { describe, expect, it } from 'vitest'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import { rejectsWith } from '../suites/storage/expect.ts'
import type { Ends } from './opened.ts'
import { actingBefore, bytesAt, openEnds } from './opened.ts'
import { PART_BYTES } from './stores.ts'

const LARGE = PART_BYTES * 6 + 7
const PAIRS = [
  ['s3', 'gcs'],
  ['gcs', 's3'],
  ['s3', 's3'],
] as const

async function nothingLeft({ to: { store } }: Ends): Promise<void> {
  const left: string[] = []
  for await (const { key } of store.reserved().listAll({ prefix: '.skein/' })) left.push(key)
  expect(left).toEqual([])
  expect((await store.groups.multipart.listUploads()).uploads).toEqual([])
}

describe.each(PAIRS)('%s to %s', { timeout: 60_000 }, (a, b) => {
  it.each([
    ['small', 3000],
    ['large', LARGE],
  ])('survives cut connections on both sides, %s', async (key, size) => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const bytes = bytesOf(size)
    await from.store.put(key, bytes)
    await from.control.fault({ method: 'GET', skip: 1, times: 1, action: { cutAfterBytes: 1000 } })
    await to.control.fault({ method: 'PUT', times: 1, action: { cutRequestAfterBytes: 500 } })
    await to.control.fault({ method: 'PUT', skip: 3, times: 1, action: { loseAnswer: true } })
    await copy(key)
    sameBytes(await bytesAt(to.store, key), bytes)
    await nothingLeft(ends)
  })

  it.each([
    ['small', 3000],
    ['large', LARGE],
  ])('waits while a side is busy or failing, %s', async (key, size) => {
    const { from, to, copy } = await openEnds(a, b)
    const bytes = bytesOf(size)
    await from.store.put(key, bytes)
    const busy = (status: number, times: number) => ({
      ...{ times, action: { status, reason: 'faulty' } },
    })
    await from.control.fault(
      { method: 'GET', ...busy(503, 1) },
      { method: 'GET', skip: 2, ...busy(429, 1) },
    )
    await to.control.fault(
      { method: 'PUT', skip: 1, ...busy(500, 1) },
      { method: 'PUT', ...busy(503, 1) },
    )
    await copy(key)
    sameBytes(await bytesAt(to.store, key), bytes)
  })

  it.each([
    ['small', 3000],
    ['large', LARGE],
  ])('finds a bit that flips on the way from the source, %s', async (key, size) => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const bytes = bytesOf(size)
    await from.store.put(key, bytes)
    await from.control.fault({
      method: 'GET',
      skip: size === LARGE ? 2 : 0,
      times: 1,
      action: { flipByteAt: 100 },
    })
    await copy(key)
    sameBytes(await bytesAt(to.store, key), bytes)
    await nothingLeft(ends)
  })

  it.each([
    ['small', 3000],
    ['large', LARGE],
  ])('copies nothing of a source that has rotted where it lies, %s', async (key, size) => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    await from.store.put(key, bytesOf(size))
    await to.store.put(key, 'the right one, of old')
    await from.corrupt(key, 1234)
    const { message } = await rejectsWith('corrupt', () => copy(key))
    expect(message).toMatch(/source|destination/)
    expect((await to.store.head(key)).size).toBe(21)
    await nothingLeft(ends)
  })

  it('takes the answer to a commit that was lost for what it was', async () => {
    const { from, to, copy } = await openEnds(a, b)
    for (const mode of ['overwrite', 'create'] as const) {
      const [key, bytes] = [`large ${mode}`, bytesOf(LARGE)]
      await from.store.put(key, bytes)
      await to.control.fault({ method: 'POST', skip: 1, times: 1, action: { loseAnswer: true } })
      const { info } = await copy(key, { mode, own: () => ({ skein_source: 'mark' }) })
      expect(info.etag).toBe((await to.store.head(key)).etag)
      sameBytes(await bytesAt(to.store, key), bytes)
      await to.control.clear()
    }
  })

  it('takes the answer to a small write that was lost for what it was', async () => {
    const { from, to, copy } = await openEnds(a, b)
    await from.store.put('key', bytesOf(100))
    await to.control.fault({ method: 'PUT', times: 1, action: { loseAnswer: true } })
    const { info } = await copy('key', { mode: 'create' })
    expect(info.etag).toBe((await to.store.head('key')).etag)
    const another = bytesOf(100, 2)
    await to.store.put('taken', another)
    await from.store.put('taken', bytesOf(100))
    await to.control.fault({ method: 'PUT', times: 1, action: { loseAnswer: true } })
    await rejectsWith(['exists', 'unavailable'], () => copy('taken', { mode: 'create' }))
    sameBytes(await bytesAt(to.store, 'taken'), another)
  })

  it('begins anew when the source changes in mid-copy, and never mixes versions', async () => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const [old, now] = [bytesOf(LARGE, 1), bytesOf(LARGE - PART_BYTES, 2)]
    await from.store.put('key', old)
    const changing = actingBefore(from.store, 'get', 3, () => from.store.put('key', now))
    const copied = await copy('key', { size: LARGE, from: changing })
    sameBytes(await bytesAt(to.store, 'key'), now)
    expect(copied.source.size).toBe(now.length)
    await nothingLeft(ends)
  })

  it('begins anew when the source changes after the last part', async () => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const [old, now] = [bytesOf(LARGE, 1), bytesOf(LARGE, 2)]
    await from.store.put('key', old)
    // The first look is before the first part.
    const changing = actingBefore(from.store, 'head', 2, () => from.store.put('key', now))
    await copy('key', { size: LARGE, from: changing })
    sameBytes(await bytesAt(to.store, 'key'), now)
    await nothingLeft(ends)
  })

  it('tells of a source that is gone in mid-copy', async () => {
    const ends = await openEnds(a, b)
    const { from, copy } = ends
    await from.store.put('key', bytesOf(LARGE))
    const vanishing = actingBefore(from.store, 'get', 3, () => from.store.delete('key'))
    await rejectsWith('not-found', () => copy('key', { size: LARGE, from: vanishing }))
    await nothingLeft(ends)
  })

  it('leaves a destination that was taken meanwhile as it is', async () => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    await from.store.put('key', bytesOf(LARGE))
    const put = () => to.store.put('key', 'another was faster')
    const slow = actingBefore(from.store, 'get', 3, put)
    await rejectsWith('exists', () => copy('key', { mode: 'create', size: LARGE, from: slow }))
    expect((await to.store.head('key')).size).toBe(18)
    await nothingLeft(ends)
  })

  it('begins anew when its upload was swept away', async () => {
    const ends = await openEnds(a, b)
    const { from, to, copy } = ends
    const bytes = bytesOf(LARGE)
    await from.store.put('key', bytes)
    const { multipart } = to.store.groups
    const swept = actingBefore(from.store, 'get', 3, async () => {
      for (const { key, uploadId } of (await multipart.listUploads()).uploads) {
        await multipart.abort(key, uploadId)
      }
    })
    await copy('key', { size: LARGE, from: swept })
    sameBytes(await bytesAt(to.store, 'key'), bytes)
    await nothingLeft(ends)
  })
})

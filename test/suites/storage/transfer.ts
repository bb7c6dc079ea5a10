// What `Store` adds to every driver: large and endless bodies in parts, progress, and reads that go on
// where a broken connection left off.

import assert from 'node:assert/strict'
import type { Opened } from './harness.ts'
import { claims, group, hasControl, when } from './case.ts'
import { MiB, bytesOf, readAll, sameBytes, streamOf } from './content.ts'
import { rejectsWith } from './expect.ts'

const SMALL_PARTS: Opened = {
  options: {
    transfer: { partSizeBytes: 5 * MiB, multipartThresholdBytes: 6 * MiB, concurrency: 3 },
  },
}

const parts = claims(({ multipart }) => multipart !== null)
const endless = claims(({ put, multipart }) => put.unknownLength || multipart !== null)

export const transferCases = group('transfer', {
  'a stream of unknown length': when(endless, async (harness) => {
    const store = harness.open(SMALL_PARTS)
    const bytes = bytesOf(12 * MiB + 5)
    const moved: number[] = []
    const onProgress = (count: number): void => void moved.push(count)
    const put = await store.put('big', streamOf(bytes), { metadata: { a: 'ü' }, onProgress })
    assert.equal(put.size, bytes.length)
    const { info, body } = await store.get('big')
    sameBytes(await readAll(body), bytes)
    assert.deepEqual(info.metadata, { a: 'ü' })
    assert.equal(moved.at(-1), bytes.length)
  }),

  'a short and an empty stream of unknown length': when(endless, async (harness) => {
    const store = harness.open(SMALL_PARTS)
    const short = bytesOf(70_001)
    await store.put('short', streamOf(short))
    sameBytes(await readAll((await store.get('short')).body), short)
    await store.put('empty', streamOf(new Uint8Array()))
    assert.equal((await store.head('empty')).size, 0)
  }),

  'a large Blob goes in parts': when(parts, async (harness) => {
    const store = harness.open(SMALL_PARTS)
    const bytes = bytesOf(11 * MiB)
    await store.put('blob', new Blob([bytes]), { contentType: 'image/png' })
    const { info, body } = await store.get('blob')
    assert.equal(info.contentType, 'image/png')
    sameBytes(await readAll(body), bytes)
  }),

  'large bytes in hand go in parts': when(parts, async (harness) => {
    const store = harness.open(SMALL_PARTS)
    const bytes = bytesOf(10 * MiB)
    await store.put('bytes', bytes)
    sameBytes(await readAll((await store.get('bytes')).body), bytes)
  }),

  'a large create finds the key taken': when(
    [parts, claims(({ put, multipart }) => put.create && multipart?.create)],
    async (harness) => {
      const store = harness.open(SMALL_PARTS)
      const small = bytesOf(10)
      await store.put('key', small)
      await rejectsWith('exists', () => store.put('key', bytesOf(7 * MiB), { mode: 'create' }))
      sameBytes(await readAll((await store.get('key')).body), small)
      await store.put('free', bytesOf(7 * MiB), { mode: 'create' })
    },
  ),

  'a stream that fails leaves nothing behind': when(endless, async (harness) => {
    const store = harness.open(SMALL_PARTS)
    const source = streamOf(bytesOf(8 * MiB)).pipeThrough(failingAfter(7 * MiB))
    await assert.rejects(store.put('key', source))
    assert.equal(await store.find('key'), undefined)
    if (harness.capabilities.multipart?.listUploads) {
      assert.deepEqual((await store.groups.multipart.listUploads()).uploads, [])
    }
  }),

  async 'a stream shorter or longer than its size is no object'(harness) {
    const store = harness.open()
    const bytes = bytesOf(100_000)
    for (const size of [99_999, 100_001]) {
      await rejectsWith('invalid', () => store.put('key', streamOf(bytes), { size }))
      assert.equal(await store.find('key'), undefined, `size ${size}`)
    }
  },

  'a cut read goes on where it broke': when(hasControl, async (harness) => {
    const store = harness.open()
    const bytes = bytesOf(3 * MiB)
    await store.put('key', bytes)
    await harness.control?.fault({
      method: 'GET',
      times: 2,
      action: { cutAfterBytes: 1_000_000 },
    })
    sameBytes(await readAll((await store.get('key')).body), bytes)
    await harness.control?.clear()
  }),

  'a cut ranged read stays in its range': when(hasControl, async (harness) => {
    const store = harness.open()
    const bytes = bytesOf(3 * MiB)
    await store.put('key', bytes)
    await harness.control?.fault({ method: 'GET', times: 1, action: { cutAfterBytes: 300_000 } })
    const { body } = await store.get('key', { range: { first: 500_000, last: 2_000_000 } })
    sameBytes(await readAll(body), bytes.subarray(500_000, 2_000_001))
    await harness.control?.clear()
  }),

  'a cut read of an object that has changed fails': when(hasControl, async (harness) => {
    const store = harness.open()
    await store.put('key', bytesOf(3 * MiB, 1))
    await harness.control?.fault({ method: 'GET', times: 1, action: { cutAfterBytes: 500_000 } })
    const { body } = await store.get('key')
    const reader = body.getReader()
    await reader.read()
    await store.put('key', bytesOf(3 * MiB, 2))
    await rejectsWith('precondition', async () => {
      while (!(await reader.read()).done);
    })
    await harness.control?.clear()
  }),
})

function failingAfter(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let passed = 0
  return new TransformStream({
    transform(chunk, controller) {
      passed += chunk.length
      if (passed > bytes) throw new Error('the source broke')
      controller.enqueue(chunk)
    },
  })
}

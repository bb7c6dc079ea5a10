// What a copy from any store to any other must do, whatever the two are. Cases know no test runner, so that the
// same ones run in a process and inside workerd.

import assert from 'node:assert/strict'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Copied, CopyJob } from '#shared/copy/job.ts'
import { wholeBytes } from '#shared/copy/job.ts'
import { copyObject } from '#shared/copy/copy.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import { rejectsWith } from '../suites/storage/expect.ts'
import type { Harness } from '../suites/storage/harness.ts'
import { ODD_KEYS } from '../suites/storage/keys.ts'
import { HEADERS, METADATA } from '../suites/storage/put.ts'

export interface Pair {
  from: Harness
  to: Harness
  /** Without it, the provider copies where it can. */
  through?: 'here'
}

interface Opened {
  from: Store
  to: Store
  copy: (key: string, options?: Partial<CopyJob>) => Promise<Copied>
}

function open({ from, to, through }: Pair): Opened {
  const source = from.open()
  const destination = to.open()
  const base = { from: source, to: destination, mode: 'overwrite' as const, through }
  return {
    from: source,
    to: destination,
    copy: (key, options) => copyObject({ ...base, key, ...options }),
  }
}

async function sameAt(to: Store, key: string, bytes: Uint8Array): Promise<void> {
  const { info, body } = await to.get(key)
  sameBytes(await readAll(body), bytes, key)
  assert.equal(info.size, bytes.length)
}

/** `size` never counts, and a digest is always told. */
function isProven({ evidence, digest, how }: Copied): void {
  assert.notEqual(evidence, 'size')
  if (how !== 'provider') assert.ok(digest, 'a digest')
}

function sizesFor(pair: Opened): Record<string, number> {
  const threshold = wholeBytes({ ...pair, key: '', mode: 'overwrite' })
  const part = pair.to.transfer.partSizeBytes
  return {
    empty: 0,
    'one byte': 1,
    'below the threshold': threshold - 1,
    'at the threshold': threshold,
    'above the threshold': threshold + 1,
    'whole parts': part * 3,
    'parts and a rest': part * 3 + 5,
  }
}

export const COPY_CASES: Record<string, (pair: Pair) => Promise<void>> = {
  async 'every size arrives byte for byte'(pair) {
    const stores = open(pair)
    const { from, to, copy } = stores
    for (const [key, size] of Object.entries(sizesFor(stores))) {
      const bytes = bytesOf(size, size + 1)
      await from.put(key, bytes, { contentType: 'image/png', metadata: { size: String(size) } })
      let moved = -1
      const copied = await copy(key, { onProgress: (count) => void (moved = count) })
      await sameAt(to, key, bytes)
      isProven(copied)
      assert.equal(moved, size, `${key}: progress`)
      const there = await to.head(key)
      assert.equal(there.etag, copied.info.etag, `${key}: etag`)
      assert.equal(there.contentType, 'image/png')
      assert.deepEqual(there.metadata, { size: String(size) })
    }
  },

  async 'gzip and brotli stay as they are stored'(pair) {
    const { from, to, copy } = open(pair)
    const text = Buffer.from('the same words over and over '.repeat(400))
    const encodings = { gzip: gzipSync(text), br: brotliCompressSync(text) }
    for (const [contentEncoding, bytes] of Object.entries(encodings)) {
      await from.put(contentEncoding, bytes, { contentEncoding, contentType: 'text/plain' })
      isProven(await copy(contentEncoding))
      await sameAt(to, contentEncoding, bytes)
      assert.equal((await to.head(contentEncoding)).contentEncoding, contentEncoding)
    }
  },

  async 'a large gzip object stays as it is stored'(pair) {
    const stores = open(pair)
    const { from, to, copy } = stores
    // What gzip makes of noise is as long as the noise.
    const bytes = gzipSync(bytesOf(sizesFor(stores)['parts and a rest']!))
    await from.put('large', bytes, { contentEncoding: 'gzip' })
    isProven(await copy('large'))
    await sameAt(to, 'large', bytes)
    assert.equal((await to.head('large')).contentEncoding, 'gzip')
  },

  async 'odd keys arrive under the very same key'(pair) {
    const { from, to, copy } = open(pair)
    for (const [i, key] of ODD_KEYS.entries()) {
      const bytes = bytesOf(10, i)
      await from.put(key, bytes)
      await copy(key)
      await sameAt(to, key, bytes)
    }
  },

  async 'headers and metadata travel, small and large'(pair) {
    const stores = open(pair)
    const { from, to, copy } = stores
    const large = sizesFor(stores)['parts and a rest']!
    for (const [key, size] of [
      ['small', 5],
      ['large', large],
    ] as const) {
      await from.put(key, bytesOf(size), { ...HEADERS, metadata: METADATA })
      const { losses } = await copy(key, { own: () => ({ skein_source: 'a mark' }) })
      assert.deepEqual(losses, [])
      const there = await to.head(key)
      for (const [name, value] of Object.entries(HEADERS)) {
        assert.equal(there[name as keyof typeof HEADERS], value, `${key}: ${name}`)
      }
      assert.deepEqual(there.metadata, { ...METADATA, skein_source: 'a mark' })
    }
  },

  async 'tags travel, or are named as lost'(pair) {
    const { from, to, copy } = open(pair)
    if (!from.capabilities.tags) return
    const tags = { team: 'blue', 'two words': 'a+b/c=d' }
    await from.put('key', 'x', { tags })
    const { losses } = await copy('key')
    if (to.capabilities.tags) {
      assert.deepEqual(losses, [])
      assert.deepEqual(await to.groups.tags.get('key'), tags)
    } else if (losses.length > 0) {
      assert.deepEqual(
        losses.map(({ what }) => what),
        ['tags'],
      )
    } else {
      assert.equal((await from.head('key')).tagCount, undefined, 'the source told of no tags')
    }
  },

  async 'the write holds only while the destination is as it was seen'(pair) {
    const stores = open(pair)
    const { from, to, copy } = stores
    const large = sizesFor(stores)['parts and a rest']!
    for (const [key, size] of [
      ['small', 5],
      ['large', large],
    ] as const) {
      const bytes = bytesOf(size, 2)
      await from.put(key, bytes)
      await to.put(key, 'in the way')
      await rejectsWith('exists', () => copy(key, { mode: 'create' }))
      const seen = await to.put(key, 'another')
      await to.put(key, 'newer than what was seen')
      await rejectsWith('precondition', () => copy(key, { mode: { ifMatch: seen.etag } }))
      assert.equal((await to.head(key)).size, 24)
      const { etag } = await to.head(key)
      await copy(key, { mode: { ifMatch: etag } })
      await sameAt(to, key, bytes)
      await copy(key, { mode: 'create', toKey: `${key} anew` })
      await sameAt(to, `${key} anew`, bytes)
    }
  },

  async 'nothing of the work is left behind'(pair) {
    const stores = open(pair)
    const { from, to, copy } = stores
    const large = sizesFor(stores)['parts and a rest']!
    await from.put('large', bytesOf(large))
    await copy('large')
    const left: string[] = []
    for await (const { key } of to.reserved().listAll()) left.push(key)
    assert.deepEqual(left, ['large'])
    if (!to.capabilities.multipart?.listUploads) return
    assert.deepEqual((await to.groups.multipart.listUploads()).uploads, [])
  },

  async 'what is not there is not found'(pair) {
    const { copy } = open(pair)
    await rejectsWith('not-found', () => copy('nowhere'))
    await rejectsWith('not-found', () => copy('nowhere', { size: 2 ** 30 }))
  },

  async 'an object too large for the destination is refused before its first byte'(pair) {
    const from = pair.from.open()
    const to = pair.to.open({ options: { capabilities: { maxObjectBytes: 1000 } } })
    await from.put('large', bytesOf(1001))
    for (const size of [undefined, 1001]) {
      const job = { from, to, key: 'large', mode: 'overwrite', size } as const
      const { message } = await rejectsWith('too-large', () => copyObject(job))
      assert.match(message, /1001 bytes.*1000 bytes at most.*nothing was copied/)
    }
    assert.equal(await to.find('large'), undefined)
  },
}

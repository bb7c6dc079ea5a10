// Objects as nobody wants to meet them: keys that each cloud spells in its own way, stored gzip, nothing at all, parts,
// every header, metadata, tags.

import { gzipSync } from 'node:zlib'
import type { Store, WriteOptions } from '#shared/storage/store.ts'
import { THRESHOLD_BYTES } from '../copy/stores.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { ODD_KEYS } from '../suites/storage/keys.ts'
import { HEADERS, METADATA } from '../suites/storage/put.ts'

export interface Awkward {
  key: string
  bytes: Uint8Array
  options: WriteOptions
}

const TAGS = { team: 'blue', 'two words': 'a+b/c=d' }

type Kind = (index: number) => Omit<Awkward, 'key'>

const KINDS: readonly Kind[] = [
  (i) => ({ bytes: bytesOf(i % 97, i), options: {} }),
  () => ({ bytes: new Uint8Array(), options: { contentType: 'application/x-empty' } }),
  (i) => ({ bytes: bytesOf(500, i), options: { ...HEADERS, metadata: METADATA } }),
  (i) => ({
    bytes: gzipSync('the same words over and over '.repeat(i % 50)),
    options: { contentEncoding: 'gzip', contentType: 'text/plain' },
  }),
  (i) => ({ bytes: bytesOf(3000, i), options: { metadata: { number: String(i) }, tags: TAGS } }),
]

/** One in so many is brought over in parts. */
const LARGE_EVERY = 97

export function awkwardObjects(count: number, { tags }: Store['capabilities']): Awkward[] {
  return Array.from({ length: count }, (_, i) => {
    const key = `${Math.floor(i / ODD_KEYS.length)}/${ODD_KEYS[i % ODD_KEYS.length]}`
    if (i % LARGE_EVERY === 1) return { key, bytes: bytesOf(THRESHOLD_BYTES + i, i), options: {} }
    const { bytes, options } = KINDS[i % KINDS.length]!(i)
    const { tags: wanted, ...rest } = options
    return { key, bytes, options: wanted && tags ? { ...rest, tags: wanted } : rest }
  })
}

/** A few at a time. */
export async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items]
  const lane = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, lane))
}

export async function putAll(store: Store, objects: readonly Awkward[]): Promise<void> {
  await each(objects, async ({ key, bytes, options }) => {
    await store.put(key, bytes, options)
  })
}

// Corruptions for a sweep to find: bytes that rot where they lie, which no listing and no HEAD can tell, and objects that
// somebody rewrote, cut or took away.

import { digestOf } from '#shared/wire/digest.ts'
import type { Stage } from './stage.ts'
import { bodyOf, keyOf } from './objects.ts'

export const LARGE = 8
const LARGE_BYTES = 6 * 2 ** 20
const PART_BYTES = 5 * 2 ** 20
/** Of each kind, this many small objects. */
const OF_EACH = 25

export const largeKey = (n: number): string => `large/object-${n}.bin`

/** The same large object in parts at both sides, which no ETag can be held against. */
export async function putLarge({ sides }: Stage): Promise<void> {
  for (let n = 0; n < LARGE; n++) {
    const bytes = Buffer.alloc(LARGE_BYTES, digestOf('sha256', Buffer.from(`large ${n}`)))
    for (const { store } of sides) {
      const { multipart } = store.groups
      const uploadId = await multipart.begin(largeKey(n))
      const parts = []
      for (let at = 0; at < bytes.length; at += PART_BYTES) {
        const partNumber = at / PART_BYTES + 1
        const part = bytes.subarray(at, at + PART_BYTES)
        parts.push(await multipart.part(largeKey(n), uploadId, partNumber, part))
      }
      await multipart.complete(largeKey(n), uploadId, parts)
    }
  }
}

/** The keys that are wrong by then, by what was done to them. */
export async function harm({ sides }: Stage): Promise<Map<string, string>> {
  const [, right] = sides
  const { store, url, name: bucket } = right
  const wrong = new Map<string, string>()
  const rot = async (key: string, flipByteAt: number) => {
    const body = JSON.stringify({ bucket, key, flipByteAt })
    const answer = await fetch(`${url}/__control/corrupt`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`the server did not corrupt: ${await answer.text()}`)
    wrong.set(key, 'rotten')
  }
  for (let n = 0; n < OF_EACH; n++) {
    await rot(keyOf(n * 7), 10)
    const rewritten = keyOf(n * 7 + 1)
    await store.put(rewritten, bodyOf(n * 7 + 1).replace('object', 'abject'))
    wrong.set(rewritten, 'rewritten')
    const cut = keyOf(n * 7 + 2)
    await store.put(cut, bodyOf(n * 7 + 2).slice(0, -1))
    wrong.set(cut, 'truncated')
    const gone = keyOf(n * 7 + 3)
    await store.delete(gone)
    wrong.set(gone, 'deleted')
  }
  for (let n = 0; n < LARGE; n += 2) await rot(largeKey(n), LARGE_BYTES - 100)
  return wrong
}

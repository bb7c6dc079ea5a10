// One large object among small ones, in steps that are over before it is: it goes on from its parts, nobody waits for
// it, and what came behind it is neither brought over nor counted again.

import { expect, test } from 'vitest'
import { bytesAt, openEnds } from '../copy/opened.ts'
import { PART_BYTES } from '../copy/stores.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { openMoving, textsOf } from './moving.ts'

const PARTS = 12
const SMALL = 30

test('a large object goes over many steps', { timeout: 60_000 }, async () => {
  const { from, to } = await openEnds('s3', 'gcs')
  const large = bytesOf(PARTS * PART_BYTES, 1)
  await from.store.put('a-large', large)
  for (let n = 0; n < SMALL; n++) await from.store.put(`b-${n}`, `text ${n}`)
  const moving = openMoving({ from: from.store, to: to.store, stepSeconds: 0 })
  expect((await moving.move({ parts: 1, transfers: 4 })).state).toBe('ready')
  expect(Buffer.compare(await bytesAt(to.store, 'a-large'), large)).toBe(0)
  expect(Object.keys(await textsOf(to.store))).toHaveLength(SMALL + 1)
  const copied = await moving.tally('copy')
  expect(copied).toMatchObject({ objects: SMALL + 1, copied: SMALL + 1 })
  expect(copied['resumed.bytes']).toBeGreaterThan(PART_BYTES)
  // Each part once, and what was in flight when a step was over.
  const parts = (await from.asked('a-large'))['GetObject'] ?? 0
  expect(parts).toBeLessThanOrEqual(PARTS + 1)
  const behind = (await from.asked('b-7'))['GetObject']
  expect(behind).toBe(1)
})

// What is recorded of pairs of objects: it comes back as it was written, whatever was replaced in between, a
// writer that is killed leaves what was there, and a record says "same" of nothing but what it was made for.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GRADES } from '#shared/compare/grade.ts'
import { joinOrder } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { classify, identified } from '#shared/compare/pair.ts'
import type { PairRecords } from '#shared/compare/pair-records.ts'
import { asFarAsReadable, openPairRecords } from '#shared/compare/pair-records.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { seeded } from '../seeds.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

const ORDER = joinOrder([])
const SLOW = { timeout: 120_000 }

/** So small that a few records fill a segment. */
function open(store: Store, segmentCharacters = 300): PairRecords {
  return openPairRecords(store, 'a~b', ORDER, { segmentCharacters })
}

async function read(records: PairRecords, bounds = {}): Promise<PairRecord[]> {
  const all: PairRecord[] = []
  for await (const some of records.read({ bounds })) all.push(...some)
  return all
}

async function write(
  records: PairRecords,
  some: readonly PairRecord[],
  bounds: { after?: string; upTo?: string } = {},
): Promise<void> {
  const writer = records.write(bounds)
  for (const record of some) await writer.add(record)
  await writer.commit()
}

async function segmentsOf(store: Store): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.reserved().listAll({ prefix: '.skein/pairs/' })) keys.push(key)
  return keys.filter((key) => key.endsWith('.gz'))
}

const identity = fc.record(
  { etag: fc.string({ minLength: 1, maxLength: 8 }), modified: fc.integer({ min: 1 }) },
  { requiredKeys: ['etag'] },
)
const record: fc.Arbitrary<PairRecord> = fc.record(
  {
    key: fc.string({
      unit: fc.constantFrom('a', 'b', '"', '\n', '\ue000', '😀', '😁'),
      minLength: 1,
    }),
    size: fc.nat(),
    from: identity,
    to: identity,
    digest: fc.record({ algorithm: fc.constant('crc32c' as const), value: fc.base64String() }),
    grade: fc.constantFrom(...GRADES),
    verified: fc.integer({ min: 1 }),
  },
  { requiredKeys: ['key', 'size', 'from', 'to', 'grade'] },
)
const records = fc
  .uniqueArray(record, { selector: ({ key }) => key, maxLength: 30 })
  .map((some) => some.toSorted((a, b) => compareUtf8(a.key, b.key)))

function named(key: string, size = 1): PairRecord {
  return { key, size, from: { etag: 'f' }, to: { etag: 't' }, grade: 'declared' }
}

describe('pair records', () => {
  test('come back as they were written, after any replacement of any range', SLOW, async () => {
    const bound = fc.option(fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 3 }))
    const change = fc.record({ some: records, after: bound, upTo: bound })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const store = memoryStore('dest')
        const pairs = open(store)
        let expected: PairRecord[] = []
        for (const { some, ...given } of changes) {
          const bounds = {
            ...(given.after !== null && { after: given.after }),
            ...(given.upTo !== null && { upTo: given.upTo }),
          }
          const { after, upTo } = bounds
          if (after !== undefined && upTo !== undefined && compareUtf8(after, upTo) > 0) continue
          const within = ({ key }: PairRecord) =>
            (after === undefined || compareUtf8(key, after) > 0) &&
            (upTo === undefined || compareUtf8(key, upTo) <= 0)
          await write(pairs, some.filter(within), bounds)
          expected = [...expected.filter((one) => !within(one)), ...some.filter(within)].toSorted(
            (a, b) => compareUtf8(a.key, b.key),
          )
        }
        expect(await read(pairs)).toEqual(expected)
        const [middle] = expected.slice(expected.length / 2)
        if (!middle) return
        const behind = expected.filter(({ key }) => compareUtf8(key, middle.key) > 0)
        expect(await read(pairs, { after: middle.key })).toEqual(behind)
      }),
      { ...seeded(), numRuns: Math.min(100, seeded().numRuns) },
    )
  })

  test('of a run that was killed count as far as it had committed', async () => {
    const store = memoryStore('dest')
    await write(open(store), [named('a', 1), named('b', 1), named('c', 1)])
    const writer = open(store).write()
    await writer.add(named('a', 2))
    await writer.commit('a')
    await writer.add(named('b', 2))
    // Killed here.
    expect((await read(open(store))).map(({ key, size }) => key + size)).toEqual(['a2', 'b1', 'c1'])
  })

  test('leave no segment behind that no longer counts', async () => {
    const store = memoryStore('dest')
    for (let round = 0; round < 3; round++) {
      await write(
        open(store),
        Array.from({ length: 20 }, (_, i) => named(`k${String(i).padStart(2, '0')}`, round)),
      )
    }
    const before = await segmentsOf(store)
    expect(before.length).toBeGreaterThan(1)
    await write(open(store), [])
    expect(await segmentsOf(store)).toEqual([])
  })

  test('are a help that can be gone: the rest of the keys is unknown', async () => {
    const store = memoryStore('dest')
    await write(
      open(store),
      Array.from({ length: 20 }, (_, i) => named(`k${String(i).padStart(2, '0')}`)),
    )
    const { body } = await store.reserved().get('.skein/pairs/a~b/manifest')
    const { value } = (await new Response(body).json()) as {
      value: { segments: { name: string }[] }
    }
    await store.reserved().delete(`.skein/${value.segments[1]!.name}`)
    const problems: unknown[] = []
    let count = 0
    const readable = asFarAsReadable(open(store).read(), (error) => problems.push(error))
    for await (const some of readable) count += some.length
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(20)
    expect(problems).toHaveLength(1)
  })

  test('of a hundred thousand keys take few bytes and little memory', SLOW, async () => {
    const store = memoryStore('dest')
    const pairs = openPairRecords(store, 'a~b', ORDER, { segmentCharacters: 2 ** 20 })
    const writer = pairs.write()
    const count = 100_000
    const at = (i: number): PairRecord => ({
      key: `photos/2026/${String(i).padStart(8, '0')}.jpg`,
      size: i,
      from: { etag: String(i * 7919), modified: 1_700_000_000_000 + i },
      to: { etag: String(i * 7919), modified: 1_700_000_000_000 + i * 2 },
      grade: 'declared',
      digest: { algorithm: 'crc32c', value: 'AAAAAA==' },
    })
    for (let i = 0; i < count; i++) {
      await writer.add(at(i))
      if (writer.isFull) await writer.commit(at(i).key)
    }
    await writer.commit()
    let seen = 0
    for await (const some of pairs.read()) {
      expect(some[0]).toEqual(at(seen))
      seen += some.length
    }
    expect(seen).toBe(count)
    const sizes = await Promise.all(
      (await segmentsOf(store)).map(async (key) => (await store.reserved().head(key)).size),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0) / count).toBeLessThan(40)
  })
})

describe('a pair', () => {
  const object = (etag: string, size = 1, at = 0) => {
    return { key: 'k', etag, size, modified: new Date(at) }
  }
  const known: PairRecord = {
    key: 'k',
    size: 1,
    from: identified(object('f', 1, 5)),
    to: { etag: 't' },
    grade: 'attested',
  }
  test.each([
    ['same', object('f', 1, 5), object('t', 1, 9), known],
    ['new', object('f'), undefined, undefined],
    ['missing', object('f', 1, 5), undefined, known],
    ['extra', undefined, object('t'), undefined],
    ['extra', undefined, object('t'), known],
    ['unknown', object('x'), object('x'), undefined],
    ['changed-source', object('g', 1, 5), object('t'), known],
    ['changed-source', object('f', 1, 6), object('t'), known],
    ['changed-source', object('f', 2, 5), object('t'), known],
    ['changed-destination', object('f', 1, 5), object('u'), known],
    ['unknown', object('g', 1, 5), object('u'), known],
  ])('is %s', (state, from, to, recorded) => {
    expect(classify({ from, to, record: recorded })).toBe(state)
  })
})

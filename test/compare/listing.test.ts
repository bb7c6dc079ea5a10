// Listings in the order of a join, and joined: every key once, whatever the stores' orders, page sizes and
// escapes, from anywhere on, and with no more held than was allowed.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinByKey, readAhead } from '#shared/compare/join.ts'
import type { KeyRange, Place } from '#shared/compare/listing.ts'
import { joinOrder, listInOrder } from '#shared/compare/listing.ts'
import { splitKeys } from '#shared/compare/splitting.ts'
import { seeded } from '../seeds.ts'
import type { ToldListing } from '../workspaces/workspace-of.ts'
import { toldStore } from '../workspaces/workspace-of.ts'

const SLOW = { timeout: 120_000 }

/** Units around which the orders differ and keys are escaped, few of them, so that keys share their beginnings. */
const character = fc.constantFrom('a', 'b', '/', '\\', '.', '\u0085', '\ue000', '\uff01', '😀')
const keys = fc
  .uniqueArray(fc.string({ unit: character, minLength: 1, maxLength: 5 }), { maxLength: 40 })
  .map((all) => all.filter((key) => !/(^|\/)\.{1,2}(\/|$)/.test(key)))
const listing = (name: string): fc.Arbitrary<ToldListing> =>
  fc.record({
    name: fc.constant(name),
    keys,
    kind: fc.constantFrom('utf8' as const, 'utf16' as const, 'azure' as const),
    pageSize: fc.integer({ min: 1, max: 12 }),
  })

const MAX_STRAYS = 3

async function keysIn(place: Place, others: readonly Place[], range?: KeyRange): Promise<string[]> {
  const order = joinOrder([place, ...others])
  const found: string[] = []
  const options = { maxStrays: MAX_STRAYS, ...(range && { range }) }
  for await (const page of listInOrder(place, order, options)) {
    found.push(...page.map(({ key }) => key))
  }
  return found
}

describe('a listing in the order of a join', () => {
  test('tells every key once, in order, whatever the store sorts by', SLOW, async () => {
    await fc.assert(
      fc.asyncProperty(listing('a'), listing('b'), async (a, b) => {
        const [place, other] = [a, b].map((told) => ({ store: toldStore(told), base: '' }))
        const { compare } = joinOrder([place!, other!])
        expect(await keysIn(place!, [other!])).toEqual(a.keys.toSorted(compare))
      }),
      seeded(),
    )
  })

  test('begins after any key and ends with any other', SLOW, async () => {
    await fc.assert(
      fc.asyncProperty(listing('a'), listing('b'), fc.nat(), fc.nat(), async (a, b, m, n) => {
        const [place, other] = [a, b].map((told) => ({ store: toldStore(told), base: '' }))
        const { compare, isStray } = joinOrder([place!, other!])
        const proper = [...a.keys, ...b.keys].filter((key) => !isStray(key)).toSorted(compare)
        const [after, upTo] = [m, n].map((i) => proper[i % proper.length] ?? '').toSorted(compare)
        const within = (key: string) =>
          isStray(key) ||
          ((after === undefined || compare(key, after) > 0) &&
            (upTo === undefined || compare(key, upTo) <= 0))
        const range = { after, upTo, strays: 'with' as const }
        const expected = a.keys.filter(within).toSorted(compare)
        expect(await keysIn(place!, [other!], range)).toEqual(expected)
        const others = await keysIn(place!, [other!], { ...range, strays: 'without' })
        expect(others).toEqual(expected.filter((key) => !isStray(key)))
        expect(await keysIn(place!, [other!], { strays: 'only' })).toEqual(expected.filter(isStray))
      }),
      seeded(),
    )
  })

  test('tells keys without what they all begin with', async () => {
    const told = { name: 'a', keys: ['p/a', 'p/b', 'q'], kind: 'utf8', pageSize: 1 } as const
    expect(await keysIn({ store: toldStore(told), base: 'p/' }, [])).toEqual(['a', 'b'])
  })

  test('ends with an error where the store does not list in the order it is known for', async () => {
    const told = { name: 'a', keys: ['😀', '\uff01'], kind: 'utf16', pageSize: 1 } as const
    const store = Object.assign(toldStore(told), {
      capabilities: toldStore({ ...told, kind: 'utf8' }).capabilities,
    })
    await expect(keysIn({ store, base: '' }, [])).rejects.toThrow(/a lists .* after .* order/)
  })
})

describe('a join', () => {
  test('has every key once with what each side has there', SLOW, async () => {
    await fc.assert(
      fc.asyncProperty(listing('a'), listing('b'), listing('c'), async (...told) => {
        const places = told.map((one) => ({ store: toldStore(one), base: '' }))
        const order = joinOrder(places)
        const streams = places.map((place) => listInOrder(place, order, { maxStrays: MAX_STRAYS }))
        const seen: { key: string; has: boolean[] }[] = []
        for await (const rows of joinByKey(streams, order.compare)) {
          seen.push(...rows.map(({ key, at }) => ({ key, has: at.map((one) => one?.key === key) })))
        }
        const every = [...new Set(told.flatMap((one) => one.keys))].toSorted(order.compare)
        expect(seen).toEqual(
          every.map((key) => ({ key, has: told.map((one) => one.keys.includes(key)) })),
        )
      }),
      seeded(),
    )
  })

  test('asks for a page while the one before is worked on, and for no more', async () => {
    const told = {
      name: 'a',
      keys: ['a', 'b', 'c', 'd', 'e', 'f'],
      kind: 'utf8',
      pageSize: 2,
    } as const
    const store = toldStore(told)
    const place = { store, base: '' }
    const rows = joinByKey([listInOrder(place, joinOrder([place]))], joinOrder([place]).compare)
    await rows.next()
    expect(store.pages).toBe(2)
    await rows.return(undefined)
    expect(store.pages).toBe(2)
  })

  test('fails as the stream fails, when its turn comes', async () => {
    const stream = readAhead(
      (async function* () {
        yield 1
        throw new Error('broken off')
      })(),
    )
    expect((await stream.next()).value).toBe(1)
    await expect(stream.next()).rejects.toThrow('broken off')
  })
})

describe('keys that are split', () => {
  test('are in one of the ranges each, in order', SLOW, async () => {
    await fc.assert(
      fc.asyncProperty(
        listing('a'),
        listing('b'),
        fc.integer({ min: 1, max: 6 }),
        async (a, b, n) => {
          const [place, other] = [a, b].map((told) => ({ store: toldStore(told), base: '' }))
          const order = joinOrder([place!, other!])
          const ranges = await splitKeys(place!, order, n, { requests: 30 })
          expect(ranges.length).toBeLessThanOrEqual(n + 1)
          const found: string[] = []
          for (const range of ranges) found.push(...(await keysIn(other!, [place!], range)))
          expect(found).toEqual(b.keys.toSorted(order.compare))
        },
      ),
      seeded(),
    )
  })

  test('are shared about evenly, by folders or without', async () => {
    const numbered = Array.from(
      { length: 3000 },
      (_, i) => `photos/img${String(i).padStart(6, '0')}`,
    )
    const foldered = numbered.map((key, i) => `${i % 37}/${key}`)
    for (const keysOf of [numbered, foldered]) {
      const told = { name: 'a', keys: keysOf, kind: 'utf8', pageSize: 100 } as const
      const store = toldStore(told)
      const place = { store, base: '' }
      const ranges = await splitKeys(place, joinOrder([place]), 4)
      expect(store.pages).toBeLessThan(150)
      const sizes: number[] = []
      for (const range of ranges) sizes.push((await keysIn(place, [], range)).length)
      expect(Math.max(...sizes)).toBeLessThan(1600)
    }
  })
})

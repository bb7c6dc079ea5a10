// Listing all stores of a workspace, over listings that are told key by key: every key once, with the truth
// about each store, in order, whatever the stores' orders, page sizes and escapes.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ObjectList } from '#shared/client/protocol.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import { isStray } from '#shared/compare/key-order.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import { seeded } from '../seeds.ts'
import type { ToldListing } from './workspace-of.ts'
import { toldStore, workspaceOf } from './workspace-of.ts'

/** Hundreds of listings each, on a machine that may be busy. */
const SLOW = { timeout: 120_000 }

interface Seen {
  objects: ObjectList['objects']
  prefixes: string[]
  answers: number
}

async function walk(
  workspace: Workspace,
  query: { limit: number; prefix?: string; delimiter?: string; stores?: 'all' | 'primary' },
): Promise<Seen> {
  const seen: Seen = { objects: [], prefixes: [], answers: 0 }
  let cursor: string | undefined
  do {
    const page = await listObjects(workspace, { stores: 'all', ...query, cursor })
    seen.objects.push(...page.objects)
    seen.prefixes.push(...page.prefixes)
    cursor = page.cursor
    if (++seen.answers > 2000) throw new Error('the cursors lead nowhere')
  } while (cursor !== undefined)
  return seen
}

/** Units around which the orders differ, few of them, so that keys share their beginnings. */
const character = fc.constantFrom('a', 'b', '/', '\ud7ff', '\ue000', '\uff01', '😀', '\u{10fffd}')
const escaped = fc.constantFrom('a', 'b', '\\', '.', '\u0085', '\uff01', '😀')
const keysOf = (unit: fc.Arbitrary<string>) =>
  fc
    .uniqueArray(fc.string({ unit, minLength: 1, maxLength: 5 }), { maxLength: 40 })
    .map((keys) => keys.filter((key) => !/(^|\/)\.{1,2}(\/|$)/.test(key)))

const listing = (name: string, unit: fc.Arbitrary<string>, kinds: ToldListing['kind'][]) =>
  fc.record({
    name: fc.constant(name),
    keys: keysOf(unit),
    kind: fc.constantFrom(...kinds),
    pageSize: fc.integer({ min: 1, max: 12 }),
  })

function sayWhatEachHolds(told: readonly ToldListing[], seen: Seen, delimiter?: string): void {
  const every = [...new Set(told.flatMap(({ keys }) => keys))]
  const plain = delimiter ? every.filter((key) => !key.includes(delimiter)) : every
  const folded = every
    .filter((key) => delimiter && key.includes(delimiter))
    .map((key) => key.slice(0, key.indexOf(delimiter!) + 1))
  expect(seen.objects.map(({ key }) => key).toSorted()).toEqual(plain.toSorted())
  expect(seen.prefixes.toSorted()).toEqual([...new Set(folded)].toSorted())
  for (const { key, stores } of seen.objects) {
    expect(stores?.map(({ store, state }) => [store, state])).toEqual(
      told.map(({ name, keys }) => [name, keys.includes(key) ? 'present' : 'absent']),
    )
  }
}

describe('all stores side by side', () => {
  test('show every key once, in order, with what each store holds', SLOW, async () => {
    const orders: ToldListing['kind'][] = ['utf8', 'utf16']
    const three = fc.tuple(
      listing('one', character, orders),
      listing('two', character, orders),
      listing('three', character, orders),
    )
    await fc.assert(
      fc.asyncProperty(three, fc.integer({ min: 1, max: 15 }), async (told, limit) => {
        const workspace = workspaceOf(told.map(toldStore))
        const seen = await walk(workspace, { limit })
        sayWhatEachHolds(told, seen)
        const keys = seen.objects.map(({ key }) => key)
        const allUtf16 = told.every(({ kind }) => kind === 'utf16')
        expect(keys).toEqual(allUtf16 ? keys.toSorted() : keys.toSorted(compareUtf8))
      }),
      seeded(),
    )
  })

  test('fold prefixes as one store does', SLOW, async () => {
    const two = fc.tuple(
      listing('one', character, ['utf8']),
      listing('two', character, ['utf8', 'utf16']),
    )
    await fc.assert(
      fc.asyncProperty(two, fc.integer({ min: 1, max: 9 }), async (told, limit) => {
        const seen = await walk(workspaceOf(told.map(toldStore)), { limit, delimiter: '/' })
        sayWhatEachHolds(told, seen, '/')
      }),
      seeded(),
    )
  })

  test('know of keys that Azure keeps by another name and lists elsewhere', SLOW, async () => {
    const three = fc.tuple(
      listing('one', escaped, ['utf8', 'azure']),
      listing('two', escaped, ['azure']),
      listing('three', escaped, ['utf8', 'azure']),
    )
    await fc.assert(
      fc.asyncProperty(three, fc.integer({ min: 1, max: 9 }), async (told, limit) => {
        const workspace = workspaceOf(told.map(toldStore))
        const seen = await walk(workspace, { limit })
        sayWhatEachHolds(told, seen)
        const azures = storesOf(workspace).filter(({ row }) => row.wire === 'azure')
        if (azures.length === told.length) return
        const inOrder = seen.objects
          .map(({ key }) => key)
          .filter((key) => !isStray(azures[0]!, key))
        expect(inOrder).toEqual(inOrder.toSorted(compareUtf8))
      }),
      seeded(),
    )
  })
})

test('a primary alone is listed in its own order, escapes and all', SLOW, async () => {
  await fc.assert(
    fc.asyncProperty(
      listing('one', escaped, ['utf8', 'utf16', 'azure']),
      fc.integer({ min: 1, max: 9 }),
      async (told, limit) => {
        const seen = await walk(workspaceOf([toldStore(told)]), { limit, stores: 'primary' })
        expect(seen.objects.map(({ key }) => key).toSorted()).toEqual(told.keys.toSorted())
        expect(seen.objects.every(({ stores }) => stores === undefined)).toBe(true)
      },
    ),
    seeded(),
  )
})

test('stores that hold the same cost one page each for an answer', async () => {
  const keys = Array.from({ length: 5000 }, (_, i) => `key ${String(i).padStart(5, '0')}`)
  const stores = (['utf8', 'utf8', 'azure'] as const).map((kind, index) =>
    toldStore({ name: `store ${index}`, keys, kind, pageSize: 1000 }),
  )
  const seen = await walk(workspaceOf(stores), { limit: 1000 })
  expect(seen.objects).toHaveLength(5000)
  expect(seen.answers).toBe(5)
  expect(stores.map(({ pages }) => pages)).toEqual([5, 5, 5])
})

test('a page that was given in part is read again as it was, whatever the next answer may hold', async () => {
  const keys = ['a', 'b', 'c\\', 'd', 'e']
  const stores = [
    toldStore({ name: 'one', keys: ['0', '1', '2', 'z'], kind: 'utf8', pageSize: 10 }),
    toldStore({ name: 'two', keys, kind: 'azure', pageSize: 10 }),
  ]
  const workspace = workspaceOf(stores)
  const limits = [1, 3, 2, 10, 10]
  const seen: string[] = []
  let cursor: string | undefined
  for (const limit of limits) {
    const page = await listObjects(workspace, { stores: 'all', limit, cursor })
    seen.push(...page.objects.map(({ key }) => key))
    cursor = page.cursor
    if (cursor === undefined) break
  }
  expect(cursor).toBeUndefined()
  expect(seen.toSorted()).toEqual(['0', '1', '2', 'z', ...keys].toSorted())
})

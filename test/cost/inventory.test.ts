// Inventories: what a histogram counts is what there is, however little room it has; they go on where they were
// left; and growth is what two of them differ by.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { AGE_STEPS, ageStep, leastBytes, sizeStep } from '#shared/cost/buckets.ts'
import type { Seen } from '#shared/cost/histogram.ts'
import { createHistogram } from '#shared/cost/histogram.ts'
import { growthBetween, readInventory, takeInventory, totalsOf } from '#shared/cost/inventory.ts'
import { openStore } from '#shared/storage/open.ts'
import { seeded } from '../seeds.ts'
import { TODAY, inventoryOf, placesAt } from './sample.ts'

const segment = fc.constantFrom('a', 'b', 'logs', '2024', '2025', 'x y', 'é')
const seen: fc.Arbitrary<Seen> = fc.record({
  key: fc.array(segment, { minLength: 1, maxLength: 7 }).map((parts) => parts.join('/')),
  bytes: fc.integer({ min: 0, max: 2 ** 40 }),
  ageDays: fc.double({ min: 0, max: 3000, noNaN: true }),
  placement: fc.constantFrom(['STANDARD', null], ['STANDARD', 'Cool'], ['STANDARD_IA', 'Cool']),
})

function sumsOf(cells: Iterable<{ objects: number; bytes: number }>) {
  let [objects, bytes] = [0, 0]
  for (const cell of cells) {
    objects += cell.objects
    bytes += cell.bytes
  }
  return { objects, bytes }
}

test('steps of size: powers of two, so that minimums fall between two of them', () => {
  for (const bytes of [0, 1, 4095, 4096, 131_071, 131_072, 2 ** 31 - 1, 2 ** 31, 5 * 2 ** 40]) {
    const step = sizeStep(bytes)
    expect(leastBytes(step)).toBeLessThanOrEqual(bytes)
    expect(leastBytes(step + 1)).toBeGreaterThan(bytes)
  }
  expect(sizeStep(131_071)).not.toBe(sizeStep(131_072))
  expect(AGE_STEPS.map((days) => ageStep(days))).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(ageStep(29.99)).toBe(0)
})

test('whatever is added is counted once, in as many cells as there is room for', () => {
  fc.assert(
    fc.property(
      fc.array(seen, { maxLength: 300 }),
      fc.integer({ min: 1, max: 60 }),
      (list, max) => {
        const histogram = createHistogram({ maxCells: max })
        for (const one of list) histogram.add(one)
        const expected = sumsOf(list.map(({ bytes }) => ({ objects: 1, bytes })))
        expect(sumsOf(histogram.cells())).toEqual(expected)
        for (const { prefix } of histogram.cells())
          expect(list.some(({ key }) => key.startsWith(prefix))).toBe(true)
      },
    ),
    seeded(),
  )
})

test('a record goes on as if nothing had been between', () => {
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 200 }), fc.nat(200), (list, at) => {
      const whole = createHistogram({ maxCells: 40 })
      for (const one of list) whole.add(one)
      const first = createHistogram({ maxCells: 40 })
      for (const one of list.slice(0, at)) first.add(one)
      const record = JSON.parse(JSON.stringify(first.record())) as ReturnType<typeof first.record>
      const rest = createHistogram({ maxCells: 40 }, record)
      for (const one of list.slice(at)) rest.add(one)
      expect(sumsOf(rest.cells())).toEqual(sumsOf(whole.cells()))
    }),
    seeded(),
  )
})

test('a hundred thousand folders fold into those above them, and the few heavy ones stay', () => {
  const histogram = createHistogram({ maxCells: 500 })
  const placement = ['STANDARD']
  for (let at = 0; at < 100_000; at++)
    histogram.add({ key: `users/${at}/photo.jpg`, bytes: 1000, ageDays: 5, placement })
  for (let at = 0; at < 10; at++)
    histogram.add({ key: `backups/db${at}/dump`, bytes: 1e12, ageDays: 5, placement })
  expect(histogram.cellCount).toBeLessThanOrEqual(500)
  const prefixes = new Set([...histogram.cells()].map(({ prefix }) => prefix))
  expect([...prefixes].filter((prefix) => prefix.startsWith('backups/db'))).toHaveLength(10)
  const users = [...histogram.cells()].filter(({ prefix }) => prefix === 'users/')
  expect(sumsOf(users).objects).toBeGreaterThan(90_000)
})

async function storesOf() {
  const platform = { env: {}, fileSystem: false, now: () => TODAY }
  return ['one', 'two'].map((name) =>
    openStore(`memory:${name}-${crypto.randomUUID()}`, platform, { name }),
  )
}

test('what each store holds of a key, in which class, page by page', async () => {
  const [one, two] = await storesOf()
  for (let at = 0; at < 7; at++) await one!.put(`a/${at}`, 'x'.repeat(100))
  await one!.put('b/cold', 'y'.repeat(5000), { storageClass: 'ARCHIVE' })
  await two!.put('a/3', 'x'.repeat(100))
  const first = takeInventory('app', [one!, two!], { now: Date.now() })
  expect(await first.page()).toBe(true)
  const record = JSON.parse(JSON.stringify(first.record())) as ReturnType<typeof first.record>
  const { cells, stores } = readInventory(record)
  expect(stores).toEqual(['one', 'two'])
  const shown = cells.map(({ prefix, placement, objects, bytes }) => {
    return { prefix, placement: placement.join(' '), objects, bytes }
  })
  expect(shown).toEqual(
    expect.arrayContaining([
      { prefix: 'a/', placement: 'STANDARD ', objects: 6, bytes: 600 },
      { prefix: 'a/', placement: 'STANDARD STANDARD', objects: 1, bytes: 100 },
      { prefix: 'b/', placement: 'ARCHIVE ', objects: 1, bytes: 5000 },
    ]),
  )
})

test('growth is what two inventories differ by; too close together they tell nothing', () => {
  const places = placesAt('s3')
  const before = inventoryOf(places, [{ objects: 100, objectBytes: 10, placement: ['STANDARD'] }])
  const after = inventoryOf(places, [{ objects: 240, objectBytes: 10, placement: ['STANDARD'] }])
  const week = { ...before, takenAt: new Date(TODAY - 7 * 86_400_000).toISOString() }
  expect(growthBetween(week, after)).toMatchObject({ objectsADay: 20, bytesADay: 200 })
  expect(growthBetween(before, after)).toBeUndefined()
  expect(totalsOf(after)).toEqual({ objects: 240, bytes: 2400 })
})

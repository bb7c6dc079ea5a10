// Workspaces for the adviser to be judged by, made by chance from a seed: sizes and reads on both sides of
// allowances, minimums and tiers.

import type { AdviceInput } from '#shared/cost/advice/advise.ts'
import { openRegions } from '#shared/cost/regions.ts'
import type { Placement } from '#shared/cost/histogram.ts'
import { openToday } from '../prices/open.ts'
import type { Heap } from './sample.ts'
import { GIB, KIB, MIB, inventoryOf, placesAt } from './sample.ts'

const prices = await openToday()
const regions = await openRegions()

const TEAMS = [
  ['s3', 'b2'],
  ['s3', 'r2'],
  ['s3', 'wasabi'],
  ['r2', 'b2'],
  ['gcs', 'spaces'],
  ['azure', 'r2'],
  ['s3', 'r2', 'b2'],
  ['r2', 'wasabi', 'spaces'],
]

const SIZES = [16 * KIB, 100 * KIB, 200 * KIB, 5 * MIB, 300 * MIB, 2 * GIB]
const COUNTS = [1, 10, 100, 1000, 20_000]

export function randomCase(random: () => number, groups: number): AdviceInput {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const places = placesAt(...pick(TEAMS)).map((place) => ({
    ...place,
    // Few classes, so that all assignments can be tried.
    classes: place.classes.filter((_, at) => at === 0 || random() < 0.35).slice(0, 3),
  }))
  const heaps = Array.from({ length: groups }, (_, at): Heap => {
    const copies = 1 + Math.floor(random() * Math.min(2, places.length))
    const placement: Placement = places.map(({ classes }, store) =>
      store < copies
        ? pick(classes.filter((name) => !/GLACIER$|DEEP_ARCHIVE|Archive/.test(name)))
        : null,
    )
    const ageDays = pick([1, 20, 45, 100, 400])
    return {
      prefix: `g${at}/`,
      objects: pick(COUNTS),
      objectBytes: pick(SIZES),
      ageDays,
      placement,
    }
  })
  const inventory = inventoryOf(places, heaps)
  const rates = inventory.cells.flatMap(({ prefix, objects, bytes, placement }) => {
    const times = pick([0, 0, 0.01, 0.3, 2, 20])
    if (times === 0) return []
    const counts = { get: Math.round(objects * times) }
    const held = places.filter((_, at) => placement[at] != null)
    const { name: store } = random() < 0.8 ? held[0]! : pick(held)
    return [{ store, prefix, counts, sentBytes: Math.round(bytes * times) }]
  })
  const constraints = random() < 0.5 ? { reads: 'cheapest' as const } : {}
  return { prices, regions, places, inventory, rates, constraints, months: pick([3, 12, 36]) }
}

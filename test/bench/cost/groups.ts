// A million groups of objects in seven stores, one at each provider, in all their classes: sizes and ages as
// buckets have them, reads of some, a copy or two beside the primary's. From a seed, so that each run is the same.

import type { Placement } from '#shared/cost/histogram.ts'
import type { Groups } from '#shared/cost/advice/groups.ts'
import { emptyGroups } from '#shared/cost/advice/groups.ts'
import { AGE_STEPS, ageStep, sizeStep } from '#shared/cost/buckets.ts'
import type { StorePlace } from '#shared/cost/places.ts'
import { randomFrom } from '../../seeds.ts'
import { placesAt } from '../../cost/sample.ts'

const SEED = 20_261_121
const GROUPS_A_PREFIX = 20

export const PLACES: readonly StorePlace[] = placesAt(
  ...['s3', 'gcs', 'azure', 'r2', 'b2', 'wasabi', 'spaces'],
)

export function manyGroups(count: number): Groups {
  const random = randomFrom(SEED)
  const placements = manyPlacements(random)
  const groups = emptyGroups(count)
  for (let group = 0; group < count; group++) {
    const objectBytes = Math.floor(2 ** (10 + random() * 17))
    const objects = 1 + Math.floor(10 ** (random() * 3))
    groups.objects[group] = objects
    groups.bytes[group] = objects * objectBytes
    groups.ageDays[group] = Math.floor(random() * 800)
    groups.placement[group] = Math.floor(random() * placements.length)
    const times = random() < 0.6 ? 0 : 10 ** (random() * 4 - 3)
    groups.reads[group] = Math.round(objects * times)
    groups.readBytes[group] = Math.round(objects * objectBytes * times)
  }
  return {
    ...groups,
    placements,
    prefixOf: (group) => `p${Math.floor(group / GROUPS_A_PREFIX)}/`,
    stepsOf: (group) => ({
      age: Math.min(ageStep(groups.ageDays[group]!), AGE_STEPS.length - 1),
      size: sizeStep(groups.bytes[group]! / groups.objects[group]!),
    }),
  }
}

/** The primary's standard or first cool class, alone or with one or two copies elsewhere. */
function manyPlacements(random: () => number): Placement[] {
  return Array.from({ length: 40 }, () => {
    const copies = Math.floor(random() * 3)
    const others = [1, 2, 3, 4, 5, 6].toSorted(() => random() - 0.5).slice(0, copies)
    return PLACES.map(({ classes }, store) => {
      if (store === 0) return classes[random() < 0.7 ? 0 : 1]!
      return others.includes(store) ? classes[0]! : null
    })
  })
}

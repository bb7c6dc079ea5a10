// What advice must never break. What is not said stays as it is: as many copies as there are, with as many
// providers, the primary where it is, and something to read from at once.

import type { Regions } from '../regions.ts'
import type { Choice } from './options.ts'

export interface Constraints {
  /** Absent: as many as each object has. */
  copies?: number | undefined
  /** Distinct ones; absent: as many as each object has. */
  providers?: number | undefined
  /** Countries (`DE`) or groups of them (`EU`); absent: anywhere. */
  within?: readonly string[] | undefined
  /** The primary keeps a copy; its class may change. True unless told. */
  keepPrimary?: boolean | undefined
  /**
   * Which copies can be read without a restore: the `primary`, as when nothing is said, since replicas are made and
   * proven from it, or `all`. The one that is read from always can.
   */
  atOnce?: 'primary' | 'all' | undefined
  /** Days that an object is surely still there: longer minimums are not entered. Absent: the horizon. */
  keptDays?: number | undefined
  /** Reads go to the primary, as when nothing is said, or to whichever copy is cheapest to read. */
  reads?: 'primary' | 'cheapest' | undefined
}

/** Which sets of stores an object may be in; a set is a mask of bits, by the stores' order. */
export interface Allowed {
  masks: readonly number[]
  /** By option: the class may be entered, may be read from. */
  enter: readonly boolean[]
  serve: readonly boolean[]
}

export function allowedFor(
  choice: Choice,
  constraints: Constraints,
  regions: Regions,
  now: { mask: number; horizonDays: number },
): Allowed {
  const { stores, options } = choice
  const { keepPrimary = true, atOnce = 'primary', reads = 'primary' } = constraints
  const { within, keptDays = now.horizonDays } = constraints
  const copies = constraints.copies ?? countOf(now.mask)
  const providers = constraints.providers ?? providersIn(choice, now.mask)
  const fits = stores.map(({ place }) => within === undefined || regions.lies(place, within))
  const masks = Array.from({ length: 2 ** stores.length }, (_, mask) => mask).filter(
    (mask) =>
      countOf(mask) === copies &&
      providersIn(choice, mask) >= providers &&
      (!keepPrimary || (now.mask & 1) === 0 || (mask & 1) === 1) &&
      stores.every((_, store) => (mask & (1 << store)) === 0 || fits[store]),
  )
  return {
    masks,
    enter: options.map(
      ({ store, minimumDays, restoreRequired }) =>
        minimumDays <= keptDays && !(restoreRequired && (store === 0 || atOnce === 'all')),
    ),
    serve: options.map(
      ({ store, restoreRequired }) =>
        !restoreRequired && (reads === 'cheapest' || store === 0 || !keepPrimary),
    ),
  }
}

export function countOf(mask: number): number {
  let count = 0
  for (let rest = mask; rest > 0; rest >>= 1) count += rest & 1
  return count
}

function providersIn({ stores }: Choice, mask: number): number {
  const names = stores.filter((_, store) => (mask & (1 << store)) !== 0)
  return new Set(names.map(({ place }) => place.provider)).size
}

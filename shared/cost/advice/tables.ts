// For each placement that occurs, everything about it that does not depend on a group's size: what each option
// would take to enter, and in which sets of stores the object may be. Made once, read a million times.

import type { Prices } from '#shared/prices/prices.ts'
import type { Placement } from '../histogram.ts'
import type { Regions } from '../regions.ts'
import type { Change, Present } from './changes.ts'
import { changeInto, presentOf } from './changes.ts'
import type { Allowed, Constraints } from './constraints.ts'
import { allowedFor } from './constraints.ts'
import type { Choice } from './options.ts'
import { perOne } from './options.ts'

export interface Table {
  placement: Placement
  present: Present
  /** The stores that have a copy. */
  mask: number
  /** Its code; see `codeOf`. -1 where a class has no known price: such objects get no advice. */
  code: number
  /** It meets the constraints as it is; it can be brought to. */
  fits: boolean
  canFit: boolean
  /** The copy that is read from as it lies. */
  servedNow: number
  allowed: Allowed
  /** By option; undefined where it may not or cannot be entered. */
  changes: readonly (Change | undefined)[]
}

export const MAX_STORES = 7
/** A digit a store, so that seven fit a 32-bit number. */
export const CODE_BASE = 16

export interface TablesInput {
  prices: Prices
  regions: Regions
  choice: Choice
  constraints: Constraints
  horizonDays: number
}

export function openTable(input: TablesInput, placement: Placement): Table {
  const { prices, regions, choice, constraints, horizonDays } = input
  const present = presentOf(choice, placement)
  const mask = present.reduce((sum, one, store) => sum | (one === null ? 0 : 1 << store), 0)
  const allowed = allowedFor(choice, constraints, regions, { mask, horizonDays })
  const isPriced = present.every((one) => one !== undefined)
  const changes = choice.options.map((option) => {
    const change = changeInto(prices, choice, present, option)
    return change?.way === 'stay' || allowed.enter[option.index] ? change : undefined
  })
  const codes = present.map((one) => one?.index ?? -1)
  return {
    ...{ placement, present, mask, allowed, changes },
    code: isPriced ? codeOf(choice, codes) : -1,
    fits: allowed.masks.includes(mask) && present.some((one) => one && allowed.serve[one.index]),
    canFit: allowed.masks.some((set) => isOpen(choice, set, changes, allowed)),
    servedNow: cheapestToRead(choice, present, allowed),
  }
}

/** Each store of the set can be entered, and one of them read from. */
function isOpen(
  { stores }: Choice,
  set: number,
  changes: Table['changes'],
  { serve }: Allowed,
): boolean {
  const own = stores.filter((_, store) => (set & (1 << store)) !== 0)
  const open = own.map(({ options }) => options.filter(({ index }) => changes[index]))
  return open.every((list) => list.length > 0) && open.flat().some(({ index }) => serve[index])
}

function cheapestToRead({ stores }: Choice, present: Present, { serve }: Allowed): number {
  let found = 0
  let least = Number.POSITIVE_INFINITY
  for (const [store, option] of present.entries()) {
    if (!option || !serve[option.index]) continue
    const [first] = stores[store]!.egress
    const usd = perOne(option.retrieval) + (first ? perOne(first.figure) : 0)
    if (usd >= least) continue
    least = usd
    found = store
  }
  return found
}

/** In which option an object is at each store, as one number: a digit a store, zero for none. */
export function codeOf({ stores }: Choice, options: readonly number[]): number {
  let code = 0
  for (let store = stores.length - 1; store >= 0; store--) {
    const index = options[store]!
    const first = stores[store]!.options[0]?.index ?? 0
    code = code * CODE_BASE + (index < 0 ? 0 : index - first + 1)
  }
  return code
}

/** The option's index at each store, or -1. */
export function optionsIn({ stores }: Choice, code: number): number[] {
  let rest = code
  return stores.map(({ options }) => {
    const digit = rest % CODE_BASE
    rest = Math.floor(rest / CODE_BASE)
    return digit === 0 ? -1 : options[digit - 1]!.index
  })
}

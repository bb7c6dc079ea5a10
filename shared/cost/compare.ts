// The same data and traffic elsewhere: what one copy of all there is, and all that is read of it, would cost in a
// month in each class of each provider, in the region nearest to where the primary is. What that leaves out is said:
// to move there costs once, and some classes do not answer at once.

import { monthlyBill } from '#shared/prices/bill.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Money } from '#shared/prices/money.ts'
import { compareMoney } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import { monthOf } from './account.ts'
import type { Item } from './demand.ts'
import { demandOf } from './demand.ts'
import type { Inventory } from './inventory.ts'
import type { StorePlace } from './places.ts'
import type { Regions } from './regions.ts'
import type { PriceLine } from './report.ts'
import { toLine } from './report.ts'
import type { MonthlyRate } from './usage.ts'

export interface Elsewhere {
  provider: string
  region: string | undefined
  class: string
  /** The primary's own place and standard class. */
  here: boolean
  month: Bill | { unknown: string }
  /** What a reader must know before choosing it. */
  traits: readonly string[]
}

export interface Bill {
  storage: Money
  requests: Money
  retrieval: Money
  egress: Money
  standing: Money
  total: Money
  flags: readonly string[]
  lines: readonly PriceLine[]
}

export const PROVIDERS = ['s3', 'gcs', 'azure', 'r2', 'b2', 'wasabi', 'spaces'] as const

export interface CompareInput {
  prices: Prices
  regions: Regions
  places: readonly StorePlace[]
  inventory: Inventory
  rates: readonly MonthlyRate[]
  /** Countries, or groups of them, within which the data has to stay. */
  within?: readonly string[] | undefined
}

/** The cheapest first; what has no known price last. */
export function compareElsewhere(input: CompareInput): Elsewhere[] {
  const items = oneCopy(input)
  return PROVIDERS.flatMap((provider) => inProvider(input, provider, items)).toSorted(byTotal)
}

/** The primary's objects and everybody's reads; replicas and what it takes to make them are left out. */
function oneCopy({ inventory, places, rates }: CompareInput): Item[] {
  const [primary] = places
  const whole = {
    ...inventory,
    cells: inventory.cells.map((cell) => ({
      ...cell,
      placement: [cell.placement.find((name) => name !== null) ?? null],
    })),
    stores: [primary!.name],
  }
  const moved = rates.map((rate) => ({ ...rate, store: primary!.name }))
  return demandOf({ inventory: whole, places: [primary!], rates: moved })
}

function inProvider(input: CompareInput, provider: string, items: readonly Item[]): Elsewhere[] {
  const { prices, regions, places, within } = input
  const found = prices.provider(provider)
  if (!isKnown(found)) return []
  const [home] = places
  const region =
    home!.provider === provider && home!.region !== undefined
      ? home!.region
      : regions.nearest(provider, home!, within)
  return Object.keys(found.classes ?? {}).map((name, index) => {
    const shelf: Shelf = { provider, region, class: name }
    return {
      ...{ provider, region, class: name },
      here: home!.provider === provider && index === 0,
      month: billAt(prices, shelf, items),
      traits: traitsOf(prices, shelf, region === undefined),
    }
  })
}

function billAt(prices: Prices, shelf: Shelf, items: readonly Item[]): Elsewhere['month'] {
  const bill = monthlyBill(
    prices,
    monthOf(shelf.provider, items, () => shelf),
  )
  if (!isKnown(bill)) return { unknown: bill.reason }
  const { storage, requests, retrieval, egress, standing, total } = bill
  return {
    ...{ storage: storage.amount, requests: requests.amount, retrieval: retrieval.amount },
    ...{ egress: egress.amount, standing: standing.amount, total: total.amount },
    ...{ flags: total.flags, lines: total.figures.map(toLine) },
  }
}

function traitsOf(prices: Prices, shelf: Shelf, isAnywhere: boolean): string[] {
  const rules = prices.rules(shelf)
  if (!isKnown(rules)) return []
  const { minimumDays, minimumObjectBytes, restoreRequired, overhead } = rules
  return [
    ...(restoreRequired ? ['must be restored before it can be read'] : []),
    ...(minimumDays.value > 0 ? [`at least ${minimumDays.value} days`] : []),
    ...(minimumObjectBytes.value > 0
      ? [`at least ${minimumObjectBytes.value} bytes an object`]
      : []),
    ...(overhead ? ['bytes beside each object'] : []),
    ...(isAnywhere ? ['no region near the primary is known'] : []),
  ]
}

function byTotal(a: Elsewhere, b: Elsewhere): number {
  if ('total' in a.month && 'total' in b.month) return compareMoney(a.month.total, b.month.total)
  return Number('unknown' in a.month) - Number('unknown' in b.month)
}

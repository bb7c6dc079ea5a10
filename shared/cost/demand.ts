// What a workspace asks of its providers in a month, item by item: bytes kept, requests, bytes read out of cheap
// classes, bytes sent. Prices come later; nothing here is money.

import type { Operation } from '#shared/prices/catalogue.ts'
import type { Pile } from '#shared/prices/costs.ts'
import type { Place } from '#shared/prices/place.ts'
import { AGE_STEPS } from './buckets.ts'
import type { Cell } from './histogram.ts'
import type { Inventory } from './inventory.ts'
import type { StorePlace } from './places.ts'
import { spreadRates } from './spread.ts'
import type { MonthlyRate } from './usage.ts'

interface Of {
  store: string
  class: string
  prefix: string
}

export type Item = Of &
  (
    | { charge: 'storage'; piles: readonly Pile[] }
    | { charge: 'requests'; operation: Operation; count: number; why: 'use' | 'copies' }
    | { charge: 'retrieval'; bytes: number }
    | { charge: 'egress'; to: 'internet' | Place; bytes: number; why: 'use' | 'copies' }
  )

/** Objects of a cell as whole numbers: so many of one size, and the rest a byte larger. */
export function pilesOf(bytes: number, objects: number): Pile[] {
  if (objects <= 0) return []
  const total = BigInt(Math.round(bytes))
  const count = BigInt(Math.round(objects))
  if (count === 0n) return []
  const objectBytes = total / count
  const larger = total % count
  return [
    { objectBytes, objects: count - larger },
    ...(larger > 0n ? [{ objectBytes: objectBytes + 1n, objects: larger }] : []),
  ]
}

export interface DemandOptions {
  inventory: Inventory
  places: readonly StorePlace[]
  rates: readonly MonthlyRate[]
  /** Multiplies what is kept, where it is known to grow. */
  growth?: number | undefined
}

export function demandOf(options: DemandOptions): Item[] {
  return [...kept(options), ...used(options), ...written(options)]
}

function kept({ inventory, places, growth = 1 }: DemandOptions): Item[] {
  const items: Item[] = []
  for (const { prefix, placement, bytes, objects } of inventory.cells) {
    const piles = pilesOf(bytes * growth, objects * growth)
    for (const [index, name] of placement.entries()) {
      if (name === null) continue
      items.push({ charge: 'storage', store: places[index]!.name, class: name, prefix, piles })
    }
  }
  return items
}

function used({ inventory, places, rates }: DemandOptions): Item[] {
  const known = spreadRates(inventory, rates)
  const spread = known.flatMap(({ cell, rate, share }): Item[] => {
    const index = inventory.stores.indexOf(rate.store)
    const of = { store: rate.store, class: cell.placement[index]!, prefix: cell.prefix }
    return itemsOf(of, rate, share)
  })
  // What was asked for and is not there any more was paid for all the same.
  const found = new Set(known.map(({ rate }) => rate))
  const gone = rates.filter((rate) => !found.has(rate))
  const stray = gone.flatMap((rate) => {
    const place = places.find(({ name }) => name === rate.store)
    if (!place) return []
    return itemsOf({ store: rate.store, class: place.classes[0]!, prefix: rate.prefix }, rate, 1)
  })
  return [...spread, ...stray]
}

/** Reads go by the class of the object; whatever else is asked does too, as providers bill it. */
function itemsOf(of: Of, { counts, sentBytes }: MonthlyRate, share: number): Item[] {
  const bytes = Math.round(sentBytes * share)
  const requests = (Object.entries(counts) as [Operation, number][]).map(
    ([operation, count]): Item => ({
      ...of,
      ...{ charge: 'requests', operation, count: Math.round(count * share), why: 'use' },
    }),
  )
  if (bytes === 0) return requests
  return [
    ...requests,
    { ...of, charge: 'retrieval', bytes },
    { ...of, charge: 'egress', to: 'internet', bytes, why: 'use' },
  ]
}

/** Objects that came in the last thirty days stand for a month's: each was put, and copied to its replicas. */
function written({ inventory, places }: DemandOptions): Item[] {
  const young = inventory.cells.filter(({ age }) => AGE_STEPS[age]! < AGE_STEPS[1])
  const [primary] = places
  if (!primary) return []
  return young.flatMap((cell) =>
    cell.placement.flatMap((name, index) =>
      name === null ? [] : writtenTo(cell, name, primary, places[index]!),
    ),
  )
}

function writtenTo(cell: Cell, name: string, primary: StorePlace, to: StorePlace): Item[] {
  const { prefix, objects: count, bytes, placement } = cell
  const of = { store: to.name, class: name, prefix }
  const why = to === primary ? 'use' : 'copies'
  const put: Item = { ...of, charge: 'requests', operation: 'put', count, why }
  const from = placement[0]
  if (to === primary || from == null) return [put]
  const source = { store: primary.name, class: from, prefix }
  const { provider, region } = to
  return [
    put,
    { ...source, charge: 'requests', operation: 'get', count, why },
    { ...source, charge: 'egress', to: { provider, region }, bytes, why },
  ]
}

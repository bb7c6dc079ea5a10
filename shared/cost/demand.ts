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

/** `copies`, `uploads`: what new objects take, in replicas and where they land. */
export type Why = 'use' | 'copies' | 'uploads'

export type Item = Of &
  (
    | { charge: 'storage'; piles: readonly Pile[] }
    | { charge: 'requests'; operation: Operation; count: number; why: Why }
    | { charge: 'retrieval'; bytes: number }
    | { charge: 'egress'; to: 'internet' | Place; bytes: number; why: Why }
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
  let [rate, before] = [known[0]?.rate, 0]
  const spread = known.flatMap((one): Item[] => {
    if (one.rate !== rate) [rate, before] = [one.rate, 0]
    const index = inventory.stores.indexOf(one.rate.store)
    const { cell } = one
    const of = { store: one.rate.store, class: cell.placement[index]!, prefix: cell.prefix }
    const until = before + one.share
    const items = itemsOf(of, one.rate, [before, until])
    before = until
    return items
  })
  // What was asked for and is not there any more was paid for all the same.
  const found = new Set(known.map((one) => one.rate))
  const gone = rates.filter((one) => !found.has(one))
  const stray = gone.flatMap((one) => {
    const place = places.find(({ name }) => name === one.store)
    if (!place) return []
    const of = { store: one.store, class: place.classes[0]!, prefix: one.prefix }
    return itemsOf(of, one, [0, 1])
  })
  return [...spread, ...stray]
}

/**
 * Reads go by the class of the object; whatever else is asked does too, as providers bill it. The part is from one
 * share of the whole to another, so that what is rounded in the parts is not lost of the whole.
 */
function itemsOf(
  of: Of,
  { counts, sentBytes }: MonthlyRate,
  [from, until]: readonly [number, number],
): Item[] {
  const part = (whole: number) => Math.round(whole * until) - Math.round(whole * from)
  const bytes = part(sentBytes)
  const requests = (Object.entries(counts) as [Operation, number][]).flatMap(
    ([operation, whole]): Item[] => {
      const count = part(whole)
      return count > 0 ? [{ ...of, charge: 'requests', operation, count, why: 'use' }] : []
    },
  )
  if (bytes === 0) return requests
  return [
    ...requests,
    { ...of, charge: 'retrieval', bytes },
    { ...of, charge: 'egress', to: 'internet', bytes, why: 'use' },
  ]
}

/**
 * Objects that came in the last thirty days stand for a month's: each was put, and copied to its replicas. Where a
 * store's log tells of more than reads, all that was asked of it is known, and nothing is reckoned besides.
 */
function written({ inventory, places, rates }: DemandOptions): Item[] {
  const young = inventory.cells.filter(({ age }) => AGE_STEPS[age]! < AGE_STEPS[1])
  const logged = new Set(
    rates.filter(({ counts }) => Object.keys(counts).some((name) => name !== 'get')).map(storeOf),
  )
  const [primary] = places
  if (!primary) return []
  const items = young.flatMap((cell) =>
    cell.placement.flatMap((name, index) =>
      name === null ? [] : writtenTo(cell, name, primary, places[index]!),
    ),
  )
  return items.filter(({ store }) => !logged.has(store))
}

const storeOf = ({ store }: { store: string }): string => store

function writtenTo(cell: Cell, name: string, primary: StorePlace, to: StorePlace): Item[] {
  const { prefix, objects: count, bytes, placement } = cell
  const of = { store: to.name, class: name, prefix }
  const why = to === primary ? 'uploads' : 'copies'
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

// What it costs once to bring an object's copy into an option: a class changed where the object lies, or bytes
// sent there from the copy that is cheapest to read. Fees are figures of the catalogue, so that whoever reads of a
// sum can see what it rests on. Sent bytes are priced at the first paid tier: allowances are the readers'.

import type { Operation } from '#shared/prices/catalogue.ts'
import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import { compareMoney } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Placement } from '../histogram.ts'
import type { Choice, Option } from './options.ts'
import { perOne } from './options.ts'

export interface Fee {
  what: 'request' | 'transition' | 'retrieval' | 'egress' | 'writing'
  figure: Figure
  per: 'object' | 'byte'
}

export type Way = 'stay' | 'class' | 'copy'

export interface Change {
  way: Way
  fees: readonly Fee[]
  objectUsd: number
  byteUsd: number
  /** Where the bytes come from. */
  source?: number | undefined
}

const STAY: Change = { way: 'stay', fees: [], objectUsd: 0, byteUsd: 0 }

/** What the object is in at each store: an option, nothing, or a class that cannot be priced. */
export type Present = readonly (Option | null | undefined)[]

export function presentOf({ stores }: Choice, placement: Placement): Present {
  return stores.map(({ options }, store) => {
    const name = placement[store]
    return name == null ? null : options.find((option) => option.class === name)
  })
}

/** Undefined where it cannot be done, or what it takes is not known. */
export function changeInto(
  prices: Prices,
  choice: Choice,
  present: Present,
  option: Option,
): Change | undefined {
  const held = present[option.store]
  if (held === option) return STAY
  // What is archived stays, or goes: it cannot be read before it is restored.
  if (held) return held.restoreRequired ? undefined : ofClass(prices, held, option)
  const ways = present.flatMap((from) => {
    if (!from || from.restoreRequired) return []
    const change = ofCopy(prices, choice, from, option)
    return change ? [change] : []
  })
  return ways.toSorted((a, b) => a.byteUsd - b.byteUsd || a.objectUsd - b.objectUsd)[0]
}

/** By the driver's own way: a tier is set at Azure, others copy the object onto itself. */
function ofClass(prices: Prices, from: Option, to: Option): Change | undefined {
  if (to.shelf.provider === 'azure') return ofTier(prices, from, to)
  return feesOf('class', [
    ['request', prices.request(to.shelf, 'copy'), 'object'],
    ['retrieval', from.retrieval, 'byte'],
    ['writing', prices.written(to.shelf), 'byte'],
  ])
}

/** To a cooler tier: a write of the one that it leads to; to a warmer one: a read of the one it leaves, and its bytes. */
function ofTier(prices: Prices, from: Option, to: Option): Change | undefined {
  const isCooler = compareMoney(to.storage[0]!.figure.value, from.storage[0]!.figure.value) <= 0
  if (isCooler) return feesOf('class', [['transition', prices.transition(to.shelf), 'object']])
  return feesOf('class', [
    ['request', from.get, 'object'],
    ['retrieval', from.retrieval, 'byte'],
  ])
}

function ofCopy(prices: Prices, { stores }: Choice, from: Option, to: Option): Change | undefined {
  const sent = prices.egress(stores[from.store]!.place, stores[to.store]!.place)
  const put: Operation = 'put'
  const change = feesOf('copy', [
    ['request', from.get, 'object'],
    ['retrieval', from.retrieval, 'byte'],
    ['egress', isKnown(sent) ? sent.ladder[0]!.figure : sent, 'byte'],
    ['request', prices.request(to.shelf, put), 'object'],
    ['writing', prices.written(to.shelf), 'byte'],
  ])
  return change && { ...change, source: from.store }
}

function feesOf(
  way: Way,
  parts: readonly (readonly [Fee['what'], Figure | Unknown, Fee['per']])[],
): Change | undefined {
  const fees: Fee[] = []
  for (const [what, figure, per] of parts) {
    if (!isKnown(figure)) return undefined
    if (figure.value.numerator > 0n) fees.push({ what, figure, per })
  }
  const sum = (per: Fee['per']) =>
    fees.reduce((usd, fee) => (fee.per === per ? usd + perOne(fee.figure) : usd), 0)
  return { way, fees, objectUsd: sum('object'), byteUsd: sum('byte') }
}

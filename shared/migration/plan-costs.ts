// What a migration costs once, and a month before and after it: each line with the prices that it rests on. As if
// whoever moves the bytes sat on the internet, unless a provider copies them by itself.

import { leastBytes } from '#shared/cost/buckets.ts'
import type { PlaceRule } from '#shared/cost/places.ts'
import { placesOf, shelfOf } from '#shared/cost/places.ts'
import type { Place } from '#shared/compare/listing.ts'
import type { Operation } from '#shared/prices/catalogue.ts'
import type { Pile } from '#shared/prices/costs.ts'
import { earlyDeletionCost, egressCost, requestCost, storageCost } from '#shared/prices/costs.ts'
import { costOfEach } from '#shared/prices/costs.ts'
import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Cost } from '#shared/prices/ladder.ts'
import type { Money } from '#shared/prices/money.ts'
import { NOTHING, formatUsd, plus } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import type { Store } from '#shared/storage/store.ts'
import type { MigrateInput } from './input.ts'
import type { CostLine, MigrationPlan } from './plan.ts'
import type { Stock } from './stock.ts'

/** Listings of each side: taking stock, copying, verifying. */
const PASSES = 3
const DECIMALS = 6

export interface PlanCosts {
  once: CostLine[]
  monthly: MigrationPlan['monthly']
  totals: MigrationPlan['totals']
}

interface Line {
  what: string
  cost: Cost | Unknown
  note?: string | undefined
}

export function planCosts(
  prices: Prices,
  { from, to }: { from: Place; to: Place },
  stock: Stock,
  input: Pick<MigrateInput, 'storageClass'>,
  rules: Readonly<Record<string, PlaceRule>> = {},
): PlanCosts {
  const [source, target] = placesOf([from.store, to.store], rules).map((place) => shelfOf(place))
  const ends = {
    ...{ from: from.store, to: to.store, source: source! },
    target: { ...target!, class: input.storageClass },
  }
  const once = [...moving(prices, ends, stock), ...leaving(prices, ends.source, stock)]
  const kept = isFree(from.store) ? [] : perClass(stock)
  const before = kept.map(({ name, piles }) => ({
    what: `kept at ${from.store.name} (${name})`,
    cost: storageCost(prices, { shelf: { ...ends.source, class: name }, piles }),
  }))
  const piles = pilesOf(stock.sizes, () => true)
  const into = input.storageClass ?? to.store.capabilities.classes[0] ?? 'STANDARD'
  const there = {
    what: `kept at ${to.store.name} (${into})`,
    cost: storageCost(prices, { shelf: ends.target, piles }),
  }
  const after = isFree(to.store) ? [] : [there]
  const shown = (lines: readonly Line[]) => lines.map(toLine)
  const lines = [...once, ...before, ...after]
  return {
    once: shown(once),
    monthly: { before: shown(before), after: shown(after) },
    totals: {
      onceUsd: total(once),
      beforeUsd: total(before),
      afterUsd: total(after),
      unknown: lines.filter(({ cost }) => !isKnown(cost)).length,
    },
  }
}

/** Bytes that leave, requests at both ends, and what cold classes take for being read. */
function moving(
  prices: Prices,
  { from, to, source, target }: Ends,
  { total: all, ways, sizes, there }: Stock,
): Line[] {
  const through = Object.entries(ways).filter(([how]) => how !== 'provider')
  const bytes = through.reduce((before, [, way]) => before + way.bytes, 0)
  const near = ways['provider']
  const pages = PASSES * Math.ceil(all.objects / from.capabilities.list.maxKeys)
  const targetPages =
    PASSES * Math.ceil((all.objects + there.extra.objects) / to.capabilities.list.maxKeys)
  const sum = (of: 'puts' | 'parts' | 'gets') =>
    Object.values(ways).reduce((before, way) => before + way[of], 0)
  const inParts = (ways['parts']?.objects ?? 0) + (ways['pull']?.objects ?? 0)
  const share = all.bytes > 0 ? bytes / all.bytes : 0
  const sent = { from: source, to: 'internet', bytes: BigInt(bytes) } as const
  const beside = { from: source, to: target, bytes: BigInt(near?.bytes ?? 0) }
  const atSource = [
    {
      what: `bytes sent out of ${from.name}`,
      cost: egressCost(prices, { ...sent, storedBytes: BigInt(all.bytes) }),
      note: 'with what is free in a month, as if nothing else were sent',
    },
    ...(near ? [{ what: 'bytes copied by the provider', cost: egressCost(prices, beside) }] : []),
    ...retrievals(prices, source, sizes, share),
    {
      what: `requests at ${from.name}`,
      cost: requests(prices, source, { list: pages, get: sum('gets') }),
    },
  ]
  const atTarget = {
    what: `requests at ${to.name}`,
    cost: requests(prices, target, {
      list: targetPages,
      put: sum('puts') - 2 * inParts - (near?.objects ?? 0),
      copy: near?.objects ?? 0,
      ...{ begin: inParts, part: sum('parts'), complete: inParts },
    }),
  }
  return [...(isFree(from) ? [] : atSource), ...(isFree(to) ? [] : [atTarget])]
}

interface Ends {
  from: Store
  to: Store
  source: Shelf
  target: Shelf
}

/** What lies on this machine costs nothing to keep or to read. */
function isFree({ row }: Store): boolean {
  return row.wire === 'file' || row.wire === 'memory'
}

/** What nobody asks for costs nothing, whether its price is known or not. */
function requests(
  prices: Prices,
  shelf: Shelf,
  counts: Partial<Record<Operation, number>>,
): Cost | Unknown {
  const asked = Object.entries(counts).filter(([, count]) => count > 0)
  return requestCost(prices, shelf, Object.fromEntries(asked))
}

function retrievals(prices: Prices, source: Shelf, sizes: Stock['sizes'], share: number): Line[] {
  return classesOf(sizes).flatMap((name) => {
    const bytes = Object.entries(sizes).reduce(
      (sum, [cell, count]) => sum + (nameOf(cell) === name ? count.bytes : 0),
      0,
    )
    const figure = prices.retrieval({ ...source, class: name })
    if (isKnown(figure) && figure.value.numerator === 0n) return []
    const cost = costOfEach(figure, Math.ceil(bytes * share))
    return [{ what: `reading from ${name}`, cost }]
  })
}

/** Of cleaning the source up at once: what classes take for leaving early. */
function leaving(prices: Prices, source: Shelf, { early }: Stock): Line[] {
  const byClass = new Map<string, Cost | Unknown>()
  for (const [cell, { objects, bytes }] of Object.entries(early)) {
    const [name, missing] = [nameOf(cell), Number(cell.slice(cell.lastIndexOf(' ') + 1))]
    const shelf = { ...source, class: name }
    const rules = prices.rules(shelf)
    if (!isKnown(rules)) continue
    const piles = pileOf(objects, bytes)
    const ageDays = rules.minimumDays.value - missing
    const cost = earlyDeletionCost(prices, { shelf, piles, ageDays })
    byClass.set(name, both(byClass.get(name), cost))
  }
  return [...byClass].map(([name, cost]) => ({
    what: `deleting early from ${name}`,
    cost,
    note: 'only where the source is cleaned up now; less with each day',
  }))
}

function both(a: Cost | Unknown | undefined, b: Cost | Unknown): Cost | Unknown {
  if (!a || !isKnown(a) || !isKnown(b)) return a && !isKnown(a) ? a : b
  return {
    amount: plus(a.amount, b.amount),
    figures: [...new Set([...a.figures, ...b.figures])],
    flags: [...new Set([...a.flags, ...b.flags])],
    warnings: [...new Set([...a.warnings, ...b.warnings])],
  }
}

function classesOf(sizes: Stock['sizes']): string[] {
  return [...new Set(Object.keys(sizes).map(nameOf))]
}

function nameOf(cell: string): string {
  return cell.slice(0, cell.lastIndexOf(' '))
}

function perClass({ sizes }: Stock): { name: string; piles: Pile[] }[] {
  return classesOf(sizes).map((name) => {
    return { name, piles: pilesOf(sizes, (cell) => nameOf(cell) === name) }
  })
}

/** Objects of one power of two are taken for as large as their mean, on the right side of every minimum. */
function pilesOf(sizes: Stock['sizes'], picks: (cell: string) => boolean): Pile[] {
  return Object.entries(sizes)
    .filter(([cell]) => picks(cell))
    .flatMap(([cell, { objects, bytes }]) => {
      const least = leastBytes(Number(cell.slice(cell.lastIndexOf(' ') + 1)))
      return pileOf(objects, Math.max(bytes, least * objects))
    })
}

/** So many bytes exactly: some objects are a byte larger than the others. */
function pileOf(objects: number, bytes: number): Pile[] {
  if (objects === 0) return []
  const small = Math.floor(bytes / objects)
  const larger = bytes - small * objects
  const piles = [
    { objectBytes: small, objects: objects - larger },
    { objectBytes: small + 1, objects: larger },
  ]
  return piles.filter((pile) => pile.objects > 0)
}

function toLine({ what, cost, note }: Line): CostLine {
  if (!isKnown(cost)) return { what, usd: null, note: cost.reason, prices: [] }
  const notes = [note, ...cost.flags.map(String), ...cost.warnings].filter(
    (one) => one !== undefined,
  )
  return {
    what,
    usd: formatUsd(cost.amount, DECIMALS),
    ...(notes.length > 0 && { note: notes.join('; ') }),
    prices: cost.figures.map(priceOf),
  }
}

function priceOf({ value, unit, source }: Figure): CostLine['prices'][number] {
  return {
    unit,
    usd: formatUsd(value, 10).replace(/0+$/, '').replace(/\.$/, ''),
    from: source.from,
    asOf: source.asOf,
  }
}

function total(lines: readonly Line[]): string {
  const known = lines.flatMap(({ cost }): Money[] => (isKnown(cost) ? [cost.amount] : []))
  return formatUsd(plus(NOTHING, ...known), DECIMALS)
}

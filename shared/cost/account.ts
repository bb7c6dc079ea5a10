// Items become accounts' months, since allowances, tiers and minimum charges hold for an account, and the sums
// go back to the items: each carries its part of its line, by what the line is charged for. Exact: the parts of a
// line add up to the line.

import type { AccountMonth, BillLine } from '#shared/prices/bill.ts'
import { billLines, standingCost } from '#shared/prices/bill.ts'
import type { Operation } from '#shared/prices/catalogue.ts'
import { billableBytes } from '#shared/prices/costs.ts'
import type { Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Cost } from '#shared/prices/ladder.ts'
import { addCosts } from '#shared/prices/ladder.ts'
import { times } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import type { Item, Why } from './demand.ts'
import type { StorePlace } from './places.ts'
import { shelfOf } from './places.ts'

/** What one item costs, or why nobody knows. `standing`: minimum charges and subscriptions of the account. */
export interface Charged {
  store: string
  class: string
  prefix: string
  charge: Item['charge'] | 'standing'
  /** `copies`: it is there for the replicas' sake. */
  why: Why
  cost: Cost | Unknown
}

/** Everything of one provider is taken for one account. */
export function chargeItems(
  prices: Prices,
  places: readonly StorePlace[],
  items: readonly Item[],
): Charged[] {
  const providers = new Set(items.map(({ store }) => placeOf(places, store).provider))
  return [...providers].flatMap((provider) => {
    const own = items.filter(({ store }) => placeOf(places, store).provider === provider)
    return chargeAccount(prices, places, provider, own)
  })
}

function placeOf(places: readonly StorePlace[], name: string): StorePlace {
  const found = places.find((place) => place.name === name)
  if (found) return found
  throw new TypeError(`An item names the store "${name}", which is none of the workspace's.`)
}

function chargeAccount(
  prices: Prices,
  places: readonly StorePlace[],
  provider: string,
  items: readonly Item[],
): Charged[] {
  const shelf = (item: Item) => shelfOf(placeOf(places, item.store), item.class)
  const lines = billLines(prices, monthOf(provider, items, shelf))
  const byLine = new Map<string, { item: Item; weight: bigint }[]>()
  for (const item of items) {
    const name = lineName(prices, provider, item, shelf(item))
    const entry = { item, weight: weightOf(prices, item, shelf(item)) }
    const there = byLine.get(name)
    if (there) there.push(entry)
    else byLine.set(name, [entry])
  }
  const charged = lines.flatMap((line) => {
    const own = byLine.get(nameOfLine(prices, provider, line)) ?? []
    return share(line, own)
  })
  return [...charged, ...standingOf(prices, provider, lines, items)]
}

/** The account's month as the bill takes it. */
export function monthOf(
  provider: string,
  items: readonly Item[],
  shelfFor: (item: Item) => Shelf,
): AccountMonth {
  const requests = new Map<string, Asked>()
  const month = {
    kept: [] as { shelf: Shelf; piles: readonly PileOf[] }[],
    retrieved: [] as { shelf: Shelf; bytes: bigint }[],
    sent: [] as { region?: string; to: SentTo; bytes: bigint }[],
  }
  const sums = { retrieved: new Map<string, number>(), sent: new Map<string, number>() }
  for (const item of items) {
    const shelf = shelfFor(item)
    const name = JSON.stringify([shelf.class, shelf.region, shelf.redundancy])
    if (item.charge === 'storage') month.kept.push({ shelf, piles: item.piles })
    else if (item.charge === 'requests') {
      const { counts } = getOr<string, Asked>(requests, name, () => ({ shelf, counts: {} }))
      counts[item.operation] = (counts[item.operation] ?? 0n) + BigInt(item.count)
    } else if (item.charge === 'retrieval') {
      const at = indexIn(sums.retrieved, name)
      month.retrieved[at] ??= { shelf, bytes: 0n }
      month.retrieved[at].bytes += BigInt(item.bytes)
    } else {
      const at = indexIn(sums.sent, JSON.stringify([shelf.region, item.to]))
      const { region } = shelf
      month.sent[at] ??= { ...(region !== undefined && { region }), to: item.to, bytes: 0n }
      month.sent[at].bytes += BigInt(item.bytes)
    }
  }
  return { provider, ...month, requests: [...requests.values()] }
}

interface Asked {
  shelf: Shelf
  counts: Partial<Record<Operation, bigint>>
}

type PileOf = Extract<Item, { charge: 'storage' }>['piles'][number]
type SentTo = Extract<Item, { charge: 'egress' }>['to']

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

function indexIn(names: Map<string, number>, name: string): number {
  return getOr(names, name, () => names.size)
}

/** Requests that a provider counts together share a line. */
function lineName(prices: Prices, provider: string, item: Item, shelf: Shelf): string {
  const { region, redundancy } = shelf
  if (item.charge === 'egress') return JSON.stringify(['egress', region, item.to])
  const place = [item.charge, shelf.class, region, redundancy]
  if (item.charge !== 'requests') return JSON.stringify(place)
  return JSON.stringify([...place, meterOf(prices, provider, shelf, item.operation)])
}

function nameOfLine(prices: Prices, provider: string, line: BillLine): string {
  const { charge, shelf, operation, to } = line
  if (charge === 'egress') return JSON.stringify(['egress', shelf.region, to])
  const place = [charge, shelf.class, shelf.region, shelf.redundancy]
  if (charge !== 'requests' || operation === undefined) return JSON.stringify(place)
  return JSON.stringify([...place, meterOf(prices, provider, shelf, operation)])
}

function meterOf(
  prices: Prices,
  provider: string,
  shelf: Omit<Shelf, 'provider'>,
  operation: Operation,
): string {
  const found = prices.provider(provider)
  if (!isKnown(found)) return operation
  const rules = found.classes?.[shelf.class ?? '']
  const names = rules?.meters?.[operation] ?? found.meters?.of[operation]
  return typeof names === 'object' ? names[0]! : operation
}

function weightOf(prices: Prices, item: Item, shelf: Shelf): bigint {
  if (item.charge === 'requests') return BigInt(item.count)
  if (item.charge !== 'storage') return BigInt(item.bytes)
  const rules = prices.rules(shelf)
  return isKnown(rules) ? billableBytes(item.piles, rules) : 1n
}

function share(line: BillLine, items: readonly { item: Item; weight: bigint }[]): Charged[] {
  const total = items.reduce((sum, { weight }) => sum + weight, 0n)
  if (!isKnown(line.cost) || total > 0n) {
    return items.map(({ item, weight }) => ({
      ...of(item),
      cost: isKnown(line.cost)
        ? { ...line.cost, amount: times(line.cost.amount, weight, total) }
        : line.cost,
    }))
  }
  // A line without items is a warning that concerns the account.
  return items.length > 0 ? items.map(({ item }) => ({ ...of(item), cost: line.cost })) : []
}

function of(item: Item): Omit<Charged, 'cost'> {
  const { store, class: name, prefix, charge } = item
  const why = item.charge === 'requests' || item.charge === 'egress' ? item.why : 'use'
  return { store, class: name, prefix, charge, why }
}

/** On the account's first store; with it go the warnings that are about the account. */
function standingOf(
  prices: Prices,
  id: string,
  lines: readonly BillLine[],
  items: readonly Item[],
): Charged[] {
  const [first] = items
  const provider = prices.provider(id)
  if (!first || !isKnown(provider)) return []
  const known = lines.map(({ cost }) => cost).filter(isKnown<Cost>)
  const used = addCosts(...known)
  if (!isKnown(used)) return []
  const cost = standingCost(prices, provider, used)
  if (cost.figures.length === 0 && used.warnings.length === 0) return []
  const charged = { ...cost, warnings: used.warnings }
  return [
    { store: first.store, class: '', prefix: '', charge: 'standing', why: 'use', cost: charged },
  ]
}

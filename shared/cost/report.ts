// A workspace's month: what it has cost so far and what it will have cost at its end, by store, prefix, class and
// kind of charge, and what the copies in replicas cost. Exact sums of list prices; what has no known price is
// named beside them and never counted as nothing.

import type { Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Cost } from '#shared/prices/ladder.ts'
import { addCosts } from '#shared/prices/ladder.ts'
import type { Money } from '#shared/prices/money.ts'
import { compareMoney, plus, times } from '#shared/prices/money.ts'
import type { Pile } from '#shared/prices/costs.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Charged } from './account.ts'
import { chargeItems } from './account.ts'
import type { Item } from './demand.ts'
import { demandOf } from './demand.ts'
import type { Growth, Inventory } from './inventory.ts'
import { totalsOf } from './inventory.ts'
import type { StorePlace } from './places.ts'
import { prefixOf } from './read-counts.ts'
import { meanSizes } from './spread.ts'
import type { MonthlyRate, Usage } from './usage.ts'
import { monthlyRates } from './usage.ts'

export interface ReportInput {
  prices: Prices
  places: readonly StorePlace[]
  inventory: Inventory
  growth: Growth | undefined
  /** Of this month, from its first day on. */
  usage: Usage
  /** Of the last thirty days: what the rest of the month is taken from. Absent: from what it has seen so far. */
  lately?: Usage | undefined
  now: number
  /** How many folders deep prefixes are told apart; 1 unless told. */
  depth?: number | undefined
}

export interface Row {
  name: string
  /** Of what is known. */
  soFar: Money
  forecast: Money
  /** Something in it has no known price, and is not in the sums. */
  hasUnknown: boolean
}

export interface Report {
  workspace: string
  month: string
  at: string
  objects: number
  bytes: number
  growth: Growth | undefined
  soFar: Total
  forecast: Total
  by: {
    store: readonly Row[]
    prefix: readonly Row[]
    class: readonly Row[]
    charge: readonly Row[]
  }
  /** What each replica costs in a month: keeping its copies, and bringing them there. */
  replicas: readonly { store: string; forecast: Money; hasUnknown: boolean }[]
  /** What is not in the sums, since nobody knows its price. */
  unknown: readonly string[]
  /** What weakens the figures, and what must be known to read them. */
  warnings: readonly string[]
  coverage: readonly string[]
  /** The forecast once more, line by line, each with what it rests on. */
  lines: readonly ReportLine[]
  /** Of every figure that the forecast rests on. */
  sources: readonly PriceLine[]
}

export interface ReportLine {
  store: string
  class: string
  charge: string
  forecast: Money
  /** Where its prices are in `sources`, counted from 1. */
  sources: readonly number[]
}

export interface Total {
  amount: Money
  flags: readonly string[]
}

export interface PriceLine {
  usd: string
  unit: string
  source: string
  asOf: string | undefined
  trust: string
  flags: readonly string[]
  note: string | undefined
}

const DAY_MILLISECONDS = 86_400_000
const MAX_PREFIXES = 50
const FEW_DAYS = 7

export function reportOf(input: ReportInput): Report {
  const { prices, places, inventory, growth, usage, now, depth = 1 } = input
  const { elapsed, days, month } = monthAt(now)
  const sofar = monthlyRates(usage, meanSizes(inventory), usage.days)
  const demand = (rates: readonly MonthlyRate[], middle: number) => {
    const items = demandOf({
      ...{ inventory, places, rates, growth: grown(inventory, growth, middle) },
    })
    return chargeItems(prices, places, merged(items, depth))
  }
  const whole = demand(ratesOf(input, sofar), middleOf(now, days, elapsed))
  // The days that have passed are what `usage` counts; what is kept accrues by the day.
  const used = demand(sofar, middleOf(now, elapsed, elapsed))
  const part = used.map((one) => accrued(one, elapsed, days))
  const amount = (rows: readonly Charged[]): Total => total(rows)
  return {
    ...{ workspace: inventory.workspace, month, at: new Date(now).toISOString() },
    ...{ ...totalsOf(inventory), growth },
    ...{ soFar: amount(part), forecast: amount(whole) },
    by: {
      store: rowsBy(whole, part, ({ store }) => store),
      prefix: shortened(rowsBy(whole, part, ({ prefix }) => prefix || '(all)')),
      class: rowsBy(whole, part, classOf(places)),
      charge: rowsBy(whole, part, chargeName),
    },
    replicas: replicasOf(whole, places),
    unknown: unknownOf(whole),
    warnings: [...warningsOf(whole), ...warningsOfInventory(inventory, growth)],
    coverage: [...usage.coverage.says, ...fewDays(input)],
    ...linesWithSources(whole),
  }
}

/** What the month has seen, and for the days that are left of it what the last thirty have; one day says little. */
function ratesOf(
  { inventory, usage, lately, now }: ReportInput,
  sofar: readonly MonthlyRate[],
): readonly MonthlyRate[] {
  const { elapsed, days } = monthAt(now)
  const mean = meanSizes(inventory)
  if (!lately) return monthlyRates(usage, mean, days)
  return [...sofar, ...monthlyRates(lately, mean, days - elapsed)]
}

function fewDays({ usage, lately = usage }: ReportInput): string[] {
  if (lately.days >= FEW_DAYS || lately.rows.length === 0) return []
  return [
    `Reads are known of the last ${lately.days.toFixed(1)} days alone, and the forecast takes the month for more of the same.`,
  ]
}

/** The rest is one row, so that the rows still come to the whole. */
function shortened(rows: readonly Row[]): Row[] {
  const rest = rows.slice(MAX_PREFIXES)
  if (rest.length === 0) return [...rows]
  const others: Row = {
    name: `(${rest.length} others)`,
    soFar: plus(...rest.map(({ soFar }) => soFar)),
    forecast: plus(...rest.map(({ forecast }) => forecast)),
    hasUnknown: rest.some(({ hasUnknown }) => hasUnknown),
  }
  return [...rows.slice(0, MAX_PREFIXES), others]
}

function chargeName({ charge, why }: Charged): string {
  return why === 'copies' ? `${charge} for copies` : charge
}

function classOf(places: readonly StorePlace[]) {
  return ({ store, class: name }: Charged): string => {
    const provider = places.find((place) => place.name === store)?.provider ?? store
    return name === '' ? `${provider} (account)` : `${provider} ${name}`
  }
}

export function monthAt(now: number): { month: string; elapsed: number; days: number } {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const elapsed = (now - Date.UTC(year, month, 1)) / DAY_MILLISECONDS
  return { month: date.toISOString().slice(0, 7), elapsed, days }
}

function middleOf(now: number, days: number, elapsed: number): number {
  return now + (days / 2 - elapsed) * DAY_MILLISECONDS
}

/** What is kept at a time, as a multiple of what the inventory found; never less than nothing. */
function grown(inventory: Inventory, growth: Growth | undefined, at: number): number {
  const { bytes } = totalsOf(inventory)
  if (growth === undefined || bytes === 0) return 1
  const days = (at - Date.parse(inventory.takenAt)) / DAY_MILLISECONDS
  return Math.max(0, 1 + (growth.bytesADay * days) / bytes)
}

/** What accrues by the day is due for the days that have passed; the rest is what was counted. */
function accrued(charged: Charged, elapsed: number, days: number): Charged {
  const { charge, why, cost } = charged
  const byTheDay = charge === 'storage' || charge === 'standing' || why !== 'use'
  if (!byTheDay || !isKnown(cost)) return charged
  const [part, whole] = [Math.round(elapsed * 1440), days * 1440]
  return { ...charged, cost: { ...cost, amount: times(cost.amount, part, whole) } }
}

/** Items that a reader cannot tell apart are one, so that the parts of a bill stay few. */
function merged(items: readonly Item[], depth: number): Item[] {
  const found = new Map<string, Item>()
  for (const item of items) {
    const prefix = prefixOf(item.prefix, depth)
    const name = nameOf({ ...item, prefix })
    const there = found.get(name)
    found.set(name, there ? added(there, item) : { ...item, prefix, ...ownPiles(item) })
  }
  return [...found.values()]
}

function ownPiles(item: Item): { piles?: Pile[] } {
  return item.charge === 'storage' ? { piles: [...item.piles] } : {}
}

function nameOf(item: Item): string {
  const { store, class: name, prefix, charge } = item
  const rest =
    charge === 'requests'
      ? [item.operation, item.why]
      : charge === 'egress'
        ? [item.to, item.why]
        : []
  return JSON.stringify([store, name, prefix, charge, ...rest])
}

function added(a: Item, b: Item): Item {
  if (a.charge === 'storage' && b.charge === 'storage') {
    // The list is this function's own: a copy at each of many thousand cells would take its square.
    ;(a.piles as Pile[]).push(...b.piles)
    return a
  }
  if (a.charge === 'requests' && b.charge === 'requests') return { ...a, count: a.count + b.count }
  if (a.charge === 'retrieval' && b.charge === 'retrieval')
    return { ...a, bytes: a.bytes + b.bytes }
  if (a.charge === 'egress' && b.charge === 'egress') return { ...a, bytes: a.bytes + b.bytes }
  return a
}

function total(rows: readonly Charged[]): Total {
  const { amount, flags } = sum(rows.map(({ cost }) => cost))
  return { amount, flags }
}

/** Of what is known. */
function sum(costs: readonly (Cost | Unknown)[]): Cost {
  const whole = addCosts(...costs.filter(isKnown<Cost>))
  if (isKnown(whole)) return whole
  throw new TypeError('Known costs have an unknown sum.')
}

function rowsBy(
  whole: readonly Charged[],
  part: readonly Charged[],
  nameBy: (row: Charged) => string,
): Row[] {
  const names = [...new Set([...whole, ...part].map(nameBy))]
  const of = (rows: readonly Charged[], name: string): Money =>
    sum(rows.filter((row) => nameBy(row) === name).map(({ cost }) => cost)).amount
  return names
    .map((name) => ({
      ...{ name, soFar: of(part, name), forecast: of(whole, name) },
      hasUnknown: whole.some((row) => nameBy(row) === name && !isKnown(row.cost)),
    }))
    .toSorted((a, b) => compareMoney(b.forecast, a.forecast))
}

/** What a replica keeps and takes in, and what the primary pays to send it there. */
function replicasOf(rows: readonly Charged[], places: readonly StorePlace[]) {
  const sent = rows.filter(({ why, store }) => why === 'copies' && store === places[0]?.name)
  const bringing = sent.length === 0 ? [] : [{ store: 'sending to all of them', rows: sent }]
  const own = places
    .filter(({ role }) => role === 'replica')
    .map(({ name }) => ({
      store: name,
      rows: rows.filter(({ store, charge, why }) => {
        return store === name && (charge === 'storage' || charge === 'standing' || why === 'copies')
      }),
    }))
  return [...own, ...bringing].map((one) => ({
    store: one.store,
    forecast: sum(one.rows.map(({ cost }) => cost)).amount,
    hasUnknown: one.rows.some(({ cost }) => !isKnown(cost)),
  }))
}

export function unknownOf(rows: readonly Charged[]): string[] {
  return [
    ...new Set(
      rows.flatMap(({ store, charge, cost }) =>
        isKnown(cost) ? [] : [`${store}, ${charge}: ${cost.reason}`],
      ),
    ),
  ]
}

function warningsOf(rows: readonly Charged[]): string[] {
  const { warnings } = sum(rows.map(({ cost }) => cost))
  return [...warnings]
}

function warningsOfInventory(
  { unreachable, takenAt }: Inventory,
  growth: Growth | undefined,
): string[] {
  return [
    ...unreachable.map((name) => `${name} could not be listed: what it holds is not in this.`),
    ...(growth
      ? []
      : ['Growth is not known before a second inventory, so the forecast is of what there is.']),
    `What is kept is as of ${takenAt}. Old versions, unfinished uploads and deletions before a minimum duration are not listed, and cost more where there are any.`,
  ]
}

function linesWithSources(rows: readonly Charged[]): Pick<Report, 'lines' | 'sources'> {
  const sources = linesOf(rows)
  const numbers = new Map(sources.map((line, index) => [JSON.stringify(line), index + 1]))
  const byName = Map.groupBy(rows, (row) => JSON.stringify([row.store, row.class, chargeName(row)]))
  const lines = [...byName.values()].map((own): ReportLine => {
    const { store, class: name } = own[0]!
    const found = linesOf(own).map((line) => numbers.get(JSON.stringify(line))!)
    const forecast = sum(own.map(({ cost }) => cost)).amount
    return {
      ...{ store, class: name, charge: chargeName(own[0]!), forecast },
      sources: found.toSorted((a, b) => a - b),
    }
  })
  return { lines: lines.toSorted((a, b) => compareMoney(b.forecast, a.forecast)), sources }
}

/** Each figure once. */
export function linesOf(rows: readonly Pick<Charged, 'cost'>[]): PriceLine[] {
  const lines = new Map<string, PriceLine>()
  for (const { cost } of rows) {
    if (!isKnown(cost)) continue
    for (const figure of cost.figures) {
      const line = toLine(figure)
      lines.set(JSON.stringify(line), line)
    }
  }
  return [...lines.values()]
}

export function toLine({
  value: { numerator, denominator },
  unit,
  source,
  trust,
  flags,
  note,
}: Cost['figures'][number]): PriceLine {
  const value = Number((Number(numerator) / Number(denominator)).toPrecision(12))
  const plain = value.toFixed(12).replace(/0+$/, '').replace(/\.$/, '')
  return { usd: plain, unit, source: source.from, asOf: source.asOf, trust, flags, note }
}

// What an assignment of all groups amounts to: accounts' months, which are billed as any month is, and what it
// takes once to come there. Whole numbers are added up, so that the money made of them is exact.

import type { AccountMonth } from '#shared/prices/bill.ts'
import { monthlyBill } from '#shared/prices/bill.ts'
import type { Unknown } from '#shared/prices/figure.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Money } from '#shared/prices/money.ts'
import { NOTHING, fraction, plus, times } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import { pilesOf } from '../demand.ts'
import type { Groups } from './groups.ts'
import type { Choice, Option } from './options.ts'
import { billedBytes } from './options.ts'
import type { Assignment } from './solve.ts'
import type { Table } from './tables.ts'
import { CODE_BASE } from './tables.ts'

export interface Totals {
  /** By option: objects below and from the size on that is watched, with their bytes, padded to the minimum. */
  objects: Float64Array
  bytes: Float64Array
  watchedObjects: Float64Array
  watchedBytes: Float64Array
  reads: Float64Array
  readBytes: Float64Array
  /** By option that is left too early: billed bytes times the days that are missing. */
  earlyByteDays: Float64Array
  /** By placement and option: what changes. */
  changedObjects: Float64Array
  changedBytes: Float64Array
}

export function emptyTotals(options: number, tables: number): Totals {
  const list = () => new Float64Array(options)
  return {
    ...{ objects: list(), bytes: list(), watchedObjects: list(), watchedBytes: list() },
    ...{ reads: list(), readBytes: list(), earlyByteDays: list() },
    changedObjects: new Float64Array(options * tables),
    changedBytes: new Float64Array(options * tables),
  }
}

export interface Summing {
  groups: Groups
  choice: Choice
  tables: readonly Table[]
}

export function totalsOf(
  { groups, choice, tables }: Summing,
  { codes, served }: Pick<Assignment, 'codes' | 'served'>,
): Totals {
  const totals = emptyTotals(choice.options.length, tables.length)
  for (let group = 0; group < groups.count; group++)
    addGroup(totals, { groups, choice, tables }, group, codes[group]!, served[group]!)
  return totals
}

export function addGroup(
  totals: Totals,
  { groups, choice, tables }: Summing,
  group: number,
  code: number,
  served: number,
): void {
  if (code < 0) return
  const number = groups.placement[group]!
  const { present, changes } = tables[number]!
  const [bytes, objects] = [groups.bytes[group]!, groups.objects[group]!]
  let rest = code
  for (let store = 0; store < choice.stores.length; store++) {
    const digit = rest % CODE_BASE
    rest = Math.floor(rest / CODE_BASE)
    const held = present[store]
    const option = digit === 0 ? undefined : choice.stores[store]!.options[digit - 1]!
    if (held && held !== option) leave(totals, held, groups, group)
    if (!option) continue
    keep(totals, option, bytes, objects)
    if (store === served) {
      totals.reads[option.index]! += groups.reads[group]!
      totals.readBytes[option.index]! += groups.readBytes[group]!
    }
    if (held === option || !changes[option.index]) continue
    totals.changedObjects[number * choice.options.length + option.index]! += objects
    totals.changedBytes[number * choice.options.length + option.index]! += bytes
  }
}

function keep(totals: Totals, option: Option, bytes: number, objects: number): void {
  const { index, leastBytes, watchedFrom } = option
  const padded = Math.max(bytes, leastBytes * objects)
  if (bytes >= watchedFrom * objects) {
    totals.watchedObjects[index]! += objects
    totals.watchedBytes[index]! += padded
  } else {
    totals.objects[index]! += objects
    totals.bytes[index]! += padded
  }
}

function leave(totals: Totals, held: Option, groups: Groups, group: number): void {
  const missing = held.minimumDays - groups.ageDays[group]!
  if (missing <= 0) return
  const billed = billedBytes(held, groups.bytes[group]!, groups.objects[group]!)
  totals.earlyByteDays[held.index]! += billed * missing
}

/** One a provider that holds anything. */
export function monthsOf({ stores, options }: Choice, totals: Totals): AccountMonth[] {
  const providers = new Set(stores.map(({ place }) => place.provider))
  return [...providers].flatMap((provider) => {
    const own = options.filter(({ shelf }) => shelf.provider === provider)
    const used = own.filter(
      ({ index }) => totals.objects[index]! + totals.watchedObjects[index]! > 0,
    )
    return used.length === 0 ? [] : [monthOfAccount(provider, used, totals)]
  })
}

function monthOfAccount(
  provider: string,
  options: readonly Option[],
  totals: Totals,
): AccountMonth {
  const sent = options
    .filter(({ index }) => totals.readBytes[index]! > 0)
    .map(({ shelf: { region }, index }) => ({
      ...(region !== undefined && { region }),
      ...{ to: 'internet' as const, bytes: BigInt(Math.round(totals.readBytes[index]!)) },
    }))
  return {
    provider,
    kept: options.map(({ shelf, index }) => ({
      shelf,
      piles: [
        ...pilesOf(totals.bytes[index]!, totals.objects[index]!),
        ...pilesOf(totals.watchedBytes[index]!, totals.watchedObjects[index]!),
      ],
    })),
    requests: options.map(({ shelf, index }) => ({
      shelf,
      counts: { get: BigInt(Math.round(totals.reads[index]!)) },
    })),
    retrieved: options.map(({ shelf, index }) => ({
      shelf,
      bytes: BigInt(Math.round(totals.readBytes[index]!)),
    })),
    sent,
  }
}

/** A month of all accounts; unknown as soon as one is. */
export function monthUsd(prices: Prices, choice: Choice, totals: Totals): Money | Unknown {
  const sums: Money[] = []
  for (const month of monthsOf(choice, totals)) {
    const bill = monthlyBill(prices, month)
    if (!isKnown(bill)) return bill
    sums.push(bill.total.amount)
  }
  return plus(...sums)
}

/** What it takes once. */
export function onceUsd({ choice, tables }: Omit<Summing, 'groups'>, totals: Totals): Money {
  const sums: Money[] = []
  for (const [number, { changes }] of tables.entries()) {
    for (const [index, change] of changes.entries()) {
      const at = number * choice.options.length + index
      const objects = totals.changedObjects[at]!
      if (!change || objects === 0) continue
      for (const { figure, per } of change.fees) {
        const amount = per === 'object' ? objects : totals.changedBytes[at]!
        sums.push(times(figure.value, BigInt(Math.round(amount)), figure.unitSize))
      }
    }
  }
  return plus(...sums, earlyUsd(choice, totals))
}

export function earlyUsd({ options }: Choice, totals: Totals): Money {
  return options.reduce((sum, { early, index }) => {
    const byteDays = Math.round(totals.earlyByteDays[index]!)
    if (byteDays === 0) return sum
    return plus(sum, times(early.value, BigInt(byteDays), BigInt(early.unitSize) * 30n))
  }, NOTHING)
}

export function asNumber({ numerator, denominator }: Money): number {
  // Both may be beyond what a number holds: their quotient is not.
  const scale = 10n ** 15n
  return Number((numerator * scale) / denominator) / 1e15
}

export function moneyOf(usd: number): Money {
  return fraction(BigInt(Math.max(0, Math.round(usd * 1e9))), 1_000_000_000n)
}

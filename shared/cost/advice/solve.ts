// The best choice for each group by itself, at prices that do not depend on the other groups: exact, and quick
// enough for a million of them. For each store the cheapest class to keep a copy in, and the cheapest to read it
// from too; then the cheapest set of stores, one of which is read from.

import type { Coefficients } from './coefficients.ts'
import { coefficientsFor } from './coefficients.ts'
import type { Groups } from './groups.ts'
import type { Choice } from './options.ts'
import type { Table } from './tables.ts'
import { CODE_BASE } from './tables.ts'

/** What a further byte or request costs in a month, by option and by store. */
export interface Rates {
  storage: Float64Array
  get: Float64Array
  egress: Float64Array
  /** Of each byte that is stored, since it lets others be sent for nothing. */
  credit: Float64Array
  /** Stores that may not be used at all. */
  closed: number
}

export interface Assignment {
  codes: Int32Array
  /** The store that is read from. */
  served: Uint8Array
  /** Of all groups together, at these rates, over the horizon; endless where closed stores leave a group no place. */
  usd: number
}

export interface SolverInput {
  groups: Groups
  choice: Choice
  tables: readonly Table[]
  months: number
  /** By group: the store that is read from as it is. */
  servedNow: Uint8Array
}

/** Where it is read from now, if that store has a copy. */
export function servedNowOf(groups: Groups, tables: readonly Table[]): Uint8Array {
  return Uint8Array.from({ length: groups.count }, (_, group) => {
    const { present, servedNow } = tables[groups.placement[group]!]!
    return present[groups.readAt[group]!] ? groups.readAt[group]! : servedNow
  })
}

/** What is cheaper by less than this part is not cheaper: a choice is not changed for a rounding. */
const HAIR = 1e-9

export function solve(input: SolverInput, rates: Rates): Assignment {
  const { groups, tables } = input
  const weigh = createScale(input, rates)
  const codes = new Int32Array(groups.count)
  const served = new Uint8Array(groups.count)
  let usd = 0
  for (let group = 0; group < groups.count; group++) {
    const { code, fits } = tables[groups.placement[group]!]!
    codes[group] = code
    if (code < 0) continue
    const found = weigh(group)
    const { unchanged, changed } = found
    const isBetter =
      unchanged === Number.POSITIVE_INFINITY || unchanged - changed > HAIR * unchanged
    if (found.code >= 0 && (isBetter || !fits)) {
      codes[group] = found.code
      served[group] = found.served
      usd += changed
    } else {
      served[group] = input.servedNow[group]!
      usd += unchanged
    }
  }
  return { codes, served, usd }
}

/** One object that is filled anew for each group. */
interface Weighed {
  /** -1: there is nowhere to go. */
  code: number
  served: number
  changed: number
  unchanged: number
}

function createScale(input: SolverInput, rates: Rates) {
  const { groups, choice, tables, months, servedNow } = input
  const count = choice.stores.length
  const all = tables.map((table) => coefficientsFor(table, choice, rates, months))
  const keep = new Float64Array(count)
  const keepDigit = new Uint8Array(count)
  const read = new Float64Array(count)
  const readDigit = new Uint8Array(count)
  const weighed: Weighed = { code: -1, served: 0, changed: 0, unchanged: 0 }

  /** For each store the cheapest to keep and to read from; beside it, what it costs to leave all as it is. */
  function weighOptions(group: number, table: Coefficients): number {
    const bytes = groups.bytes[group]!
    const objects = groups.objects[group]!
    const readBytes = groups.readBytes[group]!
    const reads = groups.reads[group]!
    keep.fill(Number.POSITIVE_INFINITY)
    read.fill(Number.POSITIVE_INFINITY)
    let staying = 0
    let held = 0
    const now = servedNow[group]!
    for (let at = 0; at < table.length; at++) {
      const billed = Math.max(bytes, table.least[at]! * objects)
      const store = table.store[at]!
      let kept =
        table.billed[at]! * billed +
        table.bytes[at]! * bytes +
        table.objects[at]! * objects +
        (bytes >= table.watchedFrom[at]! * objects ? table.watched[at]! * objects : 0)
      const both = table.readBytes[at]! * readBytes + table.reads[at]! * reads
      const mayServe = readBytes <= table.mostRead[at]! * bytes
      if (table.stays[at] === 1) {
        staying += kept
        held++
        if (store === now) staying += both
        // Who stays does not leave.
        kept -= leaving(group, table, at)
      }
      if (kept < keep[store]!) {
        keep[store] = kept
        keepDigit[store] = table.digit[at]!
      }
      if (mayServe && kept + both < read[store]!) {
        read[store] = kept + both
        readDigit[store] = table.digit[at]!
      }
    }
    return held === table.held ? staying : Number.POSITIVE_INFINITY
  }

  /** To go before the minimum number of days is over. */
  function leaving(group: number, table: Coefficients, at: number): number {
    const missing = table.minimumDays[at]! - groups.ageDays[group]!
    if (missing <= 0) return 0
    const objects = groups.objects[group]!
    const padded = Math.max(groups.bytes[group]!, table.least[at]! * objects)
    return missing * table.early[at]! * (padded + table.beside[at]! * objects)
  }

  function leavingAll(group: number, table: Coefficients): number {
    let usd = 0
    for (let at = table.length; at < table.all; at++) usd += leaving(group, table, at)
    return usd
  }

  function weighSets(table: Coefficients): void {
    const { sets } = table
    weighed.changed = Number.POSITIVE_INFINITY
    let best = -1
    for (let start = 0; start < sets.length; start += sets[start]! + 1) {
      let sum = 0
      let least = Number.POSITIVE_INFINITY
      let served = 0
      for (let at = start + 1; at <= start + sets[start]!; at++) {
        const store = sets[at]!
        sum += keep[store]!
        const extra = read[store]! - keep[store]!
        if (extra < least) {
          least = extra
          served = store
        }
      }
      if (sum + least < weighed.changed) {
        weighed.changed = sum + least
        weighed.served = served
        best = start
      }
    }
    weighed.code = best < 0 ? -1 : codeAt(sets, best)
  }

  function codeAt(sets: Uint8Array, start: number): number {
    let code = 0
    for (let at = start + sets[start]!; at > start; at--) {
      const store = sets[at]!
      const digit = store === weighed.served ? readDigit[store]! : keepDigit[store]!
      code += digit * CODE_BASE ** store
    }
    return code
  }

  return (group: number): Weighed => {
    const table = all[groups.placement[group]!]!
    weighed.unchanged = weighOptions(group, table)
    weighSets(table)
    weighed.changed += leavingAll(group, table)
    return weighed
  }
}

export interface Place {
  code: number
  served: number
}

/** What one group costs where it is told to be, at these rates; endless where it may not be there. */
export function createCosts(input: SolverInput, rates: Rates) {
  const { groups, choice, tables, months, servedNow } = input
  const all = tables.map((table) => coefficientsFor(table, choice, rates, months))

  function leaving(group: number, table: Coefficients, at: number): number {
    const missing = Math.max(0, table.minimumDays[at]! - groups.ageDays[group]!)
    return missing * table.early[at]! * billedAt(group, table, at)
  }

  function billedAt(group: number, table: Coefficients, at: number): number {
    const objects = groups.objects[group]!
    return Math.max(groups.bytes[group]!, table.least[at]! * objects) + table.beside[at]! * objects
  }

  function kept(group: number, table: Coefficients, at: number): number {
    const [bytes, objects] = [groups.bytes[group]!, groups.objects[group]!]
    const watched = bytes >= table.watchedFrom[at]! * objects ? table.watched[at]! : 0
    const padded = Math.max(bytes, table.least[at]! * objects)
    const usd = table.billed[at]! * padded + table.bytes[at]! * bytes
    const stays = table.stays[at] === 1 ? leaving(group, table, at) : 0
    return usd + (table.objects[at]! + watched) * objects - stays
  }

  return (group: number, { code, served }: Place): number => {
    const { code: now } = tables[groups.placement[group]!]!
    const table = all[groups.placement[group]!]!
    let usd = 0
    let found = 0
    for (let at = table.length; at < table.all; at++) usd += leaving(group, table, at)
    for (let at = 0; at < table.length; at++) {
      const store = table.store[at]!
      if (Math.floor(code / CODE_BASE ** store) % CODE_BASE !== table.digit[at]!) continue
      found++
      usd += kept(group, table, at)
      if (store !== served) continue
      const readBytes = groups.readBytes[group]!
      const isNow = code === now && served === servedNow[group]
      if (!isNow && readBytes > table.mostRead[at]! * groups.bytes[group]!)
        return Number.POSITIVE_INFINITY
      usd += table.readBytes[at]! * readBytes + table.reads[at]! * groups.reads[group]!
    }
    return found === digitsIn(code) ? usd : Number.POSITIVE_INFINITY
  }
}

function digitsIn(code: number): number {
  let count = 0
  for (let rest = code; rest > 0; rest = Math.floor(rest / CODE_BASE)) {
    if (rest % CODE_BASE !== 0) count++
  }
  return count
}

// From an assignment to sentences that people can act on: groups that move alike under one prefix are one
// recommendation, and the ones that save most are listed. Sums are exact at the prices of the next byte: together
// they are the saving but for allowances, tiers and minimum charges, which the whole shares.

import type { Figure } from '#shared/prices/figure.ts'
import { FREE } from '#shared/prices/ladder.ts'
import type { Money } from '#shared/prices/money.ts'
import { plus, shortfall, times } from '#shared/prices/money.ts'
import { AGE_STEPS } from '../buckets.ts'
import type { PriceLine } from '../report.ts'
import { linesOf } from '../report.ts'
import type { RuleWay } from './by-rule.ts'
import { ruleWays, straysOf } from './by-rule.ts'
import { monthLines } from './month-lines.ts'
import type { Optimum, OptimiseInput } from './optimise.ts'
import type { Assignment, Place } from './solve.ts'
import { createCosts } from './solve.ts'
import { optionsIn } from './tables.ts'
import type { Totals } from './totals.ts'
import { addGroup, asNumber, earlyUsd, emptyTotals, onceUsd } from './totals.ts'
import { asRules, risksOf, whatWouldChange } from './words.ts'

export interface Step {
  store: string
  /** `null`: no copy. */
  from: string | null
  to: string | null
}

export interface Recommendation {
  id: string
  prefix: string
  steps: readonly Step[]
  /** The store that is read from, afterwards and now; a setting, which applying does not change. */
  readFrom: string
  readNow: string
  objects: number
  bytes: number
  /** The steps of age that move, by their first day; objects of others stay. */
  ages: readonly number[]
  /** Steps of size, as `sizeStep` counts. */
  sizes: readonly number[]
  monthNow: Money
  monthAfter: Money
  once: Money
  earlyDeletion: Money
  /** Over the horizon, less what it takes once. */
  saving: Money
  /** More than nothing where constraints ask for it, and not a saving. */
  costs: Money
  payBackMonths: number | undefined
  risks: readonly string[]
  wouldChange: readonly string[]
  /** A rule of the provider's that would do the same, to objects of every size, and to new ones when they are as old. */
  rules: readonly string[]
  /** What such a rule would cost beside what applying does, where the provider has rules that may be cheaper. */
  byRule: readonly RuleWay[]
  lines: readonly PriceLine[]
}

interface Gathered {
  prefix: string
  placement: number
  code: number
  served: number
  groups: number[]
  objects: number
  bytes: number
  /** In dollars over the horizon, about: for the order. */
  worth: number
}

export interface Recommended {
  list: Recommendation[]
  others: { count: number; objects: number; bytes: number }
}

const MAX_LISTED = 200

export function recommend(input: OptimiseInput, optimum: Optimum): Recommended {
  const { groups } = input
  const { now, best, rates } = optimum
  const kept = createShortlist(MAX_LISTED)
  const costOf = createCosts(input, rates)
  let under = new Map<string, Gathered>()
  let prefix: string | undefined
  const close = (): void => {
    for (const one of under.values()) kept.offer(one)
    under = new Map()
  }
  for (let group = 0; group < groups.count; group++) {
    const [was, is] = [placeIn(now, group), placeIn(best, group)]
    if (was.code === is.code && was.served === is.served) continue
    const own = groups.prefixOf(group)
    if (own !== prefix) close()
    prefix = own
    const placement = groups.placement[group]!
    const name = `${placement}\n${was.served}\n${is.code}\n${is.served}`
    const found = under.get(name) ?? {
      ...{ prefix: own, placement, ...is, groups: [], objects: 0, bytes: 0, worth: 0 },
    }
    under.set(name, found)
    found.groups.push(group)
    found.objects += groups.objects[group]!
    found.bytes += groups.bytes[group]!
    found.worth += finite(costOf(group, was)) - finite(costOf(group, is))
  }
  close()
  const listed = kept.list().map((one) => ({ one, moves: movesOf(input, one) }))
  const ruled = listed.map(({ one, moves }) => ({ prefix: one.prefix, ...moves }))
  const strays = straysOf(input, optimum, ruled)
  const list = listed.map(({ one, moves }, at) =>
    toRecommendation(input, optimum, one, { ...moves, strays: strays[at]! }),
  )
  return { list, others: kept.others }
}

function placeIn({ codes, served }: Pick<Assignment, 'codes' | 'served'>, group: number): Place {
  return { code: codes[group]!, served: served[group]! }
}

function finite(usd: number): number {
  return Number.isFinite(usd) ? usd : 0
}

/** The most worthwhile, in bounded memory. */
function createShortlist(most: number) {
  let listed: Gathered[] = []
  const others = { count: 0, objects: 0, bytes: 0 }
  const trim = (): void => {
    listed.sort((a, b) => b.worth - a.worth)
    for (const one of listed.slice(most)) {
      others.count++
      others.objects += one.objects
      others.bytes += one.bytes
    }
    listed = listed.slice(0, most)
  }
  return {
    others,
    offer(one: Gathered) {
      listed.push(one)
      if (listed.length > 4 * most) trim()
    },
    list() {
      trim()
      return listed
    },
  }
}

interface Sums {
  monthNow: Money
  monthAfter: Money
  once: Money
  earlyDeletion: Money
  figures: readonly Figure[]
}

function nameOf({ choice }: OptimiseInput, store: number): string {
  return choice.stores[store]?.place.name ?? ''
}

interface Both {
  before: Totals
  after: Totals
}

function totalsFor(input: OptimiseInput, { now }: Optimum, one: Gathered): Both {
  const { choice, tables } = input
  const before = emptyTotals(choice.options.length, tables.length)
  const after = emptyTotals(choice.options.length, tables.length)
  for (const group of one.groups) {
    addGroup(before, input, group, now.codes[group]!, now.served[group]!)
    addGroup(after, input, group, one.code, one.served)
  }
  return { before, after }
}

function sumsOf(
  { choice, tables }: OptimiseInput,
  { before, after }: Both,
  placement: number,
): Sums {
  const [was, is] = [monthLines(choice, before), monthLines(choice, after)]
  const changes = tables[placement]!.changes.filter((_, index) => {
    return after.changedObjects[placement * choice.options.length + index]! > 0
  })
  const fees = changes.flatMap((change) => change?.fees.map(({ figure }) => figure) ?? [])
  return {
    monthNow: was.usd,
    monthAfter: is.usd,
    once: onceUsd({ choice, tables }, after),
    earlyDeletion: earlyUsd(choice, after),
    figures: [...new Set([...was.figures, ...is.figures, ...fees])],
  }
}

interface Moves {
  steps: readonly Step[]
  ages: readonly number[]
  sizes: readonly number[]
}

function movesOf({ choice, tables, groups }: OptimiseInput, one: Gathered): Moves {
  const steppedIn = (of: 'age' | 'size') =>
    [...new Set(one.groups.map((group) => groups.stepsOf(group)[of]))].toSorted((a, b) => a - b)
  const { present } = tables[one.placement]!
  const options = optionsIn(choice, one.code).map((index) => choice.options[index])
  const steps = choice.stores.flatMap(({ place }, store): Step[] => {
    const [from, to] = [present[store]?.class ?? null, options[store]?.class ?? null]
    return from === to ? [] : [{ store: place.name, from, to }]
  })
  return { steps, ages: steppedIn('age').map((step) => AGE_STEPS[step]!), sizes: steppedIn('size') }
}

function toRecommendation(
  input: OptimiseInput,
  optimum: Optimum,
  one: Gathered,
  { strays, ...moves }: Moves & { strays: ReadonlySet<string> },
): Recommendation {
  const { choice, tables, months } = input
  const { prefix, placement, code, served, objects, bytes } = one
  const { steps, ages } = moves
  const both = totalsFor(input, optimum, one)
  const { figures, ...sums } = sumsOf(input, both, placement)
  const now = times(sums.monthNow, months)
  const later = plus(times(sums.monthAfter, months), sums.once)
  const { present } = tables[placement]!
  const moved = optionsIn(choice, code).flatMap((index) => choice.options[index] ?? [])
  return {
    ...{ id: idOf(one), prefix, ...moves },
    readFrom: nameOf(input, served),
    readNow: nameOf(input, optimum.now.served[one.groups[0]!]!),
    ...{ objects, bytes, ...sums },
    saving: shortfall(now, later),
    costs: shortfall(later, now),
    payBackMonths: payBack(sums),
    risks: risksOf({ steps, options: moved, present, figures, hasEarly: hasEarly(sums) }),
    wouldChange: whatWouldChange({ ...sums, reads: readsOf(both.after), bytes, months }),
    rules: asRules(prefix, steps, ages),
    byRule: ruleWays(input, { prefix, ...moves, placement, after: both.after, strays }),
    lines: linesOf([{ cost: { ...FREE, figures } }]),
  }
}

function hasEarly({ earlyDeletion }: Pick<Sums, 'earlyDeletion'>): boolean {
  return earlyDeletion.numerator > 0n
}

function readsOf({ readBytes }: Totals): number {
  return readBytes.reduce((sum, bytes) => sum + bytes, 0)
}

/** The same in the same advice. */
function idOf({ prefix, placement, code, served }: Gathered): string {
  return `${placement}.${code}.${served}.${prefix}`
}

/** When what it took once has come in again; undefined where it never does. */
export function payBack({ monthNow, monthAfter, once }: Omit<Sums, 'figures'>): number | undefined {
  const month = asNumber(shortfall(monthNow, monthAfter))
  const taken = asNumber(once)
  if (taken === 0) return 0
  return month > 0 ? taken / month : undefined
}

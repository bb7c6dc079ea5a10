// Advice for a workspace: where each group of objects had best lie, over a horizon, under constraints. The answer
// may be that nothing is to be done. Each recommendation says what it saves and what it takes, when that has paid,
// on which figures it rests, what is risky, and what would change it.

import type { Money } from '#shared/prices/money.ts'
import { compareMoney, shortfall } from '#shared/prices/money.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Inventory } from '../inventory.ts'
import type { StorePlace } from '../places.ts'
import type { Regions } from '../regions.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { MonthlyRate } from '../usage.ts'
import type { Constraints } from './constraints.ts'
import type { Groups } from './groups.ts'
import { groupsOf } from './groups.ts'
import { openOptions } from './options.ts'
import type { Optimum } from './optimise.ts'
import { optimise } from './optimise.ts'
import type { Recommendation } from './recommend.ts'
import { recommend } from './recommend.ts'
import { servedNowOf } from './solve.ts'
import { MAX_STORES, openTable } from './tables.ts'

export interface AdviceInput {
  prices: Prices
  regions: Regions
  places: readonly StorePlace[]
  inventory: Inventory
  rates: readonly MonthlyRate[]
  constraints: Constraints
  /** Over how many months; 12 unless told. */
  months?: number | undefined
}

export interface Advice {
  months: number
  /** A month now and after, of what is kept and read; uploads cost the same either way, and are not in it. */
  monthNow: Money
  monthAfter: Money
  once: Money
  /** Over the horizon, with what it takes once; nothing where nothing is to be done. */
  saving: Money
  gapPercent: number
  recommendations: readonly Recommendation[]
  /** Beyond those that are listed. */
  others: { count: number; objects: number; bytes: number }
  /** What is left out for want of a price, and what else must be known. */
  remarks: readonly string[]
}

const MONTHS = 12
const DAYS_A_MONTH = 365 / 12

export function advise(input: AdviceInput): Advice {
  return adviseGroups(input, groupsOf(input.inventory, input.rates))
}

export function adviseGroups(
  input: Omit<AdviceInput, 'inventory' | 'rates'>,
  groups: Groups,
): Advice {
  const { prices, regions, places, constraints, months = MONTHS } = input
  if (places.length > MAX_STORES) throw tooMany(places.length)
  const choice = openOptions(prices, places)
  const horizonDays = Math.floor(months * DAYS_A_MONTH)
  const tables = groups.placements.map((placement) =>
    openTable({ prices, regions, choice, constraints, horizonDays }, placement),
  )
  const servedNow = servedNowOf(groups, tables)
  const problem = { prices, groups, choice, tables, months, servedNow }
  const optimum = optimise(problem)
  const { list, others } = recommend(problem, optimum)
  const { now, best, gapPercent } = optimum
  return {
    ...{ months, monthNow: now.month, monthAfter: best.month, once: best.once },
    ...{ saving: shortfall(now.usd, best.usd), gapPercent, recommendations: list, others },
    remarks: [
      ...choice.unknown.map(
        ({ store, class: name, reason }) => `${store}, ${name} is not considered: ${reason}`,
      ),
      ...unpricedRemarks(groups, tables),
      ...costlierRemarks(optimum),
      'Reads are taken to be spread evenly over the objects of a prefix, and to stay as they are.',
    ],
  }
}

function unpricedRemarks(groups: Groups, tables: readonly { code: number }[]): string[] {
  let objects = 0
  for (let group = 0; group < groups.count; group++)
    if (tables[groups.placement[group]!]!.code < 0) objects += groups.objects[group]!
  if (objects === 0) return []
  return [`${objects} objects lie in a class without a known price: there is no advice for them.`]
}

function costlierRemarks({ now, best }: Optimum): string[] {
  if (compareMoney(best.usd, now.usd) <= 0) return []
  return ['The constraints are not met now; what it takes to meet them costs more than it saves.']
}

function tooMany(count: number): StorageError {
  const message = `The workspace has ${count} stores, and advice weighs ${MAX_STORES} at most.`
  return new StorageError('unsupported', message)
}

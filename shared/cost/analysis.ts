// Everything that reports, comparisons and advice of a workspace are made from, read in one go: what there is, as
// the last inventory found it, what is asked of it, and the prices.

import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Prices } from '#shared/prices/prices.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Advice } from './advice/advise.ts'
import type { Constraints } from './advice/constraints.ts'
import type { Elsewhere } from './compare.ts'
import { compareElsewhere } from './compare.ts'
import type { Growth, Inventory } from './inventory.ts'
import { growthBetween } from './inventory.ts'
import { readInventories, readUsage } from './ledger.ts'
import type { StorePlace } from './places.ts'
import { placesOf } from './places.ts'
import { dayOf } from './read-counts.ts'
import type { Regions } from './regions.ts'
import { openRegions } from './regions.ts'
import type { Report } from './report.ts'
import { monthAt, reportOf } from './report.ts'
import type { CostRules } from './rules.ts'
import { meanSizes } from './spread.ts'
import type { MonthlyRate, Usage } from './usage.ts'
import { monthlyRates } from './usage.ts'

export interface CostPlace {
  workspace: string
  /** The primary first. */
  stores: readonly Store[]
  ledger: Ledger
  prices(): Promise<Prices>
  now: () => number
  rules: CostRules
}

export interface Analysis {
  places: readonly StorePlace[]
  inventory: Inventory
  growth: Growth | undefined
  /** Of this month; of the last thirty days. */
  month: Usage
  lately: Usage
  prices: Prices
  regions: Regions
  rules: CostRules
  now: number
}

const DAY_MILLISECONDS = 86_400_000
const LATELY_DAYS = 30

export async function analyse(place: CostPlace): Promise<Analysis> {
  const { workspace, stores, ledger, rules } = place
  const now = place.now()
  const to = dayOf(now)
  const first = `${monthAt(now).month}-01`
  const since = dayOf(now - (LATELY_DAYS - 1) * DAY_MILLISECONDS)
  const [found, month, lately, prices, regions] = await Promise.all([
    readInventories(ledger, workspace),
    readUsage(ledger, workspace, { from: first, to, now }),
    readUsage(ledger, workspace, { from: since, to, now }),
    place.prices(),
    openRegions(),
  ])
  const { last: inventory, earlier } = found
  if (!inventory) throw noInventory(workspace)
  const growth = earlier && growthBetween(earlier, inventory)
  const places = placesOf(stores, rules.places)
  return { places, inventory, growth, month, lately, prices, regions, rules, now }
}

/** Copies that nobody could see would be taken for none. */
function incomplete({ unreachable, workspace }: Inventory): StorageError {
  const message = `${unreachable.join(' and ')} could not be listed, and without what is there ${workspace} cannot be advised; begin it anew when they can be.`
  return new StorageError('unavailable', message, { retry: 'never' })
}

function noInventory(workspace: string): StorageError {
  const message = `What ${workspace} holds is not known yet: take an inventory, as \`skein cost report\` does.`
  return new StorageError('not-found', message)
}

export function report(analysis: Analysis, depth?: number): Report {
  const { prices, places, inventory, growth, month: usage, lately, now } = analysis
  return reportOf({ prices, places, inventory, growth, usage, lately, now, depth })
}

export function ratesLately({ lately, inventory }: Analysis): MonthlyRate[] {
  return monthlyRates(lately, meanSizes(inventory))
}

export function compare(analysis: Analysis, within?: readonly string[]): Elsewhere[] {
  const { prices, regions, places, inventory } = analysis
  return compareElsewhere({
    ...{ prices, regions, places, inventory, within },
    rates: ratesLately(analysis),
  })
}

/** The adviser is loaded when it is asked. */
export async function adviceFor(
  analysis: Analysis,
  asked: { constraints?: Constraints | undefined; months?: number | undefined } = {},
): Promise<Advice> {
  const { advise } = await import('./advice/advise.ts')
  const { prices, regions, places, inventory, rules } = analysis
  if (inventory.unreachable.length > 0) throw incomplete(inventory)
  return advise({
    ...{ prices, regions, places, inventory, rates: ratesLately(analysis) },
    constraints: { ...rules.constraints, ...asked.constraints },
    months: asked.months ?? rules.months,
  })
}

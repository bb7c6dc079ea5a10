// The plan of a migration, from what its inventory has counted and a look at some of the objects.

import { addStocks, newStock } from './stock.ts'
import type { Stock } from './stock.ts'
import { readNotes } from '#shared/jobs/part.ts'
import type { Job } from '#shared/jobs/job.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import type { MigrateInput } from './input.ts'
import type { Group, MigrationPlan, Would } from './plan.ts'
import { planCosts } from './plan-costs.ts'
import type { Sampled } from './sample.ts'
import { lookAtSome } from './sample.ts'

const DEFAULT_TRANSFERS = 16

export async function planMigration(
  place: MigrationPlace,
  context: MigrationContext,
  { id, input, ledger, now }: Job<MigrateInput>,
): Promise<MigrationPlan> {
  const stocks: Stock[] = []
  for await (const stock of readNotes<Stock>(ledger, id, 'stock')) stocks.push(stock)
  const stock = addStocks(stocks.length > 0 ? stocks : [newStock()])
  const sampled = await lookAtSome(context, stock.sample)
  const { from, to, workspace, switchable } = context
  const { once, monthly, totals } = planCosts(
    await place.prices(),
    context,
    stock,
    input,
    place.cost?.places,
  )
  const plan = {
    v: 1 as const,
    ...{ job: id, workspace, made: new Date(now()).toISOString(), input },
    ...{ from: nameOf(from), to: nameOf(to) },
    inventory: {
      ...stock.total,
      sizes: sizesOf(stock),
      classes: classesOf(stock),
      ...{ oldest: dateOf(stock.oldest), newest: dateOf(stock.newest) },
    },
    destination: {
      same: { name: 'the same, by what both providers tell', ...stock.there.same },
      differs: { name: 'something else under a key of the source', ...stock.there.differs },
      unknown: { name: 'as large, and to be compared', ...stock.there.unknown },
      extra: { name: 'under other keys, and left there', ...stock.there.extra },
    },
    adjustments: [...adjustments(stock), ...losses(sampled), ...versions(context)],
    refused: Object.entries(stock.refused).map(([why, { objects, bytes, examples }]) => {
      return { why, objects, bytes, examples }
    }),
    ways: Object.entries(stock.ways).map(([how, { objects, bytes }]) => {
      return { how, why: WHY[how] ?? how, objects, bytes }
    }),
    time: timeOf(stock, sampled, input),
    ...{ once, monthly, totals },
    switches: switchable !== undefined,
    ...(input.dryRun && { would: await wouldOf(ledger, id) }),
  }
  return { ...plan, says: sentence(plan) }
}

const SHOWN = 10_000

async function wouldOf(ledger: Ledger, id: string): Promise<MigrationPlan['would']> {
  const objects: Would[] = []
  let leftOut = 0
  for await (const would of readNotes<Would>(ledger, id, 'would')) {
    if (objects.length < SHOWN) objects.push(would)
    else leftOut++
  }
  return { objects, leftOut }
}

const WHY: Record<string, string> = {
  provider: 'the provider copies its own objects',
  pull: 'the destination reads them by signed URLs',
  whole: 'one GET and one PUT',
  parts: 'in parts, side by side',
}

function nameOf({ store, base }: MigrationContext['from']): string {
  return base === '' ? store.name : `${store.name}:${base}`
}

function dateOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}

/** A few names for many powers of two. */
const SIZES: readonly (readonly [name: string, below: number])[] = [
  ['empty', 1],
  ['below 1 KiB', 11],
  ['1 to 16 KiB', 15],
  ['16 to 128 KiB', 18],
  ['128 KiB to 1 MiB', 21],
  ['1 to 16 MiB', 25],
  ['16 to 128 MiB', 28],
  ['128 MiB to 1 GiB', 31],
  ['1 GiB and more', 64],
]

function sizesOf({ sizes }: Stock): Group[] {
  const groups = SIZES.map(([name]) => ({ name, objects: 0, bytes: 0 }))
  for (const [cell, { objects, bytes }] of Object.entries(sizes)) {
    const step = Number(cell.slice(cell.lastIndexOf(' ') + 1))
    const group = groups[SIZES.findIndex(([, below]) => step < below)]!
    group.objects += objects
    group.bytes += bytes
  }
  return groups.filter(({ objects }) => objects > 0)
}

function classesOf({ sizes }: Stock): Group[] {
  const groups = new Map<string, Group>()
  for (const [cell, { objects, bytes }] of Object.entries(sizes)) {
    const name = cell.slice(0, cell.lastIndexOf(' '))
    const group = groups.get(name) ?? { name, objects: 0, bytes: 0 }
    groups.set(name, {
      name,
      objects: group.objects + objects,
      bytes: group.bytes + bytes,
    })
  }
  return [...groups.values()]
}

type Adjustment = MigrationPlan['adjustments'][number]

function adjustments({ adjusted }: Stock): Adjustment[] {
  return Object.entries(adjusted).map(([text, { objects, examples }]) => {
    const [what = '', does = ''] = text.split('\n')
    return { what, does, objects, examples }
  })
}

/** As some of the objects tell: how many there are of them in all, nobody knows before they are moved. */
function losses({ looked, losses: found }: Sampled): Adjustment[] {
  return found.map(({ what, objects, examples }) => ({
    what,
    does: `is left out and told of; so it is with ${objects} of the ${looked} objects that were looked at`,
    objects: undefined,
    examples,
  }))
}

function versions({ from, to }: MigrationContext): Adjustment[] {
  if (!from.store.capabilities.versions) return []
  const what = `older versions at ${from.store.name}`
  return [
    {
      what,
      does: `stay there: ${to.store.name} gets the present ones`,
      objects: undefined,
      examples: [],
    },
  ]
}

function timeOf(
  stock: Stock,
  { reading }: Sampled,
  { transfers = DEFAULT_TRANSFERS }: MigrateInput,
) {
  if (!reading) return { seconds: undefined, by: 'nothing could be read to measure it by' }
  const counts = Object.values(stock.ways)
  const objects = counts.reduce((sum, way) => sum + way.objects, 0)
  const bytes = counts.reduce((sum, way) => sum + way.bytes, 0)
  const each = objects * reading.seconds + bytes * reading.secondsPerByte
  const rate = reading.secondsPerByte > 0 ? 1 / reading.secondsPerByte / 2 ** 20 : undefined
  const shown = rate === undefined ? '' : ` and ${rate.toFixed(1)} MiB a second`
  return {
    seconds: Math.ceil((2 * each) / transfers),
    by: `reading ${reading.objects} objects took ${(reading.seconds * 1000).toFixed(0)} ms each${shown}; writing is taken to be as long, ${transfers} at once`,
  }
}

type Told = Pick<
  MigrationPlan,
  'inventory' | 'from' | 'to' | 'totals' | 'refused' | 'ways' | 'once' | 'monthly'
>

function sentence(told: Told): string {
  const { inventory, from, to, totals, refused, ways, once, monthly } = told
  const moved = ways.reduce((sum, { objects }) => sum + objects, 0)
  const left = refused.reduce((sum, { objects }) => sum + objects, 0)
  const not = left > 0 ? `; ${left} cannot be moved` : ''
  const unknown = totals.unknown > 0 ? ` and ${totals.unknown} lines whose price is not known` : ''
  const cents = (usd: string) => Number(usd).toFixed(2)
  const moves = `${moved} of ${inventory.objects} objects are to be brought from ${from} to ${to}${not}`
  if (once.length + monthly.before.length + monthly.after.length === 0) {
    return `${moves}; nobody charges for it.`
  }
  return `${moves}; once about ${cents(totals.onceUsd)} USD${unknown}, then ${cents(totals.afterUsd)} USD a month where it was ${cents(totals.beforeUsd)}.`
}

// One step of taking stock: both sides listed beside one another over a range of keys. Nothing is read, and nothing
// is written but the job's own counts; of a dry run, what would happen to each object too.

import { compareDigests } from '#shared/compare/digests.ts'
import { joinByKey } from '#shared/compare/join.ts'
import { listInOrder } from '#shared/compare/listing.ts'
import type { Job, Part, Step } from '#shared/jobs/job.ts'
import { restOf } from '#shared/integrity/rows.ts'
import { placesOf, shelfOf } from '#shared/cost/places.ts'
import { isKnown } from '#shared/prices/figure.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import type { ListedObject } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { selects } from '#shared/sync/selection.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import { fitOf, wayOf } from './fits.ts'
import type { MigrateInput } from './input.ts'
import type { Cursor, MigratePart } from './parts.ts'
import type { Would } from './plan.ts'
import type { Stock } from './stock.ts'
import { addCount, addExample, addObject, countOf, newStock } from './stock.ts'

const DAY = 86_400_000

export async function inventoryStep(
  place: MigrationPlace,
  context: MigrationContext,
  { input }: Job<MigrateInput>,
  part: Part<MigratePart, Cursor>,
): Promise<Step<Cursor>> {
  if (!('range' in part.of)) return {}
  const { from, to, order } = context
  const { after, kept } = part.cursor ?? {}
  const stock = (kept as Stock | undefined) ?? newStock()
  const range = restOf(part.of.range, after, after !== undefined && order.isStray(after))
  const taker = await createTaker(place, context, stock)
  const lists = [from, to].map((one) => listInOrder(one, order, { range, signal: part.signal }))
  type Sides = [ListedObject, ListedObject]
  for await (const rows of joinByKey<Sides>([lists[0]!, lists[1]!], order.compare)) {
    for (const { at } of rows) {
      const would = taker.take(at[0], at[1], input)
      if (would && input.dryRun) part.note('would', would)
    }
    const last = rows.at(-1)?.key
    if (last !== undefined && !part.mayGoOn()) return { cursor: { after: last, kept: stock } }
  }
  part.note('stock', stock)
  const { total, there, refused } = stock
  return {
    tally: {
      ...{ objects: total.objects, bytes: total.bytes },
      ...{ same: there.same.objects, differs: there.differs.objects, extra: there.extra.objects },
      refused: Object.values(refused).reduce((sum, { objects }) => sum + objects, 0),
    },
  }
}

async function createTaker(
  place: MigrationPlace,
  { from, to, selection, classes, now }: MigrationContext,
  stock: Stock,
) {
  const [shelf] = placesOf([from.store], place.cost?.places).map((one) => shelfOf(one))
  const missing = missingDays(shelf!, await place.prices())
  const at = now()
  return {
    /** Undefined for what is not selected. */
    take(
      source: ListedObject | undefined,
      there: ListedObject | undefined,
      { existing = 'replace' }: MigrateInput,
    ): Would | undefined {
      if (!selects(selection, (source ?? there)!)) return undefined
      if (!source) {
        addCount(stock.there.extra, there!.size)
        return undefined
      }
      const storageClass = classOf(from.store, source)
      if (classes && !classes.has(storageClass)) return undefined
      const { key, size: bytes } = source
      addObject(stock, source, storageClass)
      const days = missing(storageClass, (at - source.modified.getTime()) / DAY)
      if (days > 0) addCount(countOf(stock.early, `${storageClass} ${days}`), bytes)
      const { refused, adjusted } = fitOf(from, to, source)
      if (refused !== undefined) {
        addExample(stock.refused, refused, source)
        return { key, bytes, would: 'refuse' }
      }
      if (adjusted) addExample(stock.adjusted, `${adjusted.what}\n${adjusted.does}`, source)
      const state = there && stateOf(source, there)
      if (state) addCount(stock.there[state], bytes)
      if (state === 'same') return { key, bytes, would: 'nothing' }
      if (state === 'differs' && existing === 'keep') return { key, bytes, would: 'keep' }
      addWay(stock, wayOf(from, to, source), bytes)
      if (!state) return { key, bytes, would: 'copy' }
      return { key, bytes, would: state === 'unknown' ? 'compare' : 'replace' }
    },
  }
}

/** By what listings tell alone. */
function stateOf(source: ListedObject, there: ListedObject): 'same' | 'differs' | 'unknown' {
  if (source.size !== there.size) return 'differs'
  const compared = compareDigests(source.checksums ?? {}, there.checksums ?? {})
  if (compared === undefined) return 'unknown'
  return compared.same ? 'same' : 'differs'
}

function addWay(stock: Stock, { how, ...requests }: ReturnType<typeof wayOf>, bytes: number): void {
  const way = (stock.ways[how] ??= { objects: 0, bytes: 0, puts: 0, parts: 0, gets: 0 })
  addCount(way, bytes)
  way.puts += requests.puts
  way.parts += requests.parts
  way.gets += requests.gets
}

export function classOf({ capabilities }: Store, { storageClass }: ListedObject): string {
  return storageClass ?? capabilities.classes[0] ?? 'STANDARD'
}

/** Whole days until an object of that age may leave its class without a fee. */
function missingDays(shelf: Shelf, prices: Prices) {
  const minimums = new Map<string, number>()
  return (storageClass: string, ageDays: number): number => {
    let minimum = minimums.get(storageClass)
    if (minimum === undefined) {
      const rules = prices.rules({ ...shelf, class: storageClass })
      minimum = isKnown(rules) ? rules.minimumDays.value : 0
      minimums.set(storageClass, minimum)
    }
    return Math.max(0, minimum - Math.floor(ageDays))
  }
}

// The stores of a workspace by what a GB read from them costs. Apart from the other rankings, since it brings
// the price catalogue along, which nobody else needs to load.

import type { Figure, Unknown } from '#shared/prices/figure.ts'
import { compareRates, isKnown } from '#shared/prices/figure.ts'
import { formatUsd } from '#shared/prices/money.ts'
import type { Store } from '#shared/storage/store.ts'
import type { DownloadContext } from './download-context.ts'
import type { Ranking } from './ranking.ts'

interface Priced {
  store: Store
  egress: Figure | Unknown
}

/** What is unknown is never taken for cheap: it comes last, in the order of the configuration. */
export async function rankByPrice(
  stores: readonly Store[],
  context: DownloadContext,
): Promise<Ranking> {
  const prices = await context.prices()
  const priced = stores.map((store) => ({
    store,
    egress: prices.egressToInternet(store.row.id, store.region),
  }))
  const ranked = priced.toSorted(byRate)
  return { stores: ranked.map(({ store }) => store), because: reasonOf(ranked) }
}

function byRate(a: Priced, b: Priced): number {
  if (isKnown(a.egress) && isKnown(b.egress)) return compareRates(a.egress, b.egress)
  return Number(isKnown(b.egress)) - Number(isKnown(a.egress))
}

function reasonOf([first, ...others]: readonly Priced[]): string {
  if (first === undefined || !isKnown(first.egress)) {
    return 'no price of egress is known for any store, so the order is the configuration’s'
  }
  const unknown = others.filter(({ egress }) => !isKnown(egress)).map(({ store }) => store.name)
  const rest = unknown.length > 0 ? `; no price is known for ${unknown.join(', ')}` : ''
  return `${first.store.name} has the cheapest egress, ${describe(first.egress)}${rest}`
}

function describe({ value, unit, source, trust, flags }: Figure): string {
  const evidence = [trust, `as of ${source.asOf ?? 'an unknown day'}`, ...flags].join(', ')
  return `${formatUsd(value, 4)} ${unit} (${evidence}; ${source.from})`
}

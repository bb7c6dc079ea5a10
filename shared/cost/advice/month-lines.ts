// A month of some groups by themselves, at the first price of each ladder and without allowances, which others may
// have used up: what one recommendation is about, with the figures that it rests on.

import type { Figure } from '#shared/prices/figure.ts'
import type { Money } from '#shared/prices/money.ts'
import { fraction, plus, times } from '#shared/prices/money.ts'
import type { Choice } from './options.ts'
import type { Totals } from './totals.ts'

export function monthLines(
  { options, stores }: Choice,
  totals: Totals,
): { usd: Money; figures: Figure[] } {
  const figures: Figure[] = []
  const sums: Money[] = []
  const charge = (figure: Figure | undefined, count: number): void => {
    if (!figure || !(count > 0)) return
    figures.push(figure)
    sums.push(times(figure.value, BigInt(Math.round(count)), figure.unitSize))
  }
  for (const { index, store, storage, get, retrieval, besideBytes, ...option } of options) {
    const watched = totals.watchedObjects[index]!
    const objects = totals.objects[index]! + watched
    if (objects === 0) continue
    const bytes = totals.bytes[index]! + totals.watchedBytes[index]! + besideBytes * objects
    charge(storage[0]!.figure, bytes)
    charge(get, totals.reads[index]!)
    charge(retrieval, totals.readBytes[index]!)
    charge(stores[store]!.egress[0]?.figure, totals.readBytes[index]!)
    sums.push(small(option.besideUsd * objects + option.watchUsd * watched))
  }
  return { usd: plus(...sums), figures: [...new Set(figures)] }
}

/** A few bytes beside each object, and the fee for watching it: to a billionth of a dollar. */
function small(usd: number): Money {
  return fraction(BigInt(Math.round(usd * 1e9)), 1_000_000_000n)
}

// Where a class of storage in a region stands in the catalogue, and whose line stands in for it where it has
// none of its own: another region's, or that of locally redundant storage times a factor.

import type { ClassPrices, Evidence, ProviderPrices, Row } from './catalogue.ts'
import type { Witness } from './evidence.ts'
import type { Figure, Flag, Unknown } from './figure.ts'
import { isKnown, weakened } from './figure.ts'
import { times, usd } from './money.ts'
import type { Place } from './place.ts'
import { findLine, lineOf } from './place.ts'

/** What bytes lie on: a class in a region. Without a class the provider's first, which is its standard one. */
export interface Shelf extends Place {
  class?: string | undefined
  /** Azure's `ZRS`, `GRS` and so on; LRS where none is named. */
  redundancy?: string | undefined
  /** Of a class that moves objects by itself: the tier they have come down to. */
  tier?: string | undefined
}

export interface Shelved {
  prices: ProviderPrices
  className: string
  rules: ClassPrices
}

export function findClass(prices: ProviderPrices, shelf: Shelf): Shelved | Unknown {
  const classes = prices.classes ?? {}
  const className = shelf.class ?? Object.keys(classes)[0] ?? 'STANDARD'
  const rules = lineOf(classes, className)
  if (rules) return { prices, className, rules }
  const known = Object.keys(classes).join(', ') || 'no class at all'
  return {
    reason: `No prices are known of the class "${className}" at "${shelf.provider}": ${known}.`,
  }
}

/** A field of a line, with everything that weakens it; `factor` where redundancy is estimated. */
export interface Entry<Value> {
  value: Value
  row: Row
  flags: readonly Flag[]
  note: string | undefined
  factor: number
  /** What the factor rests on. */
  estimate: Evidence | undefined
}

export function findEntry<Value>(
  { prices, className, rules }: Shelved,
  shelf: Shelf,
  what: string,
  pick: (row: Row) => Value | undefined,
  factors: 'storage' | 'write' | undefined,
): Entry<Value> | Unknown {
  const found = findLine(rules.regions ?? {}, prices, shelf)
  if (!isKnown(found)) return found
  const assumed: readonly Flag[] = found.assumed === undefined ? [] : ['region-assumed']
  const nothing = {
    reason: `${what} of "${className}" at "${shelf.provider}" in "${found.region}" has no known price.`,
  }
  const kept = redundancyOf(prices, shelf)
  const row = kept === undefined ? found.line : rules.regions?.[`${found.region}/${kept}`]
  const own = row && pick(row)
  if (row && own !== undefined) {
    return { value: own, row, flags: assumed, note: found.assumed, factor: 1, estimate: undefined }
  }
  const local = pick(found.line)
  const estimate = factors === undefined ? undefined : prices.redundancy
  const factor = factors === undefined ? 1 : estimate?.[factors][kept ?? '']
  if (kept === undefined || local === undefined || factor === undefined) return nothing
  const multiple = factors === undefined ? '' : `${factor} times `
  const notes = [found.assumed, `${multiple}the price of ${prices.redundancy?.default} stands in`]
  return {
    ...{
      value: local,
      row: found.line,
      flags: [...assumed, 'redundancy-assumed'],
      factor,
      estimate,
    },
    note: notes.filter((one) => one !== undefined).join('; '),
  }
}

/** Undefined: the one whose lines carry no name of their own. */
function redundancyOf({ redundancy }: ProviderPrices, shelf: Shelf): string | undefined {
  return shelf.redundancy === redundancy?.default ? undefined : shelf.redundancy
}

/** The figure as the entry weakens it. */
export function weighed(figure: Figure, entry: Entry<unknown>, witness: Witness): Figure {
  const { factor, estimate, flags, note } = entry
  if (estimate === undefined) return weakened(figure, flags, note)
  const factors = witness.figure(usd(factor), { unit: 'times', unitSize: 1 }, estimate, 'storage')
  const { numerator, denominator } = factors.value
  const value = times(figure.value, numerator, denominator)
  return weakened({ ...figure, value }, [...flags, ...factors.flags], note)
}

// Requests are counted by prefix, and objects by prefix, age, size and class: here each prefix's requests are
// spread over its objects, as if all of them were asked for equally often. That is an assumption: young objects
// are read more often as a rule, which a prefix for each month or kind lets show.

import type { Cell, Placement } from './histogram.ts'
import type { Inventory } from './inventory.ts'
import type { MonthlyRate } from './usage.ts'

export interface Spread {
  cell: Cell
  rate: MonthlyRate
  /** The cell's part of the rate's objects. */
  share: number
}

export interface Finder {
  /** The cells that a prefix is about: those under it, else those of the deepest prefix above it. */
  under(prefix: string): readonly Cell[]
}

export function createFinder(cells: readonly Cell[]): Finder {
  const byPrefix = new Map<string, Cell[]>()
  for (const cell of cells) {
    const there = byPrefix.get(cell.prefix)
    if (there) there.push(cell)
    else byPrefix.set(cell.prefix, [cell])
  }
  const sorted = [...byPrefix.keys()].toSorted()
  return {
    under(prefix) {
      const found: Cell[] = []
      for (let at = firstFrom(sorted, prefix); at < sorted.length; at++) {
        if (!sorted[at]!.startsWith(prefix)) break
        found.push(...byPrefix.get(sorted[at]!)!)
      }
      if (found.length > 0) return found
      for (let above = prefix; above !== '';) {
        above = above.slice(0, above.lastIndexOf('/', above.length - 2) + 1)
        const there = byPrefix.get(above)
        if (there) return there
      }
      return []
    },
  }
}

function firstFrom(sorted: readonly string[], prefix: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < prefix) low = middle + 1
    else high = middle
  }
  return low
}

/** Over the objects that the rate's store has. */
export function spreadRates(inventory: Inventory, rates: readonly MonthlyRate[]): Spread[] {
  const finder = createFinder(inventory.cells)
  return rates.flatMap((rate) => {
    const at = inventory.stores.indexOf(rate.store)
    const cells = finder.under(rate.prefix).filter(({ placement }) => isAt(placement, at))
    const objects = cells.reduce((sum, cell) => sum + cell.objects, 0)
    return cells.map((cell) => ({ cell, rate, share: cell.objects / objects }))
  })
}

function isAt(placement: Placement, store: number): boolean {
  return placement[store] != null
}

/**
 * The mean size of the objects of a prefix, for reads that nobody told the size of; of all objects, where those that
 * were read are gone, since what was sent was not nothing.
 */
export function meanSizes(inventory: Inventory): (store: string, prefix: string) => number {
  const finder = createFinder(inventory.cells)
  return (_store, prefix) => meanOf(finder.under(prefix)) ?? meanOf(inventory.cells) ?? 0
}

function meanOf(cells: readonly Cell[]): number | undefined {
  let [objects, bytes] = [0, 0]
  for (const cell of cells) {
    objects += cell.objects
    bytes += cell.bytes
  }
  return objects === 0 ? undefined : bytes / objects
}

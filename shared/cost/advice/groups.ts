// Objects that are alike, by the million: a column for each of their figures, so that a group takes some forty
// bytes. Placements are few and kept once.

import type { Cell, Placement } from '../histogram.ts'
import type { Inventory } from '../inventory.ts'
import { spreadRates } from '../spread.ts'
import type { MonthlyRate } from '../usage.ts'

export interface Groups {
  count: number
  objects: Float64Array
  bytes: Float64Array
  ageDays: Float32Array
  /** In a month. */
  reads: Float64Array
  readBytes: Float64Array
  /** The store that most of it is read from now. */
  readAt: Uint8Array
  /** Index into `placements`. */
  placement: Uint16Array
  placements: readonly Placement[]
  /** For people; groups of one prefix follow each other. */
  prefixOf(group: number): string
  /** The steps of age and size, as cells have them. */
  stepsOf(group: number): { age: number; size: number }
}

/** Old versions of a class's name are its new one: what is not an option of the store stays what it is. */
export function groupsOf(inventory: Inventory, rates: readonly MonthlyRate[]): Groups {
  const cells = inventory.cells.toSorted((a, b) =>
    a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : 0,
  )
  const at = new Map(cells.map((cell, index) => [cell, index]))
  const placements: Placement[] = []
  const numbers = new Map<string, number>()
  const groups = emptyGroups(cells.length)
  for (const [index, cell] of cells.entries()) {
    const name = cell.placement.join('\n')
    const number = numbers.get(name) ?? placements.push(cell.placement) - 1
    numbers.set(name, number)
    groups.objects[index] = cell.objects
    groups.bytes[index] = Math.round(cell.bytes)
    groups.ageDays[index] = Math.floor(cell.ageDays)
    groups.placement[index] = number
  }
  const most = new Float64Array(cells.length)
  for (const { cell, rate, share } of spreadRates({ ...inventory, cells }, rates)) {
    const index = at.get(cell)!
    groups.reads[index]! += (rate.counts.get ?? 0) * share
    groups.readBytes[index]! += rate.sentBytes * share
    const read = rate.sentBytes * share + (rate.counts.get ?? 0) * share
    if (read <= most[index]!) continue
    most[index] = read
    groups.readAt[index] = inventory.stores.indexOf(rate.store)
  }
  roundTogether(groups.reads)
  roundTogether(groups.readBytes)
  return { ...groups, placements, ...namesOf(cells) }
}

/** To whole numbers with the same sum: a few reads of many groups are not nothing. */
function roundTogether(column: Float64Array): void {
  let left = 0
  for (const [index, exact] of column.entries()) {
    if (exact === 0) continue
    const rounded = Math.max(0, Math.round(exact + left))
    left += exact - rounded
    column[index] = rounded
  }
}

function namesOf(cells: readonly Cell[]): Pick<Groups, 'prefixOf' | 'stepsOf'> {
  return {
    prefixOf: (group) => cells[group]!.prefix,
    stepsOf: (group) => ({ age: cells[group]!.age, size: cells[group]!.size }),
  }
}

export function emptyGroups(count: number) {
  return {
    count,
    objects: new Float64Array(count),
    bytes: new Float64Array(count),
    ageDays: new Float32Array(count),
    reads: new Float64Array(count),
    readBytes: new Float64Array(count),
    readAt: new Uint8Array(count),
    placement: new Uint16Array(count),
  }
}

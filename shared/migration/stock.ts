// What an inventory counts: enough to say what moving costs and what will not fit, in bounded memory however many
// objects there are. Two stocks add up to one, so that ranges can be counted side by side.

import { sizeStep } from '#shared/cost/buckets.ts'
import type { ListedObject } from '#shared/storage/contract.ts'

export interface Count {
  objects: number
  bytes: number
}

export interface Example extends Count {
  examples: string[]
}

export interface Stock {
  total: Count
  /** By class at the source and power of two: `STANDARD 13`. */
  sizes: Record<string, Count>
  /** Of classes that charge for leaving early: the days that are missing, `GLACIER 61`. */
  early: Record<string, Count>
  /** In milliseconds since the epoch. */
  oldest?: number | undefined
  newest?: number | undefined
  /** What the destination has under the same keys, as listings tell it, and under others. */
  there: Record<'same' | 'differs' | 'unknown' | 'extra', Count>
  adjusted: Record<string, Example>
  refused: Record<string, Example>
  ways: Record<string, Count & { puts: number; parts: number; gets: number }>
  /** Some objects, whichever they are, to be looked at. */
  sample: { key: string; size: number }[]
}

const EXAMPLES = 3
const SAMPLE = 16

export function newStock(): Stock {
  const none = (): Count => ({ objects: 0, bytes: 0 })
  return {
    total: none(),
    sizes: {},
    early: {},
    there: { same: none(), differs: none(), unknown: none(), extra: none() },
    ...{ adjusted: {}, refused: {}, ways: {}, sample: [] },
  }
}

export function addCount(count: Count, bytes: number, objects = 1): void {
  count.objects += objects
  count.bytes += bytes
}

/** The counter of that name, made when it is first asked for. */
export function countOf(table: Record<string, Count>, name: string): Count {
  return (table[name] ??= { objects: 0, bytes: 0 })
}

export function addExample(
  table: Record<string, Example>,
  what: string,
  object: ListedObject,
): void {
  const found = (table[what] ??= { objects: 0, bytes: 0, examples: [] })
  addCount(found, object.size)
  if (found.examples.length < EXAMPLES) found.examples.push(object.key)
}

/** In its class and size, with its age, and one of the sample as chance has it. */
export function addObject(stock: Stock, object: ListedObject, storageClass: string): void {
  const { size, modified, key } = object
  addCount(stock.total, size)
  addCount(countOf(stock.sizes, `${storageClass} ${sizeStep(size)}`), size)
  const at = modified.getTime()
  stock.oldest = Math.min(stock.oldest ?? at, at)
  stock.newest = Math.max(stock.newest ?? at, at)
  if (stock.sample.length < SAMPLE) stock.sample.push({ key, size })
  else {
    const place = Math.floor(Math.random() * stock.total.objects)
    if (place < SAMPLE) stock.sample[place] = { key, size }
  }
}

export function addStocks(stocks: readonly Stock[]): Stock {
  const sum = newStock()
  for (const stock of stocks) {
    addCount(sum.total, stock.total.bytes, stock.total.objects)
    for (const table of ['sizes', 'early', 'there'] as const) {
      for (const [name, { bytes, objects }] of Object.entries(stock[table])) {
        addCount(countOf(sum[table], name), bytes, objects)
      }
    }
    for (const table of ['adjusted', 'refused'] as const) {
      for (const [what, one] of Object.entries(stock[table])) {
        const found = (sum[table][what] ??= { objects: 0, bytes: 0, examples: [] })
        addCount(found, one.bytes, one.objects)
        found.examples = [...found.examples, ...one.examples].slice(0, EXAMPLES)
      }
    }
    for (const [how, way] of Object.entries(stock.ways)) {
      const found = (sum.ways[how] ??= { objects: 0, bytes: 0, puts: 0, parts: 0, gets: 0 })
      for (const what of ['objects', 'bytes', 'puts', 'parts', 'gets'] as const)
        found[what] += way[what]
    }
    sum.oldest = least(sum.oldest, stock.oldest)
    sum.newest = most(sum.newest, stock.newest)
    sum.sample.push(...stock.sample)
  }
  return sum
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

// A placement's options at given prices, as columns of numbers: what a billed byte, a byte, an object and a read
// add to the horizon's sum. Behind the options that are open come the copies that are there, once more, for
// what it costs to leave them.

import type { Choice } from './options.ts'
import { perOne } from './options.ts'
import type { Rates } from './solve.ts'
import type { Table } from './tables.ts'

export interface Coefficients {
  /** How many options are open; with the copies that are there. */
  length: number
  all: number
  /** How many copies there are. */
  held: number
  store: Uint8Array
  digit: Uint8Array
  stays: Uint8Array
  least: Float64Array
  billed: Float64Array
  bytes: Float64Array
  objects: Float64Array
  watchedFrom: Float64Array
  watched: Float64Array
  readBytes: Float64Array
  reads: Float64Array
  /** Bytes that may be read in a month for each byte stored; below zero: none, not even none. */
  mostRead: Float64Array
  minimumDays: Float64Array
  beside: Float64Array
  early: Float64Array
  /** Sets of stores, one after another: how many, and which. */
  sets: Uint8Array
}

export function coefficientsFor(
  table: Table,
  { stores, options }: Choice,
  rates: Rates,
  months: number,
): Coefficients {
  const { changes, allowed, present } = table
  const isClosed = (store: number) => (rates.closed & (1 << store)) !== 0
  const open = options.filter(({ index, store }) => changes[index] && !isClosed(store))
  const held = present.filter((option) => option != null)
  const both = [...open, ...held]
  const column = (of: (option: (typeof both)[number]) => number) => Float64Array.from(both, of)
  const sets = allowed.masks.filter((mask) => (mask & rates.closed) === 0)
  return {
    ...{ length: open.length, all: both.length, held: held.length },
    store: Uint8Array.from(both, ({ store }) => store),
    digit: Uint8Array.from(
      both,
      ({ index, store }) => index - stores[store]!.options[0]!.index + 1,
    ),
    stays: Uint8Array.from(both, ({ index }) => (changes[index]?.way === 'stay' ? 1 : 0)),
    least: column(({ leastBytes }) => leastBytes),
    billed: column(({ index }) => months * rates.storage[index]!),
    bytes: column(
      ({ index, store }) => (changes[index]?.byteUsd ?? 0) - months * rates.credit[store]!,
    ),
    objects: column(
      ({ index, besideUsd, besideBytes }) =>
        (changes[index]?.objectUsd ?? 0) +
        months * (besideUsd + besideBytes * rates.storage[index]!),
    ),
    watchedFrom: column(({ watchedFrom }) => watchedFrom),
    watched: column(({ watchUsd }) => months * watchUsd),
    readBytes: column(
      ({ store, retrieval }) => months * (rates.egress[store]! + perOne(retrieval)),
    ),
    reads: column(({ index }) => months * rates.get[index]!),
    mostRead: column(({ index, store }) => (allowed.serve[index] ? stores[store]!.mostRead : -1)),
    minimumDays: column(({ minimumDays }) => minimumDays),
    beside: column(({ besideBytes }) => besideBytes),
    early: column(({ earlyByteDayUsd }) => earlyByteDayUsd),
    sets: Uint8Array.from(
      sets.flatMap((mask) => {
        const list = stores.flatMap((_, store) => ((mask & (1 << store)) === 0 ? [] : [store]))
        return [list.length, ...list]
      }),
    ),
  }
}

// Which line of a table holds for a region. Another region's price may stand in for one that is not listed,
// as the catalogue says whose: then the answer carries the flag, and the reader is told.

import type { ProviderPrices } from './catalogue.ts'
import type { Unknown } from './figure.ts'

export interface Place {
  /** The id of a row of `storage/compatibility.ts`. */
  provider: string
  region?: string | undefined
}

export interface Found<Line> {
  line: Line
  /** The region whose line it is. */
  region: string
  /** Why it is not the one asked for. */
  assumed: string | undefined
}

/** Names come from outside: only a table's own lines count. */
export function lineOf<Line>(
  table: Readonly<Record<string, Line>> | undefined,
  name: string | undefined,
): Line | undefined {
  return table && name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined
}

/** Without an `any` in it, a table is asked for the very region first, then for whose price stands in. */
export function findLine<Line>(
  table: Readonly<Record<string, Line>>,
  prices: ProviderPrices,
  { provider, region }: Place,
): Found<Line> | Unknown {
  const exact = lineOf(table, region)
  if (region !== undefined && exact !== undefined)
    return { line: exact, region, assumed: undefined }
  if (table['any'] !== undefined) return { line: table['any'], region: 'any', assumed: undefined }
  const group = region === undefined ? 'anywhere' : groupOf(prices, region)
  const standIn = lineOf(prices.assume, group)
  const line = lineOf(table, standIn)
  if (standIn === undefined || line === undefined) return { reason: nothingFor(provider, region) }
  const asked = region === undefined ? 'no region was named' : `"${region}" is not listed`
  return { line, region: standIn, assumed: `${asked}: the price of ${standIn} stands in` }
}

export function groupOf({ groups = {} }: ProviderPrices, region: string): string | undefined {
  return Object.keys(groups).find((name) => groups[name]?.includes(region))
}

function nothingFor(provider: string, region: string | undefined): string {
  const where = region === undefined ? 'without a region' : `in "${region}"`
  return `No price is known at "${provider}" ${where}; write it into the file of prices.`
}

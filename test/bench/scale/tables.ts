// The tables of the page on scale, as the page holds them.

import type { Prices } from '#shared/prices/prices.ts'
import { WAYS, costsOf } from './money.ts'
import { needsOf, storeNeeds } from './needs.ts'
import { PLATFORMS, STORES } from './platforms.ts'

export const UPLOADS_A_SECOND = 10_000
export const OBJECTS = 1_000_000_000n

export function platformTable(): string {
  const rows = PLATFORMS.map((platform) => {
    const needs = needsOf(platform, UPLOADS_A_SECOND)
    return [
      platform.name,
      number(needs.instanceRate),
      number(needs.instances),
      needs.apiInstances === undefined ? 'not counted' : number(needs.apiInstances),
      number(needs.cores),
      `${number(needs.mostASecond)}: ${needs.firstLimit}`,
      `$${needs.usdPerMillion.toFixed(2)}`,
    ]
  })
  const head = ['platform', 'copies a second, each instance', 'consumers', 'of the API', 'cores']
  return markdown([...head, 'first limit, in uploads a second', 'a million uploads'], rows)
}

export function storeTable(): string {
  const rows = STORES.flatMap((store) =>
    (['primary', 'replica'] as const).map((role) => {
      const { writes, reads, units } = storeNeeds(store, role, UPLOADS_A_SECOND)
      const needed = units === undefined ? 'not known' : `${units} ×`
      return [store.name, role, number(writes), number(reads), needed, store.of]
    }),
  )
  return markdown(
    ['store', 'as', 'writes a second', 'reads a second', 'its limit', 'of each'],
    rows,
  )
}

export function moneyTable(prices: Prices): string {
  const rows = WAYS.map((way) => {
    const { uploads, get, put, egress, lists } = costsOf(prices, way, OBJECTS)
    return [`${way.from.name} → ${way.to.name}`, uploads, get, put, egress, lists]
  })
  return markdown(
    ['way', 'uploads', 'GETs', 'PUTs', 'bytes on their way', 'one comparison of all lists'],
    rows,
  )
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

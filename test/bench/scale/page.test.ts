// The page on scale holds what the arithmetic gives, and nothing that has changed since.

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openToday } from '../../prices/open.ts'
import { needsOf, storeNeeds } from './needs.ts'
import { PLATFORMS, STORES } from './platforms.ts'
import { moneyTable, platformTable, storeTable } from './tables.ts'

const PAGE = new URL('../../../shared/replication/scale.md', import.meta.url)

test('the page on scale holds the tables that `npm run bench -- scale` prints', async () => {
  const page = await readFile(PAGE, 'utf8')
  for (const table of [platformTable(), storeTable(), moneyTable(await openToday())]) {
    expect(page).toContain(table)
  }
})

test('every limit and price names its source', async () => {
  const page = await readFile(PAGE, 'utf8')
  const sources = [
    ...PLATFORMS.flatMap(({ sources: all }) => all),
    ...STORES.map(({ source }) => source),
  ]
  expect(sources.filter((source) => !page.includes(source))).toEqual([])
})

test('twice the uploads need twice of everything, and the first limit stays where it is', () => {
  for (const platform of PLATFORMS) {
    const [once, twice] = [needsOf(platform, 10_000), needsOf(platform, 20_000)]
    expect(twice.cores).toBeCloseTo(2 * once.cores)
    expect(Math.abs(twice.instances - 2 * once.instances)).toBeLessThanOrEqual(1)
    expect(twice.mostASecond).toBe(once.mostASecond)
    expect(twice.usdPerMillion).toBe(once.usdPerMillion)
  }
  const s3 = STORES[0]!
  expect(storeNeeds(s3, 'replica', 3500).units).toBe(1)
  expect(storeNeeds(s3, 'replica', 3501).units).toBe(2)
})

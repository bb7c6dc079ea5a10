// Prints what the page on scale works out, from the figures that were measured: nothing runs, and nothing is checked.

import { openPrices } from '#shared/prices/prices.ts'
import type { Outcome } from '../report.ts'
import { round } from '../report.ts'
import { needsOf } from './needs.ts'
import { PLATFORMS } from './platforms.ts'
import { UPLOADS_A_SECOND, moneyTable, platformTable, storeTable } from './tables.ts'

export async function scale(tell: (line: string) => void): Promise<Outcome> {
  const prices = await openPrices({ now: Date.now })
  for (const table of [platformTable(), storeTable(), moneyTable(prices)]) tell(`${table}\n`)
  const results = PLATFORMS.map((platform) => {
    const {
      firstLimit,
      apiInstances = 'not counted',
      ...needs
    } = needsOf(platform, UPLOADS_A_SECOND)
    const rounded = Object.entries(needs).map(([name, value]) => [name, round(value)])
    return { platform: platform.name, ...Object.fromEntries(rounded), apiInstances, firstLimit }
  })
  return { checks: [], results }
}

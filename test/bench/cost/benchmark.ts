// Advice for a million groups in seven stores and all their classes, an inventory of a million objects in two
// stores, and how far advice is from the best there is, which is found by trying everything on small cases.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { advise } from '#shared/cost/advice/advise.ts'
import { compareMoney, plus, shortfall, times } from '#shared/prices/money.ts'
import { asNumber } from '#shared/cost/advice/totals.ts'
import { bruteForce } from '../../cost/brute-force.ts'
import { randomCase } from '../../cost/advice-cases.ts'
import { randomFrom } from '../../seeds.ts'
import type { Benchmark } from '../report.ts'
import { atMost, round } from '../report.ts'

const MILLION = 1_000_000
const CASES = 120
const SEED = 7

interface Measured extends Record<string, number | string> {
  seconds: number
  rssMb: number
}

export const cost: Benchmark = async (tell) => {
  tell('advice for a million groups')
  const advised = await measure('advise', MILLION)
  tell('an inventory of a million objects')
  const listed = await measure('inventory', MILLION)
  const plain = await measure('inventory-plain', MILLION)
  tell(`${CASES} small cases against every assignment there is`)
  const { gap, assignments } = largestGap()
  return {
    checks: [
      atMost('advise_1m_seconds', advised.seconds, 60),
      atMost('advise_rss_mb', advised.rssMb, 512),
      atMost('inventory_1m_rss_mb', listed.rssMb, 256),
      atMost('optimum_gap_percent', gap, 0),
    ],
    results: [
      { what: 'advise', ...rounded(advised) },
      { what: 'inventory, as `skein cost` takes it', ...rounded(listed) },
      { what: 'inventory, in a Node without any setting', ...rounded(plain) },
      { what: 'small cases', cases: CASES, assignments, gapPercent: gap },
    ],
  }
}

const run = promisify(execFile)

async function measure(what: string, count: number): Promise<Measured> {
  const script = fileURLToPath(new URL('measured.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [script, what, String(count)])
  return JSON.parse(stdout) as Measured
}

function rounded(measured: Measured): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(measured).map(([name, value]) => {
      return [name, typeof value === 'number' ? round(value) : value]
    }),
  )
}

/** In percent of the best; what was advised, or what it claimed of itself, whichever is more. */
function largestGap(): { gap: number; assignments: number } {
  const random = randomFrom(SEED)
  let gap = 0
  let assignments = 0
  for (let at = 0; at < CASES; at++) {
    const input = randomCase(random, 1 + (at % 3))
    const { best, count } = bruteForce(input)
    const advice = advise(input)
    const found = plus(times(advice.monthAfter, advice.months), advice.once)
    const excess = compareMoney(found, best) > 0 ? asNumber(shortfall(found, best)) : 0
    gap = Math.max(gap, (excess / Math.max(asNumber(best), 1e-12)) * 100, advice.gapPercent)
    assignments += count
  }
  return { gap, assignments }
}

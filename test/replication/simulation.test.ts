// Seeded runs of a simulated cloud. SKEIN_SEEDS says how many, SKEIN_SEED where to begin: a run that fails
// names its seed, and that seed alone replays it.

import { expect, test } from 'vitest'
import { simulate } from './simulation/simulate.ts'

const runs = Number(process.env['SKEIN_SEEDS'] ?? 200)
const first = Number(process.env['SKEIN_SEED'] ?? 1)

test(`replicas equal the primary after ${runs} storms`, { timeout: 600_000 }, async () => {
  for (let seed = first; seed < first + runs; seed++) {
    expect(await simulate(seed), `again with SKEIN_SEED=${seed} SKEIN_SEEDS=1`).toEqual([])
  }
})

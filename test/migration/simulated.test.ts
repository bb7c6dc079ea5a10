// Migrations between places in bad weather, and back. SKEIN_SEEDS says how many, SKEIN_SEED where to begin: a run that
// fails names its seed, and that seed alone replays it.

import { expect, test } from 'vitest'
import { simulateMigration } from './simulation.ts'

const runs = Number(process.env['SKEIN_SEEDS'] ?? 200)
const first = Number(process.env['SKEIN_SEED'] ?? 1)

test(
  `nothing is lost over ${runs} migrations and their way back`,
  { timeout: 600_000 },
  async () => {
    for (let seed = first; seed < first + runs; seed++) {
      const problems = await simulateMigration(seed)
      expect(problems, `again with SKEIN_SEED=${seed} SKEIN_SEEDS=1`).toEqual([])
    }
  },
)

// Migrations between places in bad weather, and back. A quarter of SKEIN_SEEDS, from SKEIN_SEED on: a run that
// fails names its seed, and that seed alone replays it.

import { expect, test } from 'vitest'
import { simulateMigration } from './simulation.ts'

/** Each is a whole migration, and takes longer than what others do so often. */
const runs = Math.ceil(Number(process.env['SKEIN_SEEDS'] ?? 200) / 4)
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

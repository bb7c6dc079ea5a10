// A whole workspace moves in the simulated cloud, to and fro, while clients write and delete, and processes die: nothing
// that was acknowledged is lost, and nothing that was deleted comes back. Half as many runs as
// SKEIN_SEEDS says, from SKEIN_SEED on: a run that fails names its seed, and that seed alone replays it.

import { expect, test } from 'vitest'
import { simulate } from '../replication/simulation/simulate.ts'

const runs = Math.ceil(Number(process.env['SKEIN_SEEDS'] ?? 200) / 2)
const first = Number(process.env['SKEIN_SEED'] ?? 1)

test(`nothing is lost over ${runs} moves of a workspace`, { timeout: 600_000 }, async () => {
  for (let seed = first; seed < first + runs; seed++) {
    const problems = await simulate(seed, { migrates: true })
    expect(problems, `again with SKEIN_SEED=${seed} SKEIN_SEEDS=1`).toEqual([])
  }
})

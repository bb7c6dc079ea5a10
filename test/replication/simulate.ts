// `npm run simulate -- --seeds 10000 [--seed 1]`: seeded runs of the simulated cloud. A seed that fails is told
// with what was wrong, and `--seed N --seeds 1` runs it again just so.

import { parseArgs } from 'node:util'
import { simulate } from './simulation/simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
})

const first = Number(values.seed)
const end = first + Number(values.seeds)
const began = performance.now()
let failed = 0
for (let seed = first; seed < end; seed++) {
  const problems = await simulate(seed).catch((error: unknown) => [String(error)])
  if (problems.length === 0) continue
  failed += 1
  console.log(`seed ${seed}: ${problems.join('; ')}`)
}
const seconds = Math.round((performance.now() - began) / 1000)
console.log(`${end - first - failed} passed, ${failed} failed, in ${seconds} seconds`)
// What a dead process was waiting for would keep this one alive.
process.exit(failed > 0 ? 1 : 0)

// How property tests are run: so many times as SKEIN_SEEDS says (200 unless it does), from a seed that is
// printed, so that SKEIN_SEED runs the same again.

const runs = Number(process.env['SKEIN_SEEDS'] ?? 200)
const seed = Number(process.env['SKEIN_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
let said = false

export function seeded(): { numRuns: number; seed: number } {
  if (!said)
    console.log(`seed ${seed}, ${runs} runs of each property; again with SKEIN_SEED=${seed}`)
  said = true
  return { numRuns: runs, seed }
}

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

/** Numbers from 0 up to 1, the same ones for the same seed. */
export function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

// How objects are told apart where millions of them are one line: by age in steps at which minimum durations
// and lifecycle rules fall, and by size in powers of two, so that no line mixes objects on both sides of a
// provider's minimum (4 KiB, 128 KiB).

/** In days; an object is in the last step that it has reached. */
export const AGE_STEPS = [0, 30, 60, 90, 180, 365, 730] as const

const MAX_SIZE_STEP = 53

export function ageStep(days: number): number {
  let step = 0
  while (step + 1 < AGE_STEPS.length && days >= AGE_STEPS[step + 1]!) step++
  return step
}

/** 0: empty; n: from 2ⁿ⁻¹ bytes up to, but not including, 2ⁿ. */
export function sizeStep(bytes: number): number {
  if (bytes < 1) return 0
  const step = Math.floor(Math.log2(bytes))
  // A logarithm may be off by one just below a power.
  const exact = 2 ** step > bytes ? step - 1 : 2 ** (step + 1) <= bytes ? step + 1 : step
  return Math.min(exact + 1, MAX_SIZE_STEP)
}

/** The smallest object of a step. */
export function leastBytes(step: number): number {
  return step === 0 ? 0 : 2 ** (step - 1)
}

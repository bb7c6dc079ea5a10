// Chance that can be had again: every case is made from the seed and its own number alone.

export interface Chance {
  /** From 0 up to and without `end`. */
  below(end: number): number
  /** True once in so many times. */
  oneIn(many: number): boolean
  pick<T>(from: readonly T[]): T
  /** Any bytes, as latin1 text. */
  bytes(length: number): string
}

export function chanceOf(seed: number, number: number): Chance {
  const next = mulberry32(seed ^ Math.imul(number + 1, 0x9e3779b1))
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    oneIn: (many) => below(many) === 0,
    pick(from) {
      if (from.length === 0) throw new Error('There is nothing to pick from.')
      return from[below(from.length)]!
    },
    bytes: (length) => Array.from({ length }, () => String.fromCharCode(below(256))).join(''),
  }
}

/** Tommy Ettinger's generator, in the public domain: 32 bits of state, even enough to choose by. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

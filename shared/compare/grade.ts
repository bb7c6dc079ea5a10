// How it is known that two objects hold the same bytes, best first. `size` alone is never a match.

export const GRADES = ['bytes', 'attested', 'declared', 'recorded', 'size'] as const

/**
 * `bytes`: read and hashed on both sides now. `attested`: read on one side and matched to a digest that the
 * other side's provider holds or has checked. `declared`: digests that both providers hold, compared
 * without reading. `recorded`: Skein's own record of what it wrote.
 */
export type Grade = (typeof GRADES)[number]

/** The weaker of two: a whole is known no better than its weakest part. */
export function weaker(a: Grade, b: Grade): Grade {
  return GRADES.indexOf(a) > GRADES.indexOf(b) ? a : b
}

// What a sweep can find, and what each of it means to whoever has to act.

import type { Grade } from '#shared/compare/grade.ts'

export type FindingKind =
  /** The primary has it, and a replica that should does not. */
  | 'missing'
  /** A replica has it, the primary does not, and nothing says that it was deleted. */
  | 'extra'
  /** A right copy of an older version. */
  | 'stale'
  /** Bytes that are not those that were written. */
  | 'corrupt'
  /** Two contents of which nobody can say which one is right. */
  | 'differs'
  | 'unreadable'
  /** The bytes are right, what lies beside them is not. */
  | 'metadata'
  /** Refused or given way, and kept under `.skein/`. */
  | 'quarantined'
  /** Parts that somebody began to send and never ended: they cost, and nobody sees them. */
  | 'unfinished-upload'
  /** It could not be known, and why. */
  | 'unchecked'

export interface Finding {
  kind: FindingKind
  key: string
  /** Where it is wrong. */
  store: string
  /** How it is known. */
  grade?: Grade | undefined
  /** That it is this side: by the word of the other two alone. */
  by?: 'majority' | undefined
  /** One sentence. */
  reason: string
  /** Of what lies there. */
  size?: number | undefined
  /** Stores that hold what should be there, and how that is known has been proven. */
  right?: readonly string[] | undefined
}

export const FINDING_KINDS: readonly FindingKind[] = [
  ...(['corrupt', 'missing', 'differs', 'unreadable', 'stale', 'extra'] as const),
  ...(['metadata', 'quarantined', 'unfinished-upload', 'unchecked'] as const),
]

/** Each of these is one copy less than there should be. */
export const LOST: ReadonlySet<FindingKind> = new Set([
  ...(['corrupt', 'missing', 'differs', 'unreadable', 'stale'] as const),
])

/** What a copy from another store can mend. What cannot be read may be right, and its credentials wrong. */
export const MENDABLE: ReadonlySet<FindingKind> = new Set([
  ...(['corrupt', 'missing', 'stale', 'metadata'] as const),
])

/** For `unchecked`: no sign of anything wrong. `quarantined`, `unfinished-upload`: somebody's leftovers. */
export const HARMLESS: ReadonlySet<FindingKind> = new Set([
  ...(['quarantined', 'unfinished-upload', 'unchecked'] as const),
])

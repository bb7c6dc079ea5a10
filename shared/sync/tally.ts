// What a run has done, counted, and what went wrong: all of it told as it happens, and the first of it kept.

import type { PairState } from '#shared/compare/pair.ts'

export interface Action {
  what: 'copy' | 'delete'
  key: string
  bytes: number
  why: PairState
}

export interface Problem {
  key: string | undefined
  problem: string
}

export interface Tally {
  /** Objects that were the same, by what was recorded of them. */
  same: number
  /** And those that were compared to know it. */
  compared: number
  copied: number
  copiedBytes: number
  resumedBytes: number
  deleted: number
  /** At the destination alone, and left there. */
  extra: number
  /** Of those, the ones that were to be deleted, and for a reason were not. */
  notDeleted: number
  /** Not selected. */
  skipped: number
  failed: number
  /** Of those to be copied, as far as is known. */
  planned: number
  plannedBytes: number
  movedBytes: number
}

export function newTally(): Tally {
  return {
    ...{ same: 0, compared: 0, copied: 0, copiedBytes: 0, resumedBytes: 0, deleted: 0, extra: 0 },
    ...{ notDeleted: 0, skipped: 0, failed: 0, planned: 0, plannedBytes: 0, movedBytes: 0 },
  }
}

/** Told as it happens. */
export interface Watch {
  /** Done, or with a dry run: would be. */
  did(action: Action): void
  problem(problem: Problem): void
  /** Something did not go as it could, and yet all is well. */
  remark(text: string): void
  progress(tally: Tally): void
}

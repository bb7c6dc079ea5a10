// What a migration would do, and for how much: made from an inventory before anything is written, kept with the job,
// written to a file for whoever reviews it, and what `start` holds itself to.

import type { MigrateInput } from './input.ts'

/** Each with the price it rests on, and the day and source of that. */
export interface CostLine {
  what: string
  /** Dollars, exact to six digits; null where a price is not known. */
  usd: string | null
  /** Why it is not known, or what the reader should know. */
  note?: string | undefined
  prices: readonly { unit: string; usd: string; from: string; asOf: string | undefined }[]
}

/** What would happen to one object. */
export interface Would {
  key: string
  would: 'copy' | 'replace' | 'keep' | 'compare' | 'nothing' | 'refuse'
  bytes: number
}

export interface Group {
  name: string
  objects: number
  bytes: number
}

export interface MigrationPlan {
  v: 1
  job: string
  workspace: string
  made: string
  input: MigrateInput
  from: string
  to: string
  inventory: {
    objects: number
    bytes: number
    /** By powers of ten, and by class. */
    sizes: readonly Group[]
    classes: readonly Group[]
    oldest: string | undefined
    newest: string | undefined
  }
  /** What is there already: the same, something else under a key of the source, and what only the destination has. */
  destination: { same: Group; differs: Group; unknown: Group; extra: Group }
  /** What cannot be held as it is, and what will be done about it; with examples. */
  adjustments: readonly {
    what: string
    does: string
    /** Undefined where only some were looked at. */
    objects: number | undefined
    examples: readonly string[]
  }[]
  /** Objects that cannot be moved at all. */
  refused: readonly { why: string; objects: number; bytes: number; examples: readonly string[] }[]
  /** `provider`, `pull`, `whole`, `parts`. */
  ways: readonly { how: string; why: string; objects: number; bytes: number }[]
  time: { seconds: number | undefined; by: string }
  once: readonly CostLine[]
  monthly: { before: readonly CostLine[]; after: readonly CostLine[] }
  /** Whether the writes of a workspace can be switched over in the end. */
  switches: boolean
  totals: { onceUsd: string; beforeUsd: string; afterUsd: string; unknown: number }
  /** Of a dry run: the first of what would happen to each object. */
  would?: { objects: readonly Would[]; leftOut: number } | undefined
  /** One sentence. */
  says: string
}

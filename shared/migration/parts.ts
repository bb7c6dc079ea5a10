// How a migration's phases are cut, and where their steps go on.

import type { KeyRange } from '#shared/compare/listing.ts'

/** A range of keys; pages of the journal, by their names; or what is done in one go. */
export type MigratePart = { range: KeyRange } | { pages: readonly string[] } | { once: true }

/** `after`: the last key, or page, that is through. `kept`: what a phase has gathered so far. */
export interface Cursor {
  after?: string | undefined
  kept?: unknown
}

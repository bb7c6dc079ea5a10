// What a run is asked to do, and what it holds while it does it.

import type { Place } from '#shared/compare/listing.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Lanes } from './lanes.ts'
import type { Selection } from './selection.ts'
import type { Tally, Watch } from './tally.ts'

export interface SyncJob {
  from: Place
  to: Place
  selection: Selection
  /** Objects that are copied at once, and compared at once. */
  transfers: number
  checkers: number
  dryRun: boolean
  /** Deletes what only the destination has; `max` replaces the usual limit. */
  deletes?: { max: number | undefined } | undefined
  through?: 'here' | undefined
  /** Where what is found out is kept; absent: nowhere. */
  records?: Store | undefined
  now: () => number
  signal: AbortSignal
}

export interface SyncRun {
  job: SyncJob
  tally: Tally
  watch: Watch
  transfers: Lanes
  checkers: Lanes
  /** Ends all that is under way, when the run itself fails. */
  stop: AbortController
  /** The job's, or the end of the run. */
  signal: AbortSignal
}

// What is asked about one key at one replica, and what can become of it.

import type { Copied } from '#shared/copy/job.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Selection } from './rules.ts'

export interface Change {
  key: string
  /** Where the truth is, and the store that is to agree with it. */
  from: Store
  to: Store
  /** Absent: whatever it is. */
  only?: Selection | undefined
  size?: number | undefined
  /** Nothing is expected at the replica: a small object is offered without looking. */
  fresh?: boolean | undefined
  /** Somebody saw it deleted, at this time of the store's clock. */
  deletedAt?: number | undefined
  /** The deletion need not wait, or not for a person's word. */
  due?: boolean | undefined
  confirmed?: boolean | undefined
  mayGoOn?: (() => boolean) | undefined
  signal?: AbortSignal | undefined
}

export type FindingKind = 'bare-absence' | 'foreign'

export type Agreement =
  /** Nothing had to be done. */
  | { became: 'same' | 'absent' | 'unwanted' | 'kept' | 'postponed' }
  | { became: 'copied'; copied: Copied }
  | { became: 'deleted' }
  /** Something new is at the truth, under these keys: the other stores are to follow. */
  | { became: 'taken-over'; keys: string[] }
  /** For a person to decide. */
  | { became: 'found'; finding: FindingKind; reason: string }

/** Undefined when what was seen had moved on, so that all must be looked at anew. */
export type Round = Agreement | undefined

// What is asked about one key at one replica, and what can become of it.

import type { Copied, CopyJob } from '#shared/copy/job.ts'
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
  /** The same at the store that is to agree, which was the truth before. */
  deletedThereAt?: number | undefined
  /** The second look after a deletion. */
  again?: boolean | undefined
  /** The deletion need not wait, or not for a person's word. */
  due?: boolean | undefined
  confirmed?: boolean | undefined
  mayGoOn?: (() => boolean) | undefined
  /** Where others can be asked to bring over a part of it. */
  share?: CopyJob['share']
  signal?: AbortSignal | undefined
}

export type FindingKind = 'bare-absence' | 'foreign'

export type Agreement =
  /** Nothing had to be done. */
  | { became: 'same' | 'absent' | 'unwanted' | 'kept' | 'postponed' }
  | { became: 'copied'; copied: Copied }
  | { became: 'deleted' }
  /** Something new is at the truth, under these keys, or is gone from there: the other stores are to follow. */
  | { became: 'taken-over'; keys: string[]; deletedAt?: number | undefined }
  /** For a person to decide. */
  | { became: 'found'; finding: FindingKind; reason: string }

/** Undefined when what was seen had moved on, so that all must be looked at anew. */
export type Round = Agreement | undefined

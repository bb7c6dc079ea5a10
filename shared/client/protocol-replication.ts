// What is said over HTTP of the copies of a workspace: what is late, what is done about it, and where the truth is.

/** What is not yet where it should be. */
export interface ReplicationStatus {
  workspace: string
  mode: 'after' | 'sync' | 'manual'
  primary: string
  /** Of a workspace whose writes may fail over. */
  failover?: FailoverStatus | undefined
  replicas: {
    store: string
    /** The age of the oldest change that is known not to be there; 0 where none is. */
    lagSeconds: number
    oldestChange?: string | undefined
    /** Changes that failed at least twice and are tried again. */
    late: number
    /** Changes that nobody tries again until they are replayed. */
    setAside: number
    /** For a person to decide. */
    findings: number
    /** There are more of them than these figures tell. */
    atLeast?: true | undefined
    /** How long Skein's own object took the last time it arrived, and when that was. */
    canarySeconds?: number | undefined
    canaryArrivedAt?: string | undefined
  }[]
  /** Deletions that wait for a person, since there were suddenly too many. */
  heldDeletes: number
  problems: ReplicationProblem[]
}

/** Writes go to that replica from now on. */
export interface FailoverRequest {
  to: string
  reason?: string | undefined
}

/** They go back to the primary once it holds all that was written meanwhile. */
export interface FailbackRequest {
  reason?: string | undefined
}

/** Where the truth of a workspace is, and how it came there. */
export interface FailoverStatus {
  /** One more with every change. */
  epoch: number
  /** The store that takes the writes, and that the others follow. */
  acting: string
  /**
   * `returning`: the primary is brought up to date, and the acting store goes on. `draining`: the primary takes the
   * writes again, and what URLs of before still bring elsewhere is taken over.
   */
  mode: 'normal' | 'failed-over' | 'returning' | 'draining'
  /** Stores that were the truth, and may hold changes that have not been taken over. */
  behind: {
    store: string
    since: string
    lateWritesUntil: string
    comparedAt?: string | undefined
  }[]
  /** The newest first. */
  changes: {
    epoch: number
    what: 'failed-over' | 'returning' | 'failed-back' | 'settled'
    from: string
    to: string
    at: string
    by: string
    reason?: string | undefined
  }[]
}

/** `bare-absence`: gone from the primary without a sign of a deletion. `foreign`: Skein did not put it there. */
export interface ReplicationProblem {
  kind: 'late' | 'set-aside' | 'bare-absence' | 'foreign'
  store: string
  key: string
  since: string
  reason: string
  attempts?: number | undefined
}

/** Which changes to send on their way again; absent fields: all that were set aside or found. */
export interface ReplayRequest {
  store?: string | undefined
  key?: string | undefined
  /** Allow the deletions that wait for a person, too. */
  deletes?: boolean | undefined
}

export interface ReplayResponse {
  replayed: number
  deletes: number
  /** Ask again for the rest. */
  more: boolean
}

export interface ResyncRequest {
  /** Absent: everything. */
  prefix?: string | undefined
  /** Look at every object, not only at those whose listings differ. */
  thorough?: boolean | undefined
}

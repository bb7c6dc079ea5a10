// What is said over HTTP between Skein and whoever uses it: the public request and response types. The API
// checks its schemas against them, so they cannot tell different stories. Times are ISO 8601 in UTC,
// digests base64 of the big-endian bytes, sizes bytes.

export type * from './protocol-replication.ts'

export type ChecksumAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'md5' | 'sha1' | 'sha256'

export interface Checksum {
  algorithm: ChecksumAlgorithm
  value: string
}

/** How the bytes travel: one PUT, a browser's form, parts in any order, or one resumable session. */
export type UploadMethod = 'put' | 'form' | 'parts' | 'resumable'

export interface UploadRequest {
  key: string
  /** Absent only where a form takes any size that the workspace allows. */
  size?: number | undefined
  contentType?: string | undefined
  contentEncoding?: string | undefined
  contentDisposition?: string | undefined
  contentLanguage?: string | undefined
  cacheControl?: string | undefined
  /** Of the whole object. */
  checksum?: Checksum | undefined
  metadata?: Record<string, string> | undefined
  storageClass?: string | undefined
  /** Fail when the key is taken. */
  ifAbsent?: boolean | undefined
  expiresInSeconds?: number | undefined
  /** Chosen by provider and size when absent. */
  method?: UploadMethod | undefined
}

/** `signed`: the provider refuses what differs. `verified`: completion does. `open`: nothing was asked. */
export type Enforcement = 'signed' | 'verified' | 'open'

/** A request that needs no credentials; its headers must be sent as they are. */
export interface SignedRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  /** A form's fields; the file goes last, as `file`. */
  fields?: Record<string, string> | undefined
}

export interface PartRequest extends SignedRequest {
  partNumber: number
  /** First byte of the part in the object, and how many there are; both 0 where the sender cuts. */
  offset: number
  size: number
}

export interface UploadPlan {
  /** Sealed: whoever holds it can resume, complete or abort this upload, and nothing else. */
  id: string
  key: string
  store: string
  method: UploadMethod
  /** For `put` and `form` the whole upload; for `resumable` the request that begins the session. */
  request?: SignedRequest | undefined
  /**
   * For `parts`: how the object is cut, and the first requests; size and count are 0 where no size was given and the
   * sender cuts. A batch leaves these to the first `parts` call.
   */
  parts?: { size: number; count: number; requests: PartRequest[] } | undefined
  /** The object appears at its key with completion, not before. */
  staged: boolean
  enforced: Record<'size' | 'type' | 'checksum' | 'overwrite', Enforcement>
  expiresAt: string
  /** The credential behind the signatures may end sooner than can be known. */
  expiresAtMost?: true | undefined
}

export interface BatchRequest {
  uploads: UploadRequest[]
}

/** In the order asked; one that was refused does not hold up the others. */
export interface BatchPlan {
  uploads: ({ plan: UploadPlan } | { problem: Problem })[]
}

export interface PartsRequest {
  /** The numbers wanted, at most 100; absent: from the first that has not arrived. */
  partNumbers?: number[] | undefined
  expiresInSeconds?: number | undefined
  /** Digests to put under the signatures, by part number. */
  checksums?: Record<string, Checksum> | undefined
}

export interface PartsPlan {
  /** Use it from now on: the first `parts` call of a batched upload begins it. */
  id: string
  parts: { size: number; count: number; requests: PartRequest[] }
  expiresAt: string
  expiresAtMost?: true | undefined
}

export interface ArrivedPart {
  partNumber: number
  size: number
  etag?: string | undefined
  checksum?: Checksum | undefined
}

export interface UploadState {
  id: string
  key: string
  store: string
  method: UploadMethod
  /** `unbegun` a batched upload without parts yet; `gone` aborted, swept or refused. */
  state: 'open' | 'unbegun' | 'completed' | 'gone'
  /** For `parts`: what has arrived. */
  parts?: { size: number; count: number; arrived: ArrivedPart[] } | undefined
  object?: CompletedObject | undefined
  expiresAt: string
}

export interface CompleteRequest {
  /** What the client sent; each is compared with what arrived. Absent: what arrived is taken. */
  parts?: { partNumber: number; etag?: string | undefined; size?: number | undefined }[] | undefined
}

/** The identity that was accepted, and how it is known. */
export interface CompletedObject {
  key: string
  store: string
  size: number
  etag: string
  version?: string | undefined
  contentType?: string | undefined
  checksum?: Checksum | undefined
  completedAt: string
}

export interface UnfinishedUploads {
  uploads: { key: string; store: string; begun?: string | undefined; id?: string | undefined }[]
  cursor?: string | undefined
}

/** Where a download comes from: a rule, or the name of a store. */
export type DownloadSource = 'primary' | 'fastest' | 'cheapest' | 'balanced' | (string & {})

export interface DownloadRequest {
  key: string
  from?: DownloadSource | undefined
  expiresInSeconds?: number | undefined
  /** `attachment`, `inline`, or a whole Content-Disposition. */
  disposition?: string | undefined
  /** The name that a browser saves it under. */
  filename?: string | undefined
  contentType?: string | undefined
  range?: { first: number; last: number } | undefined
  version?: string | undefined
  /** Look first: the answer names only stores that hold it, and says which version. */
  verify?: boolean | undefined
}

export interface Download {
  key: string
  store: string
  request: SignedRequest
  expiresAt?: string | undefined
  expiresAtMost?: true | undefined
  /** A copy that was not looked at may be older than the primary's. */
  maybeStale: boolean
  /** Why this store. */
  because: string
  /** The others that may hold it, in the order to try. */
  fallbacks: { store: string; request: SignedRequest; expiresAt?: string | undefined }[]
  object?: { size: number; etag: string; modified: string } | undefined
}

export interface StoreCopy {
  store: string
  role: 'primary' | 'replica'
  state: 'present' | 'absent' | 'unknown'
  size?: number | undefined
  etag?: string | undefined
  modified?: string | undefined
  storageClass?: string | undefined
  /** Of a replica, beside the primary's: the same, an earlier one of Skein's, or nothing of Skein's. */
  copy?: 'current' | 'older' | 'foreign' | undefined
  /** Why it is unknown. */
  problem?: string | undefined
}

export interface ListedObject {
  key: string
  size: number
  modified: string
  /** What each store holds, where the listing asked them all. */
  stores?: StoreCopy[] | undefined
}

export interface ObjectList {
  objects: ListedObject[]
  prefixes: string[]
  cursor?: string | undefined
  /** Stores that could not be asked: their copies are `unknown`. */
  unreachable?: string[] | undefined
}

export interface ObjectDescription {
  key: string
  size: number
  contentType?: string | undefined
  contentEncoding?: string | undefined
  contentDisposition?: string | undefined
  contentLanguage?: string | undefined
  cacheControl?: string | undefined
  metadata: Record<string, string>
  checksums: Partial<Record<ChecksumAlgorithm, string>>
  modified: string
  stores: StoreCopy[]
}

export interface DeleteResponse {
  key: string
  stores: { store: string; deleted: boolean; problem?: string | undefined }[]
}

export interface CopyRequest {
  from: string
  to: string
  ifAbsent?: boolean | undefined
}

export interface CopyResponse {
  key: string
  store: string
  size: number
  etag: string
  version?: string | undefined
  /** How `ifAbsent` held: by the provider's own condition, or by a look before the copy. */
  overwrite: Enforcement
}

export interface StoreStatus {
  store: string
  role: 'primary' | 'replica'
  provider: string
  state: 'up' | 'down' | 'circuit-open'
  milliseconds?: number | undefined
  problem?: string | undefined
}

export interface WorkspaceStatus {
  workspace: string
  /** The worst of its issues. */
  state: 'healthy' | 'degraded' | 'critical'
  stores: StoreStatus[]
  issues: StatusIssue[]
  /** What the last sweeps over its copies have found. */
  sweeps: { quick?: SweepSummary | undefined; deep?: SweepSummary | undefined }
}

export interface StatusIssue {
  severity: 'info' | 'warning' | 'critical'
  store?: string | undefined
  what: string
  /** What to do about it. */
  action: string
}

export interface SweepSummary {
  job: string
  ended: string
  state: 'healthy' | 'degraded' | 'critical'
  says: string
  coverage: {
    days: number
    /** Objects whose bytes were read within so many days, longer ago, and never since Skein knows them. */
    inTime: number
    late: number
    never: number
    sharePercent: number
    oldest?: { key: string; since: string; never: boolean } | undefined
  }
}

export interface WorkspaceStats {
  workspace: string
  stores: {
    store: string
    objects: number
    bytes: number
    /** False when the listing stopped at its bound: the figures are at least these. */
    complete: boolean
    problem?: string | undefined
  }[]
}

/** Long work. What `options` may hold is the kind's own. */
export interface JobRequest {
  kind: string
  options?: Record<string, unknown> | undefined
}

/** `ready`: it waits for a command. `paused`: it goes on when it is resumed; `why` says what stopped it. */
export type JobState = 'running' | 'paused' | 'ready' | 'done' | 'cancelled'

export interface JobSummary {
  id: string
  kind: string
  state: JobState
  why?: string | undefined
  created: string
  changed: string
  by?: string | undefined
}

export interface Job extends JobSummary {
  options: unknown
  /** In order, the present one last; each with how many of its parts are through. */
  phases: { name: string; parts: number; ended: number; began: string }[]
  /** Counts by name, over all phases. */
  tally: Record<string, number>
  /** Of the present phase: its counts, and the last key that is known to be through, of some part. */
  progress?: { phase: string; tally: Record<string, number>; at?: string | undefined } | undefined
  result?: unknown
}

export interface JobList {
  jobs: JobSummary[]
}

/** For a page that uploads with Uppy. */
export interface UppyRequest {
  /** An hour when absent; a week at most. */
  expiresInSeconds?: number | undefined
  /** All keys shall begin so; absent: as the caller's do. */
  prefix?: string | undefined
}

/** Whoever holds the URL may upload until then, and nothing else. */
export interface UppyEndpoint {
  endpoint: string
  expiresAt: string
}

/** RFC 9457. `type` is stable, one for each kind of error; `errors` point into the request. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  store?: string | undefined
  key?: string | undefined
  /** The rule of the workspace that refused. */
  rule?: string | undefined
  errors?: { pointer: string; detail: string }[] | undefined
}

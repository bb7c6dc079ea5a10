// Uploads of one workspace: planned, cut into parts, resumed, completed, aborted and swept. There is no
// session anywhere: an upload's id is a sealed token that holds all there is to know of it.

import type { Principal } from '#shared/access/principal.ts'
import type {
  CompleteRequest,
  CompletedObject,
  CopyRequest,
  PartsPlan,
  PartsRequest,
  UnfinishedUploads,
  UploadPlan,
  UploadRequest,
  UploadState,
} from '#shared/client/protocol.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import type { UploadRules } from './rules.ts'
import type { Seal } from '#shared/seal.ts'

export interface UploadsOptions {
  workspace: Workspace
  rules: UploadRules
  seal: Seal
  /** Where acceptances are recorded: a store that may hold `.skein/`. */
  records: Store
  now: () => number
  log?: ((line: string) => void) | undefined
  /** Told of each first acceptance, after it was recorded. */
  accepted?: ((object: CompletedObject) => Promise<void>) | undefined
}

/** What became of an object that a provider's event, or a sweep, found. */
export type Arrival =
  | { became: 'completed'; object: CompletedObject }
  | { became: 'quarantined'; key: string; reason: string }
  /** Not an upload of Skein's, one that is still being made, or gone. */
  | { became: 'ignored'; reason: string }

export interface SweepStep {
  completed: number
  quarantined: number
  aborted: number
  /** Where the next step goes on; absent when all has been looked at. */
  cursor?: string | undefined
}

export interface PlanOptions {
  /**
   * For a client that follows a redirect and sends no header of ours again: only length and type are under the
   * signature, and no mark travels, so that nobody but the client can complete it. Refused with
   * `unsupported` where that would not do: where the key must be free, the bytes staged, or the store is Azure.
   */
  bare?: boolean | undefined
}

/** One item of a batch: refused ones do not hold up the others. */
export type BatchItem = { plan: UploadPlan } | { error: unknown }

export interface Uploads {
  /**
   * Checks the rules, then signs. No request but for the beginning of an upload in parts. Without a size: a form, or,
   * where `parts` are asked for, parts that the sender cuts and whose numbers he asks for one by one.
   */
  plan(who: Principal, request: UploadRequest, options?: PlanOptions): Promise<UploadPlan>
  /** In the order asked, 1,000 at most. Uploads in parts begin with their first `parts` call. */
  batch(who: Principal, requests: readonly UploadRequest[]): Promise<BatchItem[]>
  /** What of a copy the rules allow, which hold for its target as for an upload's. */
  copyTerms(who: Principal, request: CopyRequest): CopyRequest
  parts(who: Principal, id: string, request: PartsRequest): Promise<PartsPlan>
  state(who: Principal, id: string): Promise<UploadState>
  /** Verifies what is really there. A second call returns what the first one accepted, and does nothing else. */
  complete(who: Principal, id: string, request: CompleteRequest): Promise<CompletedObject>
  abort(who: Principal, id: string): Promise<void>
  unfinished(
    who: Principal,
    query: { prefix?: string | undefined; cursor?: string | undefined },
  ): Promise<UnfinishedUploads>
  /** Completes, as `complete` would, what arrived while the client stayed silent. */
  arrived(store: string, key: string): Promise<Arrival>
  /** One bounded step: aborts, completes or quarantines what is older than the rules allow. */
  sweep(options: {
    cursor?: string | undefined
    signal?: AbortSignal | undefined
  }): Promise<SweepStep>
}

// The copies of one workspace: brought about by its changes, shown where they are late, and sent on their way
// again when somebody asks.

import type {
  CompletedObject,
  DeleteResponse,
  FailbackRequest,
  FailoverRequest,
  FailoverStatus,
  ReplayRequest,
  ReplayResponse,
  ReplicationStatus,
} from '#shared/client/protocol.ts'
import { originOf } from '#shared/copy/mark.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import type { Seal } from '#shared/seal.ts'
import type { Store } from '#shared/storage/store.ts'
import type { IsDeleted } from '#shared/workspaces/late.ts'
import type { OriginOf } from '#shared/workspaces/verified.ts'
import type { JudgeCopy } from '#shared/workspaces/objects.ts'
import type { States, WorkspaceState } from '#shared/workspaces/state.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { storesOf, whileActing } from '#shared/workspaces/workspace.ts'
import type { CatchUpFields } from './catch-up.ts'
import { beginCatchUps, catchUpStep, sendCatchUps } from './catch-up.ts'
import { writeCanary } from './canary.ts'
import type { Changed } from './changed.ts'
import { changeTasks } from './changed.ts'
import { createCompletions } from './completions.ts'
import type { ReplicationContext, SendTasks } from './context.ts'
import { markPlace } from './context.ts'
import { askBack, dropGone, failOver, failoverStatus } from './failover.ts'
import { judgeCopy } from './judge.ts'
import { isDeletedCopy } from './deleted-copy.ts'
import type { Moving } from './moving.ts'
import { createMoving } from './moving.ts'
import { tellMissed } from './missed.ts'
import { sendDue } from './postponed.ts'
import { probeTruth } from './probe.ts'
import { removeObject } from './removal.ts'
import { rangeStep } from './range.ts'
import type { RemovalOptions } from './removal.ts'
import { replay } from './replay.ts'
import type { ResyncFields } from './resync.ts'
import { resyncStep, resyncTask } from './resync.ts'
import type { ReplicationRules } from './rules.ts'
import type { SeenEvent } from './seen.ts'
import { tasksOf } from './seen.ts'
import { replicationStatus } from './status.ts'
import { isOfAnotherEpoch, noteFailure, replicateStep } from './step.ts'
import type { RangeFields, ReplicateFields } from './task.ts'
import { tellMoves } from './told.ts'
import { sweepTombstones } from './tombstone.ts'
import type { WebhookFields } from './webhook.ts'
import { sendWebhook } from './webhook.ts'

export interface ReplicationOptions {
  workspace: Workspace
  rules: ReplicationRules
  seal: Seal
  /** Where notes and tombstones are kept. */
  ledger: Store
  now: () => number
  send: SendTasks
  /** There is a queue: large objects are copied by as many as there are. */
  shares?: boolean | undefined
  /** Where the truth is, in a workspace whose writes may fail over. */
  states?: States | undefined
  /** The longest that a URL for an upload lasts. */
  longestUploadSeconds?: number | undefined
  /** For webhooks; the runtime's own when absent. */
  fetch?: typeof fetch | undefined
  log?: ((line: string) => void) | undefined
}

/** A step that failed, as the queue's door judged it. */
export interface Failure {
  attempt: number
  reason: string
  /** Nobody tries it again by himself. */
  givenUp: boolean
}

export interface Replication {
  /** Told once of each upload, whoever completed it: its tasks are kept, or this fails. */
  accepted(object: CompletedObject): Promise<void>
  /** Before a client is answered. Where the rules ask for it, waits for as many copies. */
  settled(object: CompletedObject): Promise<void>
  /** Somebody saw, or made, a change at the primary: a task for each replica is kept. Nothing in manual mode. */
  changed(key: string, changed: Changed): Promise<void>
  /** What an event tells of a key in a store of this workspace. */
  seen(store: string, key: string, event: SeenEvent): Promise<void>
  /** Who says what a replica's object is beside the primary's. */
  judge(): Promise<JudgeCopy>
  /** Who says which version an object is. */
  originOf(): Promise<OriginOf>
  /** Who says whether what a store holds that is not the truth is of what somebody deleted. */
  isDeleted(): Promise<IsDeleted>
  remove(key: string, options: RemovalOptions): Promise<DeleteResponse>
  /** One change at one replica; the tasks that follow. */
  step(fields: ReplicateFields, attempt: number): Promise<readonly Task[]>
  /** A range of one large object, for whoever began to copy it. */
  rangeStep(fields: RangeFields): Promise<readonly Task[]>
  /** True where the failure is kept in the ledger for good, and the queue need not keep it. */
  failed(fields: ReplicateFields, failure: Failure): Promise<boolean>
  status(): Promise<ReplicationStatus>
  replay(request: ReplayRequest): Promise<ReplayResponse>
  /** Begins to compare a prefix with every replica. */
  resync(options: { prefix?: string | undefined; thorough?: boolean | undefined }): Promise<void>
  resyncStep(fields: ResyncFields): Promise<readonly Task[]>
  sendWebhook(fields: WebhookFields): Promise<void>
  /** What a schedule does: deletions that are due, what was missed, stores that have to catch up, the canary. */
  watch(): Promise<readonly Task[]>
  /** One look whether the store that takes the writes takes them, where the rules ask for it. */
  probe(): Promise<void>
  /** The truth moves to another store. `by`: who asks. Refused where the rules do not allow it. */
  failOver(request: FailoverRequest, by: string): Promise<FailoverStatus>
  /** It moves back to the primary, once that holds all that was written meanwhile. */
  failBack(request: FailbackRequest, by: string): Promise<FailoverStatus>
  catchUpStep(fields: CatchUpFields, attempt: number): Promise<readonly Task[]>
  /** For who moves the whole workspace to another of its stores. */
  moving(): Promise<Moving>
  /** One bounded step: tombstones that nobody can need any more. Gives the cursor where there is more. */
  sweepTombstones(cursor: string | undefined): Promise<string | undefined>
}

export function createReplication(options: ReplicationOptions): Replication {
  const { workspace, rules, states } = options
  const base = contextOf(options)
  const mayCopy = workspace.replicas.length > 0 && rules.mode !== 'manual'
  const during = (state: WorkspaceState) => ({ ...base, primary: state.acting, state })
  /** For what can be taken up anew when the truth has moved meanwhile. */
  const current = async () => (states ? during(await states.known()) : base)
  /** For what cannot. */
  const fresh = async () => (states ? during(await states.fresh()) : base)
  const acting = ({ primary }: ReplicationContext) => whileActing(workspace, primary)

  /** What follows when the truth has moved, or may have: nobody has to ask for it. */
  async function follow(): Promise<void> {
    const context = await fresh()
    if (!context.state) return
    await tellMoves(context, context.state)
    await dropGone(context, context.state)
    await sendCatchUps(context, await beginCatchUps(context, context.state))
  }

  /** What somebody asked for is done by then: what fails now, the schedule does. */
  async function moved(state: WorkspaceState): Promise<FailoverStatus> {
    await follow().catch((error: unknown) => {
      base.log?.(`What follows a failover waits for the next schedule: ${String(error)}`)
    })
    return failoverStatus(base.home, state)
  }

  return {
    ...createCompletions(rules, current),
    async changed(key, changed) {
      if (!mayCopy) return
      const context = await current()
      await context.send(changeTasks(context, key, changed))
    },
    async seen(store, key, event) {
      if (!mayCopy) return
      const context = await current()
      await context.send(await tasksOf(context, store, key, event))
    },
    async judge() {
      const context = states ? during(await states.current()) : base
      return (primary, store, copy) => judgeCopy(context, primary, { store, copy })
    },
    originOf: async () => (store, info) => originOf(markPlace(base), store, info),
    isDeleted: async () => (store, key, info) => isDeletedCopy(base, store, key, info),
    async remove(key, removal) {
      const context = await fresh()
      return removeObject(context, acting(context), key, removal)
    },
    async step(fields, attempt) {
      const known = await current()
      const context = isOfAnotherEpoch(known, fields) ? await fresh() : known
      return replicateStep(context, fields, attempt)
    },
    rangeStep: async (fields) => rangeStep(await current(), fields),
    failed: (fields, failure) => noteFailure(base, fields, failure),
    status: async () => replicationStatus(await current()),
    replay: (request) => replay(base, request),
    async resync({ prefix = '', thorough = false }) {
      const { name } = workspace
      await base.send(
        acting(await current()).replicas.map((to) =>
          resyncTask({ workspace: name, to: to.name, prefix, thorough }),
        ),
      )
    },
    async resyncStep(fields) {
      const context = await current()
      return resyncStep(context, acting(context), fields)
    },
    sendWebhook: (fields) => sendWebhook(base, fields),
    async watch() {
      if (!mayCopy) return []
      await follow()
      const context = await current()
      for (let more = true; more;) ({ more } = await sendDue(context))
      const told = await tellMissed(context)
      return [...told, ...(await writeCanary(context))]
    },
    async probe() {
      if (await probeTruth(await fresh())) await follow()
    },
    failOver: async (request, by) => moved(await failOver(base, request, by)),
    failBack: async (request, by) => moved(await askBack(base, request, by)),
    catchUpStep: async (fields, attempt) => catchUpStep(await fresh(), workspace, fields, attempt),
    moving: async () => createMoving({ workspace, base, fresh }),
    sweepTombstones: async (cursor) => sweepTombstones(await fresh(), cursor),
  }
}

export function watchTask(workspace: string): Task {
  return { v: 1, kind: 'watch-replication', workspace }
}

function contextOf(options: ReplicationOptions): ReplicationContext {
  const { workspace, rules, seal, now, send, log, states } = options
  return {
    name: workspace.name,
    primary: workspace.primary.name,
    home: workspace.primary.name,
    stores: new Map(storesOf(workspace).map((store) => [store.name, store.reserved()])),
    ...{ rules, seal, now, send, log, states },
    ledger: createLedger(options.ledger),
    shares: options.shares ?? false,
    fetch: options.fetch ?? fetch,
    deletions: new Map(),
    longestUploadSeconds: options.longestUploadSeconds ?? 0,
  }
}

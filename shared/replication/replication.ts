// The copies of one workspace: brought about by its changes, shown where they are late, and sent on their way
// again when somebody asks.

import type {
  CompletedObject,
  DeleteResponse,
  ReplayRequest,
  ReplayResponse,
  ReplicationStatus,
} from '#shared/client/protocol.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import type { Seal } from '#shared/seal.ts'
import type { Store } from '#shared/storage/store.ts'
import type { JudgeCopy } from '#shared/workspaces/objects.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import { writeCanary } from './canary.ts'
import type { Changed } from './changed.ts'
import { changeTasks } from './changed.ts'
import { createCompletions } from './completions.ts'
import type { ReplicationContext, SendTasks } from './context.ts'
import { judgeCopy } from './judge.ts'
import { tellMissed } from './missed.ts'
import { sendDue } from './postponed.ts'
import { removeObject } from './removal.ts'
import type { RemovalOptions } from './removal.ts'
import { replay } from './replay.ts'
import type { ResyncFields } from './resync.ts'
import { resyncStep, resyncTask } from './resync.ts'
import type { ReplicationRules } from './rules.ts'
import type { SeenEvent } from './seen.ts'
import { tasksOf } from './seen.ts'
import { replicationStatus } from './status.ts'
import { noteFailure, replicateStep } from './step.ts'
import type { ReplicateFields } from './task.ts'
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
  remove(key: string, options: RemovalOptions): Promise<DeleteResponse>
  /** One change at one replica; the tasks that follow. */
  step(fields: ReplicateFields, attempt: number): Promise<readonly Task[]>
  /** True where the failure is kept in the ledger for good, and the queue need not keep it. */
  failed(fields: ReplicateFields, failure: Failure): Promise<boolean>
  status(): Promise<ReplicationStatus>
  replay(request: ReplayRequest): Promise<ReplayResponse>
  /** Begins to compare a prefix with every replica. */
  resync(options: { prefix?: string | undefined; thorough?: boolean | undefined }): Promise<void>
  resyncStep(fields: ResyncFields): Promise<readonly Task[]>
  sendWebhook(fields: WebhookFields): Promise<void>
  /** What a schedule does: deletions that are due, what was missed, and the canary. */
  watch(): Promise<readonly Task[]>
}

export function createReplication(options: ReplicationOptions): Replication {
  const { workspace } = options
  const context = contextOf(options)
  const mayCopy = workspace.replicas.length > 0 && context.rules.mode !== 'manual'
  return {
    ...createCompletions(context),
    async changed(key, changed) {
      if (mayCopy) await context.send(changeTasks(context, key, changed))
    },
    async seen(store, key, event) {
      if (mayCopy) await context.send(await tasksOf(context, store, key, event))
    },
    judge: async () => (primary, store, copy) => judgeCopy(context, primary, { store, copy }),
    remove: (key, removal) => removeObject(context, workspace, key, removal),
    step: (fields, attempt) => replicateStep(context, fields, attempt),
    failed: (fields, failure) => noteFailure(context, fields, failure),
    status: () => replicationStatus(context),
    replay: (request) => replay(context, request),
    async resync({ prefix = '', thorough = false }) {
      const { name } = workspace
      await context.send(
        workspace.replicas.map((to) =>
          resyncTask({ workspace: name, to: to.name, prefix, thorough }),
        ),
      )
    },
    resyncStep: (fields) => resyncStep(context, workspace, fields),
    sendWebhook: (fields) => sendWebhook(context, fields),
    async watch() {
      if (!mayCopy) return []
      for (let more = true; more;) ({ more } = await sendDue(context))
      const told = await tellMissed(context)
      return [...told, ...(await writeCanary(context))]
    },
  }
}

export function watchTask(workspace: string): Task {
  return { v: 1, kind: 'watch-replication', workspace }
}

function contextOf(options: ReplicationOptions): ReplicationContext {
  const { workspace, rules, seal, now, send, log } = options
  return {
    name: workspace.name,
    primary: workspace.primary.name,
    stores: new Map(storesOf(workspace).map((store) => [store.name, store.reserved()])),
    ...{ rules, seal, now, send, log },
    ledger: createLedger(options.ledger),
    fetch: options.fetch ?? fetch,
    deletions: new Map(),
  }
}

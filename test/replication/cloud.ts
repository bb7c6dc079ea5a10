// A workspace of several stores with its replication, a queue that is worked off when a test says so, and a
// clock of the test's own. The stores are any: real servers, folders, memories.

import { createLedger } from '#shared/jobs/ledger.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import { catchUpFields } from '#shared/replication/catch-up.ts'
import type { Replication } from '#shared/replication/replication.ts'
import { createReplication } from '#shared/replication/replication.ts'
import type { replication } from '#shared/replication/rules.ts'
import { replicationRules } from '#shared/replication/rules.ts'
import { resyncFields } from '#shared/replication/resync.ts'
import { rangeFields, replicateFields } from '#shared/replication/task.ts'
import { webhookFields } from '#shared/replication/webhook.ts'
import { createSeal } from '#shared/seal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import { createStates } from '#shared/workspaces/state.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import type * as z from '#shared/shape/shape.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

export const SECRET = 'a secret of at least thirty-two characters'

export interface Waiting {
  task: Task
  delaySeconds: number
}

export interface Cloud {
  workspace: Workspace
  replication: Replication
  ledger: Ledger
  primary: Store
  replica: Store
  waiting: Waiting[]
  /** Milliseconds since the epoch. */
  clock: { ahead: number }
  /** While it is down, nothing can be sent. */
  queue: { down: boolean }
  /** Works off what is due, and what follows of it; those with a delay only when asked. What fails stays out. */
  work: (options?: { delayed?: boolean }) => Promise<void>
  /** What failed, with its error. */
  failed: { task: Task; error: unknown }[]
}

export interface CloudOptions {
  stores?: readonly Store[]
  rules?: z.infer<typeof replication>
  secret?: string
  ledger?: Store
  fetch?: typeof fetch
}

export function openCloud(options: CloudOptions = {}): Cloud {
  const stores = options.stores ?? [memoryStore('main'), memoryStore('west')]
  const [primary, ...replicas] = stores
  if (!primary || !replicas[0]) throw new Error('replication takes two stores')
  const workspace: Workspace = { name: 'app', primary, replicas, downloads: downloadRules() }
  const waiting: Waiting[] = []
  const failed: Cloud['failed'] = []
  const clock = { ahead: 0 }
  const queue = { down: false }
  const store = options.ledger ?? primary
  const rules = replicationRules(options.rules)
  const now = () => Date.now() + clock.ahead
  const states = createStates({
    ...{ ledger: createLedger(store), workspace: 'app', primary: primary.name, now },
    background: (one) => void one.catch(() => undefined),
  })
  const made = createReplication({
    ...{ workspace, rules, now, longestUploadSeconds: 900, shares: true },
    states: rules.failover && states,
    seal: createSeal([options.secret ?? SECRET]),
    ledger: store,
    fetch: options.fetch,
    async send(tasks, { delaySeconds = 0 } = {}) {
      if (queue.down && tasks.length > 0)
        throw new StorageError('unavailable', 'The queue does not answer.')
      waiting.push(...tasks.map((task) => ({ task: structuredClone(task), delaySeconds })))
    },
  })

  async function work({ delayed = false } = {}): Promise<void> {
    for (;;) {
      const next = waiting.findIndex(({ delaySeconds }) => delayed || delaySeconds === 0)
      if (next < 0) return
      const [{ task } = { task: undefined }] = waiting.splice(next, 1)
      if (!task) return
      try {
        const following = await runTask(made, task)
        waiting.push(...following.map((one) => ({ task: one, delaySeconds: 0 })))
      } catch (error) {
        failed.push({ task, error })
      }
    }
  }

  return {
    ...{ workspace, replication: made, ledger: createLedger(store), primary },
    ...{ replica: replicas[0], waiting, clock, queue, work, failed },
  }
}

export async function runTask(
  made: Replication,
  task: Task,
  attempt = 1,
): Promise<readonly Task[]> {
  if (task.kind === 'copy-range') return made.rangeStep(rangeFields.parse(task))
  if (task.kind === 'resync') return made.resyncStep(resyncFields.parse(task))
  if (task.kind === 'catch-up') return made.catchUpStep(catchUpFields.parse(task), attempt)
  if (task.kind === 'webhook') {
    await made.sendWebhook(webhookFields.parse(task))
    return []
  }
  return made.step(replicateFields.parse(task), attempt)
}

export async function textAt(store: Store, key: string): Promise<string> {
  return new Response((await store.get(key)).body).text()
}

/** A change that somebody made just now. */
export const now = (): { since: number } => ({ since: Date.now() })

// The doors of the queue and of the schedules. Each kind of task is a row of one table; what becomes of a
// message depends on the error alone, so that it is the same on every platform.

import * as z from '#shared/shape/shape.ts'
import type { ScheduleName } from './schedules.ts'
import type { Landscape } from './events/changes.ts'
import type { Cost } from './cost/door.ts'
import { beginCostTask, costFields } from './cost/door.ts'
import type { CostRules } from './cost/rules.ts'
import { jobFields } from './jobs/job.ts'
import type { Engine } from './jobs/engine.ts'
import type { Message, Outcome } from './jobs/queue.ts'
import { MAX_DELAY_SECONDS, decodeTask } from './jobs/queue.ts'
import type { Counters } from './metrics/counters.ts'
import { createTaskMeter } from './metrics/task-meter.ts'
import type { Platform, Task } from './platform.ts'
import type { Failure, Replication } from './replication/replication.ts'
import { watchTask } from './replication/replication.ts'
import { catchUpFields } from './replication/catch-up.ts'
import type { ReplicationRules } from './replication/rules.ts'
import { resyncFields } from './replication/resync.ts'
import { rangeFields, replicateFields } from './replication/task.ts'
import { webhookFields } from './replication/webhook.ts'
import { StorageError } from './storage/errors.ts'
import type { Store } from './storage/store.ts'
import type { Uploads } from './uploads/uploads.ts'

export interface Tasks {
  /** One outcome a message, in order. Never throws for what a message holds. */
  consume(messages: readonly Message[]): Promise<Outcome[]>
  /** Enqueues that schedule's first tasks; without a queue, runs them here as far as they go. */
  schedule(name: string): Promise<void>
}

/** What tasks use of a suite. */
export interface TaskSuite {
  platform: Pick<Platform, 'queue' | 'log' | 'now'>
  config: {
    workspaces: ReadonlyMap<string, TaskWorkspaceConfig>
    hooks: ReadonlyMap<string, { scan: boolean }>
    ledger: string | undefined
  }
  workspace(name: string): TaskWorkspace | undefined
  store(name: string): Store
  landscape(): Landscape
  counters: Counters
}

interface TaskWorkspaceConfig {
  /** Its copies are verified by schedule. */
  integrity?: object | undefined
  primary: string
  replicas: readonly string[]
  replication?: Pick<ReplicationRules, 'failover'>
  /** Reports and advice are made by schedule. */
  cost?: Pick<CostRules, 'report' | 'advise'>
}

interface TaskWorkspace {
  uploads: Pick<Uploads, 'arrived' | 'sweep'>
  replication: Pick<
    Replication,
    | ('step' | 'seen' | 'failed' | 'resyncStep' | 'watch' | 'sendWebhook')
    | ('rangeStep' | 'probe' | 'catchUpStep' | 'sweepTombstones')
  >
  jobs: Pick<Engine, 'step' | 'failed' | 'watch'>
  cost?: Pick<Cost, 'run'>
  beginSweep?(): Promise<void>
}

interface Kind {
  /** One bounded step; the tasks that it returns are what follows. Throws `invalid` for fields that are not its own. */
  run(suite: TaskSuite, task: Task, attempt: number): Promise<readonly Task[]>
  /** Told of each failure; true where it is kept for good already, and the queue need not set it aside. */
  failed?(suite: TaskSuite, task: Task, failure: Failure): Promise<boolean>
}

const text = z.string().check(z.minLength(1))

const seenEvent = z.object({
  type: z.enum(['created', 'deleted', 'version-deleted', 'renamed', 'missing']),
  at: z.optional(text),
  size: z.optional(z.number()),
  by: z.optional(text),
})

/** No copy takes longer, with all its pauses and replays. */
const COPIES_KEPT_MILLISECONDS = 7 * 86_400_000

const KINDS: Readonly<Record<string, Kind>> = {
  'upload-arrived': kind(
    z.object({ workspace: text, store: text, key: text }),
    async (suite, { workspace, store, key }) => {
      await workspaceOf(suite, workspace).uploads.arrived(store, key)
      return []
    },
  ),
  'object-changed': kind(
    z.object({ store: text, key: text, event: seenEvent }),
    async (suite, { store, key, event }) => {
      for (const [name, { primary, replicas }] of suite.config.workspaces) {
        if (primary !== store && !replicas.includes(store)) continue
        const { uploads, replication } = workspaceOf(suite, name)
        // A completion tells of itself.
        const became = event.type === 'created' && (await uploads.arrived(store, key)).became
        if (!became || became === 'ignored') await replication.seen(store, key, event)
      }
      return []
    },
  ),
  'scan-store': kind(
    z.object({ store: text, cursor: z.optional(z.unknown()) }),
    async (suite, { store: name, cursor }) => {
      const { scanTasks } = await import('./events/scanner.ts')
      const records = suite.store(suite.config.ledger ?? name).reserved()
      return scanTasks({ store: suite.store(name), records, now: suite.platform.now }, cursor)
    },
  ),
  'sweep-uploads': kind(
    z.object({ workspace: text, cursor: z.optional(text) }),
    async (suite, { workspace, cursor }) => {
      const step = await workspaceOf(suite, workspace).uploads.sweep({ cursor })
      return step.cursor === undefined ? [] : [sweepUploads(workspace, step.cursor)]
    },
  ),
  replicate: kind(
    replicateFields,
    (suite, fields, attempt) =>
      workspaceOf(suite, fields.workspace).replication.step(fields, attempt),
    (suite, fields, failure) =>
      workspaceOf(suite, fields.workspace).replication.failed(fields, failure),
  ),
  'copy-range': kind(rangeFields, (suite, fields) =>
    workspaceOf(suite, fields.of.workspace).replication.rangeStep(fields),
  ),
  resync: kind(resyncFields, (suite, fields) =>
    workspaceOf(suite, fields.workspace).replication.resyncStep(fields),
  ),
  webhook: kind(webhookFields, async (suite, fields) => {
    await workspaceOf(suite, fields.workspace).replication.sendWebhook(fields)
    return []
  }),
  job: kind(
    jobFields,
    (suite, fields, attempt) => workspaceOf(suite, fields.workspace).jobs.step(fields, attempt),
    (suite, fields, failure) => workspaceOf(suite, fields.workspace).jobs.failed(fields, failure),
  ),
  'begin-sweep': kind(z.object({ workspace: text }), async (suite, { workspace }) => {
    await workspaceOf(suite, workspace).beginSweep?.()
    return []
  }),
  cost: kind(costFields, async (suite, fields) => {
    await workspaceOf(suite, fields.workspace).cost?.run(fields)
    return []
  }),
  'watch-jobs': kind(z.object({ workspace: text }), (suite, { workspace }) =>
    workspaceOf(suite, workspace).jobs.watch(),
  ),
  'catch-up': kind(catchUpFields, (suite, fields, attempt) =>
    workspaceOf(suite, fields.workspace).replication.catchUpStep(fields, attempt),
  ),
  'probe-truth': kind(z.object({ workspace: text }), async (suite, { workspace }) => {
    await workspaceOf(suite, workspace).replication.probe()
    return []
  }),
  'sweep-tombstones': kind(
    z.object({ workspace: text, cursor: z.optional(text) }),
    async (suite, { workspace, cursor: from }) => {
      const cursor = await workspaceOf(suite, workspace).replication.sweepTombstones(from)
      return cursor === undefined ? [] : [{ v: 1, kind: 'sweep-tombstones', workspace, cursor }]
    },
  ),
  'sweep-copies': kind(
    z.object({ store: text, cursor: z.optional(text) }),
    async (suite, { store: name, cursor: from }) => {
      const { sweepCopies } = await import('./copy/sweep.ts')
      const before = new Date(suite.platform.now() - COPIES_KEPT_MILLISECONDS)
      const { cursor } = await sweepCopies(suite.store(name).reserved(), before, { cursor: from })
      return cursor === undefined ? [] : [{ v: 1, kind: 'sweep-copies', store: name, cursor }]
    },
  ),
  'watch-replication': kind(z.object({ workspace: text }), (suite, { workspace }) =>
    workspaceOf(suite, workspace).replication.watch(),
  ),
}

const SCHEDULED: Record<ScheduleName, (config: TaskSuite['config']) => readonly Task[]> = {
  sweep: ({ workspaces }) => [
    ...[...workspaces.keys()].map((name) => sweepUploads(name)),
    ...[...workspaces]
      .filter(([, { integrity }]) => integrity !== undefined)
      .map(([workspace]) => ({ v: 1 as const, kind: 'begin-sweep', workspace })),
    ...[...workspaces]
      .filter(([, { cost }]) => cost && (cost.report !== 'never' || cost.advise !== 'never'))
      .map(([workspace]) => beginCostTask(workspace)),
    ...replicated(workspaces).flatMap(([workspace]) => [
      { v: 1 as const, kind: 'sweep-tombstones', workspace },
    ]),
    ...storesOfCopies(workspaces).map((store) => ({ v: 1 as const, kind: 'sweep-copies', store })),
  ],
  watch: ({ workspaces }) =>
    [...workspaces].flatMap(([name, { replicas }]) => [
      ...(replicas.length > 0 ? [watchTask(name)] : []),
      { v: 1, kind: 'watch-jobs', workspace: name },
    ]),
  probe: ({ workspaces }) =>
    [...workspaces]
      .filter(([, { replication }]) => replication?.failover?.automatic)
      .map(([workspace]) => ({ v: 1, kind: 'probe-truth', workspace })),
  scan: (config) => scannedStores(config).map((store) => ({ v: 1, kind: 'scan-store', store })),
}

type Workspaces = TaskSuite['config']['workspaces']

function replicated(workspaces: Workspaces): [string, TaskWorkspaceConfig][] {
  return [...workspaces].filter(([, { replicas }]) => replicas.length > 0)
}

/** A store that may be the truth gets copies back as well. */
function storesOfCopies(workspaces: Workspaces): string[] {
  const stores = replicated(workspaces).flatMap(([, { primary, replicas }]) => [
    primary,
    ...replicas,
  ])
  return [...new Set(stores)]
}

function isScheduled(name: string): name is ScheduleName {
  return Object.hasOwn(SCHEDULED, name)
}

function scannedStores({ hooks }: TaskSuite['config']): string[] {
  return [...hooks].filter(([, { scan }]) => scan).map(([store]) => store)
}

/** Twelve attempts take about an hour and a quarter; a platform's own count is only for what ends the process. */
const MAX_ATTEMPTS = 12
const FIRST_DELAY_SECONDS = 5
/** Steps of one task that run here when there is no queue to carry on with; the next schedule goes on. */
const MAX_INLINE_STEPS = 100

const MAY_BE_HANDED_OUT_BYTES = 2 ** 28

export function createTasks(suite: TaskSuite): Tasks {
  const { queue, log, now } = suite.platform
  const meter = createTaskMeter(suite.counters)

  /** What a provider tells of several changes at once is no task. */
  function count(task: Task | undefined, result: Outcome['result'], following = 0): void {
    meter.ended(task ? nameOf(task) : 'notification', result)
    if (task?.kind !== 'replicate' || result !== 'done' || following > 0) return
    const change = z.safeParse(replicateFields, task)
    if (!change.success) return
    const { workspace, to, since, size = 0, shared } = change.data
    // Whoever handed it out in ranges was done before it was there.
    if (size >= MAY_BE_HANDED_OUT_BYTES && !shared) return
    meter.arrived(workspace, to, now() - since)
  }

  async function consumeOne(message: Message): Promise<Outcome> {
    let task: Task | undefined
    try {
      const tasks = await readMessage(suite, message)
      // What a provider tells is one change as a rule, and needs no message of its own then.
      if (tasks.length === 1) task = tasks[0]
      const following = task ? await runTask(suite, task, message.attempt) : tasks
      await follow(following)
      count(task, 'done', following.length)
      return { result: 'done' }
    } catch (error) {
      const outcome = outcomeOf(error, message.attempt)
      const { result, reason } = outcome
      count(task, result)
      log?.(JSON.stringify({ level: 'warn', task: message.id, result, reason }))
      return task && (await isKept(task, message.attempt, outcome)) ? { result: 'done' } : outcome
    }
  }

  /** Some kinds keep what failed themselves; where even that fails, the queue does. */
  async function isKept(
    task: Task,
    attempt: number,
    { result, reason }: Outcome & { reason: string },
  ): Promise<boolean> {
    const failure = { attempt, reason, givenUp: result === 'set-aside' }
    try {
      return (await kindOf(task).failed?.(suite, task, failure)) ?? false
    } catch {
      return false
    }
  }

  async function follow(tasks: readonly Task[]): Promise<void> {
    if (tasks.length === 0) return
    if (queue) await queue.send(tasks)
    else await runInline(suite, tasks)
  }

  return {
    consume: (messages) => Promise.all(messages.map(consumeOne)),
    async schedule(name) {
      if (!isScheduled(name)) {
        const known = Object.keys(SCHEDULED).join(', ')
        throw new StorageError('invalid', `There is no schedule "${name}", only ${known}.`)
      }
      await follow(SCHEDULED[name](suite.config))
    },
  }
}

/** The task that it is, or those of what a provider has sent to the queue itself. */
async function readMessage(suite: TaskSuite, message: Message): Promise<readonly Task[]> {
  try {
    return [decodeTask(message.body)]
  } catch (error) {
    const { tasksOfMessage } = await import('./events/queue-message.ts')
    const told = tasksOfMessage(message, () => suite.landscape())
    if (told) return told
    throw error
  }
}

/** A kind that nobody knows is not named. */
function nameOf({ kind: name }: Task): string {
  return Object.hasOwn(KINDS, name) ? name : 'unknown'
}

function kindOf(task: Task): Kind {
  const found = Object.hasOwn(KINDS, task.kind) ? KINDS[task.kind] : undefined
  if (found) return found
  throw new StorageError('invalid', `No task is of the kind "${task.kind.slice(0, 60)}" here.`)
}

async function runTask(suite: TaskSuite, task: Task, attempt: number): Promise<readonly Task[]> {
  return kindOf(task).run(suite, task, attempt)
}

/** One that fails does not hold up the others; the first error is told when all have had their turn. */
async function runInline(suite: TaskSuite, tasks: readonly Task[]): Promise<void> {
  const waiting = [...tasks]
  const errors: unknown[] = []
  for (let steps = 0; waiting.length > 0 && steps < MAX_INLINE_STEPS; steps++) {
    const task = waiting.shift()!
    const following = await runTask(suite, task, 1).catch(
      (error: unknown) => void errors.push(error),
    )
    waiting.push(...(following ?? []))
  }
  if (errors.length > 0) throw errors[0]
}

/** What will never succeed is set aside at once, and so is what has not for long enough. */
function outcomeOf(error: unknown, attempt: number): Outcome & { reason: string } {
  const known = error instanceof StorageError ? error : undefined
  const reason = known?.message ?? `The task failed for a reason of the suite: ${String(error)}`
  if (known?.retry === 'never') return { result: 'set-aside', reason }
  if (attempt >= MAX_ATTEMPTS) {
    return { result: 'set-aside', reason: `Given up after ${attempt} attempts. ${reason}` }
  }
  const delay = FIRST_DELAY_SECONDS * 2 ** (attempt - 1)
  const afterSeconds = Math.min(Math.max(delay, known?.retryAfterSeconds ?? 0), MAX_DELAY_SECONDS)
  return { result: 'retry', afterSeconds, reason }
}

function kind<Fields>(
  schema: z.Shape<Fields>,
  run: (suite: TaskSuite, fields: Fields, attempt: number) => Promise<readonly Task[]>,
  failed?: (suite: TaskSuite, fields: Fields, failure: Failure) => Promise<boolean>,
): Kind {
  const read = (task: Task): Fields => {
    const parsed = z.safeParse(schema, task)
    if (parsed.success) return parsed.data
    const wrong = parsed.error.issues.map(({ path }) => path.join('.')).join(', ')
    throw new StorageError('invalid', `A task "${task.kind}" has no right ${wrong}.`)
  }
  return {
    run: async (suite, task, attempt) => run(suite, read(task), attempt),
    ...(failed && { failed: async (suite, task, failure) => failed(suite, read(task), failure) }),
  }
}

function workspaceOf(suite: TaskSuite, name: string): TaskWorkspace {
  const workspace = suite.workspace(name)
  if (workspace) return workspace
  throw new StorageError('invalid', `A task is for the workspace "${name}", which is not here.`)
}

function sweepUploads(workspace: string, cursor?: string): Task {
  return { v: 1, kind: 'sweep-uploads', workspace, ...(cursor !== undefined && { cursor }) }
}

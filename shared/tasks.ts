// The doors of the queue and of the schedules. Each kind of task is a row of one table; what becomes of a
// message depends on the error alone, so that it is the same on every platform.

import * as z from 'zod/mini'
import type { Message, Outcome } from './jobs/queue.ts'
import { MAX_DELAY_SECONDS, decodeTask } from './jobs/queue.ts'
import type { Platform, Task } from './platform.ts'
import { StorageError } from './storage/errors.ts'
import type { Uploads } from './uploads/uploads.ts'

export interface Tasks {
  /** One outcome a message, in order. Never throws for what a message holds. */
  consume(messages: readonly Message[]): Promise<Outcome[]>
  /** Enqueues that schedule's first tasks; without a queue, runs them here as far as they go. */
  schedule(name: string): Promise<void>
}

/** What tasks use of a suite. */
export interface TaskSuite {
  platform: Pick<Platform, 'queue' | 'log'>
  config: { workspaces: ReadonlyMap<string, unknown> }
  workspace(name: string): TaskWorkspace | undefined
}

interface TaskWorkspace {
  uploads: Pick<Uploads, 'arrived' | 'sweep'>
}

interface Kind {
  /** One bounded step; the tasks that it returns are what follows. Throws `invalid` for fields that are not its own. */
  run(suite: TaskSuite, task: Task): Promise<readonly Task[]>
}

const text = z.string().check(z.minLength(1))

const KINDS: Readonly<Record<string, Kind>> = {
  'upload-arrived': kind(
    z.object({ workspace: text, store: text, key: text }),
    async (suite, { workspace, store, key }) => {
      await workspaceOf(suite, workspace).uploads.arrived(store, key)
      return []
    },
  ),
  'sweep-uploads': kind(
    z.object({ workspace: text, cursor: z.optional(text) }),
    async (suite, { workspace, cursor }) => {
      const step = await workspaceOf(suite, workspace).uploads.sweep({ cursor })
      return step.cursor === undefined ? [] : [sweepUploads(workspace, step.cursor)]
    },
  ),
}

interface Schedule {
  everySeconds: number
  /** In UTC, with five fields: what the platforms' own configurations say as well. */
  cron: string
  tasks(suite: TaskSuite): readonly Task[]
}

export const SCHEDULES: Readonly<Record<string, Schedule>> = {
  sweep: {
    everySeconds: 3600,
    cron: '17 * * * *',
    tasks: ({ config }) => [...config.workspaces.keys()].map((name) => sweepUploads(name)),
  },
}

/** Twelve attempts take about an hour and a quarter; a platform's own count is only for what ends the process. */
const MAX_ATTEMPTS = 12
const FIRST_DELAY_SECONDS = 5
/** Steps of one task that run here when there is no queue to carry on with; the next schedule goes on. */
const MAX_INLINE_STEPS = 100

export function createTasks(suite: TaskSuite): Tasks {
  const { queue, log } = suite.platform

  async function consumeOne(message: Message): Promise<Outcome> {
    try {
      await follow(await runTask(suite, decodeTask(message.body)))
      return { result: 'done' }
    } catch (error) {
      const outcome = outcomeOf(error, message.attempt)
      const { result, reason } = outcome
      log?.(JSON.stringify({ level: 'warn', task: message.id, result, reason }))
      return outcome
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
      const found = Object.hasOwn(SCHEDULES, name) ? SCHEDULES[name] : undefined
      if (found === undefined) {
        const known = Object.keys(SCHEDULES).join(', ')
        throw new StorageError('invalid', `There is no schedule "${name}", only ${known}.`)
      }
      await follow(found.tasks(suite))
    },
  }
}

async function runTask(suite: TaskSuite, task: Task): Promise<readonly Task[]> {
  const found = Object.hasOwn(KINDS, task.kind) ? KINDS[task.kind] : undefined
  if (found === undefined) {
    throw new StorageError('invalid', `No task is of the kind "${task.kind.slice(0, 60)}" here.`)
  }
  return found.run(suite, task)
}

/** One that fails does not hold up the others; the first error is told when all have had their turn. */
async function runInline(suite: TaskSuite, tasks: readonly Task[]): Promise<void> {
  const waiting = [...tasks]
  const errors: unknown[] = []
  for (let steps = 0; waiting.length > 0 && steps < MAX_INLINE_STEPS; steps++) {
    const task = waiting.shift()!
    const following = await runTask(suite, task).catch((error: unknown) => void errors.push(error))
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
  fields: z.ZodMiniType<Fields>,
  run: (suite: TaskSuite, fields: Fields) => Promise<readonly Task[]>,
): Kind {
  return {
    async run(suite, task) {
      const parsed = z.safeParse(fields, task)
      if (parsed.success) return run(suite, parsed.data)
      const wrong = parsed.error.issues.map(({ path }) => path.join('.')).join(', ')
      throw new StorageError('invalid', `A task "${task.kind}" has no right ${wrong}.`)
    },
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

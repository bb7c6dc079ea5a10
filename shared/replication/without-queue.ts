// Where no queue was given, changes are carried out by the process that saw them, after it has answered. What
// fails is tried no second time: it is noted in the ledger, and can be replayed. What should wait is not done.

import type { Platform, Task } from '#shared/platform.ts'
import * as z from '#shared/shape/shape.ts'
import { catchUpFields } from './catch-up.ts'
import type { SendTasks } from './context.ts'
import type { Replication } from './replication.ts'
import { resyncFields } from './resync.ts'
import type { ReplicateFields } from './task.ts'
import { replicateFields } from './task.ts'
import { webhookFields } from './webhook.ts'

type Steps = Pick<Replication, 'step' | 'failed' | 'resyncStep' | 'catchUpStep' | 'sendWebhook'>

export function runWithoutQueue(
  replication: Steps,
  { waitUntil, log }: Pick<Platform, 'waitUntil' | 'log'>,
): SendTasks {
  const run = async (tasks: readonly Task[]): Promise<void> => {
    const waiting = [...tasks]
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      waiting.push(...(await runOne(replication, task)))
    }
  }
  return async (tasks, { delaySeconds = 0 } = {}) => {
    if (delaySeconds > 0) return
    const work = run(tasks).catch((error: unknown) => log?.(`A copy failed: ${String(error)}`))
    waitUntil?.(work)
  }
}

async function runOne(replication: Steps, task: Task): Promise<readonly Task[]> {
  switch (task.kind) {
    case 'resync':
      return replication.resyncStep(z.parse(resyncFields, task))
    case 'catch-up':
      // Nobody tries it again but the schedule.
      return replication.catchUpStep(z.parse(catchUpFields, task), Number.POSITIVE_INFINITY)
    case 'webhook':
      await replication.sendWebhook(z.parse(webhookFields, task))
      return []
    default:
      return replicateHere(replication, z.parse(replicateFields, task))
  }
}

async function replicateHere(
  replication: Steps,
  fields: ReplicateFields,
): Promise<readonly Task[]> {
  try {
    return await replication.step(fields, 1)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    await replication.failed(fields, { attempt: 1, reason, givenUp: true })
    return []
  }
}

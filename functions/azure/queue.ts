// The suite's queue on Azure: a Storage queue, in both directions. The host can neither delay one message nor
// say why one was given up; so what is tried again is sent again with its delay and its count of attempts,
// and what is set aside goes to the poison queue with its reason, before the message in hand is acknowledged.

import type { Skein } from '#shared/app.ts'
import { queueOver, setAsideBody } from '#shared/jobs/queue.ts'
import type { Queue } from '#shared/platform.ts'
import type { PutMessage } from './storage-queue.ts'

export function storageQueue(put: PutMessage, name: string): Queue {
  return queueOver(
    { messages: 8, bytes: Number.POSITIVE_INFINITY },
    async (bodies, delaySeconds) => {
      await Promise.all(bodies.map((body) => put(name, body, delaySeconds)))
    },
  )
}

/** As the host gives it: JSON is read already. */
export interface Received {
  id: string
  entry: unknown
  dequeueCount: number
}

/** Rejects when the message must stay as it is; the host then gives it again. */
export async function consumeOne(
  skein: Skein,
  put: PutMessage,
  queue: string,
  { id, entry, dequeueCount }: Received,
): Promise<void> {
  const { body, attempts } = unpack(entry)
  const attempt = attempts + dequeueCount
  const [outcome] = await skein.consume([{ id, body, attempt }])
  if (outcome === undefined || outcome.result === 'done') return
  if (outcome.result === 'set-aside') {
    await put(`${queue}-poison`, setAsideBody(body, outcome.reason), 0)
    return
  }
  const again = { ...(JSON.parse(body) as object), attempts: attempt }
  await put(queue, JSON.stringify(again), Math.ceil(outcome.afterSeconds))
}

/** The task as it was first sent, and how often it was tried before it was sent again. */
function unpack(entry: unknown): { body: string; attempts: number } {
  if (typeof entry === 'string') return { body: entry, attempts: 0 }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return { body: JSON.stringify(entry), attempts: 0 }
  }
  const { attempts, ...task } = entry as Record<string, unknown>
  return { body: JSON.stringify(task), attempts: typeof attempts === 'number' ? attempts : 0 }
}

// Works off the embedded queue, a few tasks at a time, until it is told to stop; then it finishes what it has
// in hand and takes nothing more.

import type { Message, Outcome } from '#shared/jobs/queue.ts'
import { timerMilliseconds } from '#shared/wire/retry.ts'
import type { EmbeddedQueue } from './queue.ts'
import { TERM_SECONDS } from './queue.ts'

export interface Worker {
  /** Resolves when nothing is in hand any more. */
  stop(): Promise<void>
}

const CONCURRENCY = 4
/** What a function on Lambda has at most; a step is made to take less. */
export const LONGEST_STEP_MILLISECONDS = 900_000
/** Another process may send to the same queue, and nobody tells this one. */
const LONGEST_WAIT_MILLISECONDS = 2_000

export function startWorker(
  queue: EmbeddedQueue,
  consume: (messages: readonly Message[]) => Promise<Outcome[]>,
  log: (line: string) => void,
): Worker {
  const running = new Map<Message, Promise<void>>()
  let stopped = false
  let timer: NodeJS.Timeout | undefined

  async function run(message: Message): Promise<void> {
    try {
      const [outcome] = await inTime(consume([message]))
      if (outcome) queue.settle(message, outcome)
    } catch (error) {
      // It is free again when its term ends.
      log(JSON.stringify({ level: 'error', task: message.id, error: (error as Error).message }))
    } finally {
      running.delete(message)
      fill()
    }
  }

  function fill(): void {
    clearTimeout(timer)
    if (stopped) return
    const wait = guarded(takeDue) ?? LONGEST_WAIT_MILLISECONDS
    const bounded = Math.min(Math.max(wait, 0), LONGEST_WAIT_MILLISECONDS)
    timer = setTimeout(fill, timerMilliseconds(bounded / 1000))
  }

  /** Milliseconds until there is more. */
  function takeDue(): number {
    const free = CONCURRENCY - running.size
    if (free === 0) return Number.POSITIVE_INFINITY
    for (const message of queue.receive(free)) running.set(message, run(message))
    return (queue.nextAt() ?? Number.POSITIVE_INFINITY) - Date.now()
  }

  /** A database that is locked or full fails no request that sent a task, and does not end the process. */
  function guarded<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      log(JSON.stringify({ level: 'error', queue: 'local', error: (error as Error).message }))
      return undefined
    }
  }

  const prolonging = setInterval(
    () => guarded(() => queue.prolong(running.keys())),
    (TERM_SECONDS * 1000) / 3,
  )
  queue.onSent(fill)
  fill()

  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await Promise.all(running.values())
      clearInterval(prolonging)
    },
  }
}

/** A promise that nobody settles must not take its place from others for good. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const minutes = LONGEST_STEP_MILLISECONDS / 60_000
  const timer = setTimeout(
    () => late.reject(new Error(`It took more than ${minutes} minutes.`)),
    LONGEST_STEP_MILLISECONDS,
  )
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

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
      const [outcome] = await consume([message])
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
    const free = CONCURRENCY - running.size
    if (free === 0) return
    for (const message of queue.receive(free)) running.set(message, run(message))
    const wait = (queue.nextAt() ?? Number.POSITIVE_INFINITY) - Date.now()
    const bounded = Math.min(Math.max(wait, 0), LONGEST_WAIT_MILLISECONDS)
    timer = setTimeout(fill, timerMilliseconds(bounded / 1000))
  }

  const prolonging = setInterval(() => queue.prolong(running.keys()), (TERM_SECONDS * 1000) / 3)
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

// A job worked off by this very process, with no queue: for the command line. Steps run a few at a time; what
// fails for a while is tried again after a pause, and what fails for good pauses the job.

import type { Task } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { pause } from '#shared/wire/retry.ts'
import type { Engine } from './engine.ts'
import { jobFields } from './job.ts'

const ATTEMPTS = 5
const FIRST_PAUSE_SECONDS = 1

interface Waiting {
  task: Task
  attempt: number
  /** Milliseconds since the epoch. */
  due: number
}

export interface Here {
  send(tasks: readonly Task[], options?: { delaySeconds?: number | undefined }): Promise<void>
  /** Until nothing waits any more. After `signal`, what is in hand comes to its end and nothing else begins. */
  run(engine: Engine, options: { atOnce: number; signal?: AbortSignal }): Promise<void>
}

export function createHere(now: () => number = Date.now): Here {
  const waiting: Waiting[] = []

  function add(tasks: readonly Task[], delaySeconds = 0, attempt = 1): void {
    const due = now() + delaySeconds * 1000
    waiting.push(...tasks.map((task) => ({ task, attempt, due })))
  }

  async function runOne(engine: Engine, { task, attempt }: Waiting): Promise<void> {
    const fields = jobFields.parse(task)
    try {
      add(await engine.step(fields, attempt))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const never = !(error instanceof StorageError) || error.retry === 'never'
      if (never || attempt >= ATTEMPTS) await engine.failed(fields, { reason, givenUp: true })
      else add([task], FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), attempt + 1)
    }
  }

  function takeDue(): Waiting | undefined {
    const at = waiting.findIndex(({ due }) => due <= now())
    return at < 0 ? undefined : waiting.splice(at, 1)[0]
  }

  return {
    async send(tasks, { delaySeconds } = {}) {
      add(tasks, delaySeconds)
    },
    async run(engine, { atOnce, signal }) {
      const running = new Set<Promise<void>>()
      const goesOn = (): boolean => waiting.length > 0 && signal?.aborted !== true
      while (running.size > 0 || goesOn()) {
        const next = running.size < atOnce && goesOn() ? takeDue() : undefined
        if (next) {
          const work = runOne(engine, next).finally(() => running.delete(work))
          running.add(work)
        } else if (running.size > 0) await Promise.race(running)
        else await pause((soonest(waiting) - now()) / 1000, signal).catch(() => {})
      }
    },
  }
}

function soonest(waiting: readonly Waiting[]): number {
  return Math.min(...waiting.map(({ due }) => due))
}

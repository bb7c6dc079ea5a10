// Who does what next: every request of every process waits here until it is its turn, and the seed decides
// whose. A process that is killed never gets another; the clock stands still but for what is told here.

import { setImmediate } from 'node:timers/promises'
import type { Random } from './random.ts'

/** One function instance with one message, or one call of the API. */
export interface Process {
  dead: boolean
  /** Others pass it by. */
  slow: boolean
  /** By the world's clock. */
  beganAt: number
}

export interface Scheduler {
  /** Milliseconds since the epoch. */
  now: number
  begin(): Process
  /** Resolves when it is this process's turn; never for the dead. */
  turn(process: Process): Promise<void>
  kill(process: Process): void
  isWaiting(): boolean
  /** Gives one of those that wait its turn, and lets it run until it waits again. */
  release(): Promise<void>
  /** Until nobody runs who does not wait. */
  settle(): Promise<void>
}

const START = Date.UTC(2026, 0, 1)

export function createScheduler(random: Random): Scheduler {
  let waiting: { process: Process; go: () => void }[] = []
  const scheduler: Scheduler = {
    now: START,
    begin: () => ({ dead: false, slow: random.chance(0.35), beganAt: scheduler.now }),
    turn: (process) =>
      new Promise((go) => {
        if (!process.dead) waiting.push({ process, go })
      }),
    kill(process) {
      process.dead = true
      waiting = waiting.filter((one) => one.process !== process)
    },
    isWaiting: () => waiting.length > 0,
    async release() {
      const quick = waiting.filter(({ process }) => !process.slow)
      const passesBy = quick.length > 0 && random.chance(0.98)
      const next = random.pick(passesBy ? quick : waiting)
      waiting.splice(waiting.indexOf(next), 1)
      scheduler.now += 1 + random.below(30)
      next.go()
      await scheduler.settle()
    },
    async settle() {
      // All that is ready runs before the next of these; streams take a few.
      for (let i = 0; i < 3; i++) await setImmediate()
    },
  }
  return scheduler
}

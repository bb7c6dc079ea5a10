// The schedules of the local process. When each is next due stands in the database, so that a restart neither
// forgets one nor begins its interval anew; runs that were missed are made up for by one.

import type { DatabaseSync } from 'node:sqlite'
import { timerMilliseconds } from '#shared/wire/retry.ts'

export type Intervals = Readonly<Record<string, { everySeconds: number }>>

export interface Schedules {
  /** Resolves when none is running any more. */
  stop(): Promise<void>
}

/** `run` may reject: the schedule is then due again after its interval, and `log` is told. */
export function startSchedules(
  database: DatabaseSync,
  intervals: Intervals,
  run: (name: string) => Promise<void>,
  log: (line: string) => void,
): Schedules {
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  let stopped = false
  const first = database.prepare('INSERT OR IGNORE INTO schedules (name, next_at) VALUES (?, ?)')
  const read = database.prepare('SELECT next_at FROM schedules WHERE name = ?')
  const write = database.prepare('UPDATE schedules SET next_at = ? WHERE name = ?')

  function arm(name: string): void {
    if (stopped) return
    const wait = Math.max(Number(read.get(name)?.['next_at']) - Date.now(), 0)
    timers.set(
      name,
      setTimeout(() => fire(name), timerMilliseconds(wait / 1000)),
    )
  }

  function fire(name: string): void {
    const firing = fireOnce(name).finally(() => {
      running.delete(firing)
      arm(name)
    })
    running.add(firing)
  }

  async function fireOnce(name: string): Promise<void> {
    const { everySeconds } = intervals[name]!
    try {
      await run(name)
    } catch (error) {
      log(JSON.stringify({ level: 'error', schedule: name, error: (error as Error).message }))
    }
    // After it has run: whoever dies before this runs it again.
    write.run(Date.now() + everySeconds * 1000, name)
  }

  for (const [name, { everySeconds }] of Object.entries(intervals)) {
    first.run(name, Date.now() + everySeconds * 1000)
    arm(name)
  }

  return {
    async stop() {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}

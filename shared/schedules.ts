// When each schedule comes. What it does then is the tasks' to say; entry points read this table alone.

export const SCHEDULES = {
  /** Unfinished and unattended uploads and copies, tombstones of long ago; sweeps over copies that are due. */
  sweep: { everySeconds: 3600, cron: '17 * * * *' },
  /** Deletions that are due, copies that are late, the canary, jobs that have lost a task. */
  watch: { everySeconds: 300, cron: '*/5 * * * *' },
  /** Whether the stores that take the writes still take them, where writes fail over by themselves. */
  probe: { everySeconds: 60, cron: '* * * * *' },
  /** Stores whose provider tells nothing. */
  scan: { everySeconds: 900, cron: '*/15 * * * *' },
} as const satisfies Record<string, Schedule>

export interface Schedule {
  everySeconds: number
  /** In UTC, as cron writes it. */
  cron: string
}

export type ScheduleName = keyof typeof SCHEDULES

// What goes on behind the requests of the local process: the queue in a database of its folder, what works it
// off, and the schedules.

import type { Skein } from '#shared/app.ts'
import type { Queue } from '#shared/platform.ts'
import { SCHEDULES } from '#shared/schedules.ts'
import { openDatabase } from './database.ts'
import { openQueue } from './queue.ts'
import { startSchedules } from './schedules.ts'
import { startWorker } from './worker.ts'

export interface Background {
  queue: Queue
  /** Resolves when nothing is in hand any more. */
  stop(): Promise<void>
}

export async function startBackground(path: string, skein: Skein): Promise<Background> {
  const database = openDatabase(path)
  const queue = await openQueue(database)
  const { error: log } = console
  const worker = startWorker(queue, (messages) => skein.consume(messages), log)
  const schedules = startSchedules(database, SCHEDULES, (name) => skein.schedule(name), log)
  return {
    queue,
    async stop() {
      await Promise.all([schedules.stop(), worker.stop()])
      database.close()
    },
  }
}

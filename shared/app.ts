// Composes the three doors that every deploy target offers, and nothing else: HTTP, the queue, the schedules.

import { createApi } from './api/api.ts'
import type { Config } from './config/config.ts'
import type { Message, Outcome } from './jobs/queue.ts'
import type { Platform } from './platform.ts'
import { openSuite } from './suite.ts'
import type { Tasks } from './tasks.ts'

export interface Skein {
  fetch(request: Request): Response | Promise<Response>
  /** One outcome a message, in order. Never throws for what a message holds. */
  consume(messages: readonly Message[]): Promise<Outcome[]>
  /** Enqueues that schedule's first tasks. */
  schedule(name: string): Promise<void>
}

export function createSkein(config: Config, platform: Platform): Skein {
  const suite = openSuite(config, platform)
  const api = createApi(suite)
  let tasks: Promise<Tasks> | undefined
  // In a file of its own: a function that only answers HTTP pays for nothing that runs behind it.
  const work = () => (tasks ??= import('./tasks.ts').then(({ createTasks }) => createTasks(suite)))
  return {
    fetch: (request) => api.fetch(request),
    consume: async (messages) => (await work()).consume(messages),
    schedule: async (name) => (await work()).schedule(name),
  }
}

// A Worker's environment as the platform that the shared code asks for: text variables are its variables,
// everything else is a binding. QUEUE and SET_ASIDE are the suite's queues, WORK the Worker behind the front.

import { waitUntil } from 'cloudflare:workers'
import type { Platform } from '#shared/platform.ts'
import type { QueueBinding } from './queue.ts'
import { bindingQueue } from './queue.ts'

export interface Environment {
  readonly [name: string]: unknown
  readonly QUEUE?: QueueBinding
  readonly SET_ASIDE?: QueueBinding
  readonly WORK?: { fetch(request: Request): Promise<Response> }
}

export function platformOf(environment: Environment): Platform {
  const entries = Object.entries(environment)
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const { QUEUE } = environment
  return {
    env: Object.fromEntries(texts),
    bindings: Object.fromEntries(entries.filter(([, value]) => typeof value !== 'string')),
    fileSystem: false,
    now: Date.now,
    queue: QUEUE && bindingQueue(QUEUE),
    waitUntil,
    log: console.error,
  }
}

// A Cloudflare Worker: every door in one. Text variables are the environment, everything else a binding:
// QUEUE and SET_ASIDE are the suite's queues, others are buckets that stores name.

import { waitUntil } from 'cloudflare:workers'
import type { Skein } from '#shared/app.ts'
import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'
import { SCHEDULES } from '#shared/schedules.ts'
import type { QueueBinding, ReceivedMessage } from './queue.ts'
import { bindingQueue, consumeBatch } from './queue.ts'

interface Environment {
  readonly [name: string]: unknown
  readonly QUEUE?: QueueBinding
  readonly SET_ASIDE?: QueueBinding
}

let skein: Promise<Skein> | undefined

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    skein ??= open(environment)
    return (await skein).fetch(request)
  },

  async queue(
    { messages }: { messages: readonly ReceivedMessage[] },
    environment: Environment,
  ): Promise<void> {
    skein ??= open(environment)
    await consumeBatch(await skein, messages, environment.SET_ASIDE)
  },

  async scheduled({ cron }: { cron: string }, environment: Environment): Promise<void> {
    skein ??= open(environment)
    const named = Object.entries(SCHEDULES).filter(([, schedule]) => schedule.cron === cron)
    if (named.length === 0) throw new Error(`No schedule of this suite runs at "${cron}".`)
    for (const [name] of named) await (await skein).schedule(name)
  },
}

async function open(environment: Environment): Promise<Skein> {
  const entries = Object.entries(environment)
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const { QUEUE } = environment
  const platform: Platform = {
    env: Object.fromEntries(texts),
    bindings: Object.fromEntries(entries.filter(([, value]) => typeof value !== 'string')),
    fileSystem: false,
    now: Date.now,
    queue: QUEUE && bindingQueue(QUEUE),
    waitUntil,
    log: console.error,
  }
  return createSkein(await findConfig(platform), platform)
}

// The Worker behind the front: every route that the front does not answer, the queue, the schedules.

import type { Skein } from '#shared/app.ts'
import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import { SCHEDULES } from '#shared/schedules.ts'
import type { Environment } from './environment.ts'
import { platformOf } from './environment.ts'
import type { ReceivedMessage } from './queue.ts'
import { consumeBatch } from './queue.ts'

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
  const platform = platformOf(environment)
  return createSkein(await findConfig(platform), platform)
}

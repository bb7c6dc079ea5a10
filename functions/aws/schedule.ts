// The schedules' door on AWS Lambda: EventBridge sends the name of a schedule.

import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import { platform } from './platform.ts'

const skein = createSkein(await findConfig(platform), platform)

export async function handler(event: unknown): Promise<void> {
  const name = (event as { schedule?: unknown } | null)?.schedule
  if (typeof name !== 'string') {
    throw new Error('This function runs schedules alone, and the event names none.')
  }
  await skein.schedule(name)
}

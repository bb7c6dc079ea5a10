// How a bucket's own settings are asked for: one request to the provider, with the store's time limit and retries.

import { DEFAULT_RETRY } from '#shared/wire/retry.ts'
import { call } from './call.ts'
import type { Opening } from './opening.ts'
import { DEFAULT_TIMEOUTS } from './options.ts'
import type { Ask } from './setup-step.ts'

export function createAsk(
  { name, options, platform }: Opening,
  signal: AbortSignal | undefined,
): Ask {
  const { retry, timeouts } = options
  const caller = {
    store: name,
    retry: {
      attempts: retry?.attempts ?? DEFAULT_RETRY.attempts,
      delaySeconds: retry?.delaySeconds ?? DEFAULT_RETRY.delaySeconds,
      maxDelaySeconds: retry?.maxDelaySeconds ?? DEFAULT_RETRY.maxDelaySeconds,
    },
    now: platform.now,
  }
  const timeoutSeconds = timeouts?.requestSeconds ?? DEFAULT_TIMEOUTS.requestSeconds
  return (operation, run, conditional) =>
    call(caller, { operation, timeoutSeconds, signal, conditional }, run)
}

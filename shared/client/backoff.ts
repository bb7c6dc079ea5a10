// Trying again: exponential with full jitter, a Retry-After waited for in full, no try while the browser
// says that it is offline, and an end at once when the signal says so.

import { SkeinError } from './errors.ts'

export interface Patience {
  /** The first try counts. */
  attempts: number
  delaySeconds: number
  maxDelaySeconds: number
}

export const DEFAULT_PATIENCE: Patience = { attempts: 6, delaySeconds: 0.5, maxDelaySeconds: 30 }

export async function retry<T>(
  attempt: (number: number) => Promise<T>,
  patience: Patience,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let number = 1; ; number++) {
    signal?.throwIfAborted()
    try {
      return await attempt(number)
    } catch (error) {
      const passing = error instanceof SkeinError && error.passing
      if (!passing || number >= patience.attempts || signal?.aborted) throw error
      await pause(waitSeconds(number, error, patience), signal)
      await online(signal)
    }
  }
}

function waitSeconds(number: number, error: SkeinError, patience: Patience): number {
  const ceiling = Math.min(patience.maxDelaySeconds, patience.delaySeconds * 2 ** (number - 1))
  return Math.max(Math.random() * ceiling, error.retryAfterSeconds ?? 0)
}

function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return unlessAborted(signal, (done) => {
    const timer = setTimeout(done, seconds * 1000)
    return () => clearTimeout(timer)
  })
}

/** At once where nobody can tell. */
function online(signal: AbortSignal | undefined): Promise<void> {
  const knows = typeof navigator === 'object' && 'onLine' in navigator
  if (!knows || navigator.onLine) return Promise.resolve()
  return unlessAborted(signal, (done) => {
    addEventListener('online', done)
    return () => removeEventListener('online', done)
  })
}

function unlessAborted(
  signal: AbortSignal | undefined,
  begin: (done: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      end()
      reject(signal?.reason as Error)
    }
    const end = begin(() => {
      signal?.removeEventListener('abort', onAbort)
      end()
      resolve()
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}

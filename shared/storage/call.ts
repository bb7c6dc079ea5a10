// One call to a driver, done properly for all of them: a time limit, retries with jitter where a retry
// cannot do harm, the caller's own abort signal, errors that name store and key, and an observation.

import { following } from '#shared/wire/following.ts'
import type { RetryPolicy, Verdict } from '#shared/wire/retry.ts'
import { retry, timerMilliseconds } from '#shared/wire/retry.ts'
import { quoteKey } from './keys.ts'
import type { ErrorKind } from './errors.ts'
import { StorageError } from './errors.ts'

export interface Observation {
  store: string
  operation: string
  /** Absent when it went well. */
  error?: ErrorKind | undefined
  attempt: number
  milliseconds: number
}

export interface Caller {
  store: string
  retry: RetryPolicy
  observe?: ((observation: Observation) => void) | undefined
  now: () => number
}

export interface CallOptions {
  operation: string
  key?: string | undefined
  signal?: AbortSignal | undefined
  /** The signal ends the answer's body too, and so must not outlast it by much; else whoever reads that has to look. */
  forBody?: boolean | undefined
  /** For each attempt; absent: the body that moves keeps its own watch. */
  timeoutSeconds?: number | undefined
  /** False for a stream that cannot be read twice. */
  repeatable?: boolean | undefined
  /** A write under a condition: once its answer is lost, a second try would meet the first one's result. */
  conditional?: boolean | undefined
}

export function call<T>(
  caller: Caller,
  options: CallOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const policy = options.repeatable === false ? { ...caller.retry, attempts: 1 } : caller.retry
  return retry(
    (attempt) => attemptOnce(caller, options, attempt, run),
    (error) => judge(error, options.conditional ?? false),
    policy,
    options.signal,
  )
}

function judge(error: unknown, conditional: boolean): Verdict {
  if (!(error instanceof StorageError) || error.retry === 'never') return { retry: false }
  if (conditional && error.ambiguous) return { retry: false }
  return {
    retry: true,
    afterSeconds: error.retryAfterSeconds,
    immediately: error.retry === 'now',
  }
}

async function attemptOnce<T>(
  caller: Caller,
  options: CallOptions,
  attempt: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted()
  const limit = timeLimit(options)
  const started = caller.now()
  const { store } = caller
  const observe = (error?: ErrorKind) => {
    const milliseconds = caller.now() - started
    caller.observe?.({ store, operation: options.operation, error, attempt, milliseconds })
  }
  try {
    const result = await run(limit.signal)
    observe()
    return result
  } catch (error) {
    // What the caller gave up says nothing of the store.
    if (options.signal?.aborted) throw error
    const failure = limit.expired() ? timedOut(caller, options) : complete(error, caller, options)
    // What another store did, whose bytes were on their way here, says nothing of this one.
    if (failure.store === undefined || failure.store === store) observe(failure.kind)
    throw failure
  } finally {
    limit.clear()
  }
}

interface TimeLimit {
  signal: AbortSignal
  expired(): boolean
  clear(): void
}

function timeLimit({ timeoutSeconds, signal, forBody }: CallOptions): TimeLimit {
  const own = new AbortController()
  let isLate = false
  const onLate = () => {
    isLate = true
    own.abort(new Error('timed out'))
  }
  const timer =
    timeoutSeconds === undefined ? undefined : setTimeout(onLate, timerMilliseconds(timeoutSeconds))
  const unfollow = following(own, signal)
  return {
    signal: own.signal,
    expired: () => isLate,
    clear() {
      clearTimeout(timer)
      if (!forBody) unfollow()
    },
  }
}

function timedOut(caller: Caller, options: CallOptions): StorageError {
  return new StorageError(
    'unavailable',
    `${caller.store} did not answer ${subject(options)} within ${options.timeoutSeconds} seconds; check that its endpoint can be reached.`,
    { store: caller.store, key: options.key, ambiguous: true },
  )
}

/** A driver's error with what only the caller knows filled in; anything else is a fault of ours. */
function complete(error: unknown, caller: Caller, options: CallOptions): StorageError {
  if (error instanceof StorageError) return asAsked(error, caller, options)
  const text = error instanceof Error ? error.message : String(error)
  return new StorageError('internal', `${caller.store} failed at ${subject(options)}: ${text}`, {
    store: caller.store,
    key: options.key,
    cause: error,
  })
}

/** Drivers know keys with the store's prefix, and whoever asked knows them without. */
function asAsked(error: StorageError, { store }: Caller, { key }: CallOptions): StorageError {
  const isLonger = key !== undefined && error.key !== key && error.key?.endsWith(key)
  if (!isLonger || error.store !== store) return error
  const { kind, message, cause, ...details } = error
  return new StorageError(kind, message, { ...details, key, cause })
}

function subject({ operation, key }: CallOptions): string {
  return key === undefined ? operation : `${operation} ${quoteKey(key)}`
}

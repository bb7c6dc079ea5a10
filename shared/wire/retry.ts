// One retry for everything: exponential, with full jitter, so that a crowd of callers spreads out; a
// Retry-After is waited for in full, or not at all where it is so long that nobody would wait here; an abort
// ends the wait at once.

export interface RetryPolicy {
  /** The first try counts. */
  attempts: number
  delaySeconds: number
  maxDelaySeconds: number
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 4, delaySeconds: 0.2, maxDelaySeconds: 20 }

/** What a failure says about trying again; `afterSeconds` is the least wait the other side asked for. */
export interface Verdict {
  retry: boolean
  afterSeconds?: number | undefined
  /** Again without a pause: nothing is gained by waiting. */
  immediately?: boolean | undefined
}

/** Who is told to come back later than this is told so, instead of being kept waiting. */
const LONGEST_WAIT_SECONDS = 120

export async function retry<T>(
  attempt: (number: number) => Promise<T>,
  judge: (error: unknown) => Verdict,
  policy: RetryPolicy,
  signal?: AbortSignal,
): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number)
    } catch (error) {
      const verdict = judge(error)
      const { afterSeconds = 0 } = verdict
      const worthIt = verdict.retry && afterSeconds <= LONGEST_WAIT_SECONDS
      if (!worthIt || number >= policy.attempts || signal?.aborted) throw error
      await pause(delaySeconds(number, verdict, policy), signal)
    }
  }
}

function delaySeconds(number: number, verdict: Verdict, policy: RetryPolicy): number {
  const ceiling = Math.min(policy.maxDelaySeconds, policy.delaySeconds * 2 ** (number - 1))
  const jittered = verdict.immediately ? 0 : Math.random() * ceiling
  return Math.max(jittered, verdict.afterSeconds ?? 0)
}

const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1

/** For a timer, which rings at once when it is asked to wait longer than it can. */
export function timerMilliseconds(seconds: number): number {
  return Math.min(seconds * 1000, LONGEST_TIMER_MILLISECONDS)
}

export function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, timerMilliseconds(seconds))
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

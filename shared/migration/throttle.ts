// Requests and bytes a second and money a day, shared out among the parts that are not through. What is not begun
// for it waits: a short while here, a long one until the queue brings the step again.

import { NANO } from '#shared/integrity/costs.ts'
import { pause } from '#shared/wire/retry.ts'

export interface Throttle {
  /** Resolves when an object of that size may be begun; false: not in this step any more. */
  enter(bytes: number): Promise<boolean>
  asked(): void
  /** Of an object that is brought over in parts. */
  moved(bytes: number): void
  /** What is under way should be left for later. */
  isOver(): boolean
  /** How long the next step is to wait. */
  delaySeconds(): number | undefined
}

export interface Share {
  requestsPerSecond?: number | undefined
  bytesPerSecond?: number | undefined
  /** Billionths of a dollar that may still be spent today. */
  nano?: number | undefined
}

/** Longer waits are the queue's. */
const LONGEST_WAIT_SECONDS = 5
/** Of a day, in pieces that every queue can delay by. */
const LONGEST_DELAY_SECONDS = 840
const DAY_SECONDS = 86_400
/** A GET and a PUT. */
const REQUESTS_AN_OBJECT = 2

export function createThrottle(
  { requestsPerSecond = Infinity, bytesPerSecond = Infinity, nano = Infinity }: Share,
  spentNano: () => number,
  now: () => number,
): Throttle {
  const began = now()
  /** Seconds since then that what was begun would have taken at the pace allowed. */
  let due = 0
  let isFull = false
  let foreseen = 0
  const ahead = (): number => due - (now() - began) / 1000
  const isSpent = (): boolean => spentNano() >= nano
  const take = (requests: number, bytes: number): void => {
    // Nobody saves up time that he did not use.
    due = Math.max(due, (now() - began) / 1000)
    due += Math.max(requests / requestsPerSecond, bytes / bytesPerSecond)
  }
  return {
    async enter(bytes) {
      const waits = ahead()
      if (isSpent() || waits > LONGEST_WAIT_SECONDS) isFull = true
      if (isFull) return false
      foreseen += REQUESTS_AN_OBJECT
      take(REQUESTS_AN_OBJECT, bytes)
      if (waits > 0) await pause(waits)
      return true
    },
    asked() {
      if (foreseen > 0) foreseen--
      else take(1, 0)
    },
    moved: (bytes) => take(0, bytes),
    isOver: () => isFull || isSpent() || ahead() > LONGEST_WAIT_SECONDS,
    delaySeconds() {
      const untilTomorrow = DAY_SECONDS - ((now() / 1000) % DAY_SECONDS)
      const seconds = isSpent() ? untilTomorrow : ahead()
      return seconds > 0 ? Math.ceil(Math.min(seconds, LONGEST_DELAY_SECONDS)) : undefined
    },
  }
}

/** Of a limit of the job's, for one part of so many. */
export function shareOf(
  limits: { requestsPerSecond?: number | undefined; bytesPerSecond?: number | undefined },
  parts: number,
): Share {
  const { requestsPerSecond, bytesPerSecond } = limits
  return {
    ...(requestsPerSecond !== undefined && { requestsPerSecond: requestsPerSecond / parts }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond: bytesPerSecond / parts }),
  }
}

/** Of the day's money, what is left after all that was spent today. */
export function nanoLeft(usdPerDay: number, spentToday: number, parts: number): number {
  return Math.max(0, usdPerDay * NANO - spentToday) / parts
}

// The one error of the client: a kind to act on, in the words that Skein's own problems use, and a sentence
// to read. No message holds a URL, since a signed URL is a credential.

import type { Problem } from './protocol.ts'

export type SkeinErrorKind =
  | 'not-found'
  | 'exists'
  | 'precondition'
  | 'denied'
  | 'unauthenticated'
  | 'invalid'
  | 'too-large'
  | 'unsupported'
  | 'throttled'
  | 'unavailable'
  | 'corrupt'
  | 'internal'

export interface SkeinErrorOptions {
  status?: number | undefined
  /** What the API said; absent where a store refused, or nobody answered. */
  problem?: Problem | undefined
  /** Trying again may help. */
  passing?: boolean
  retryAfterSeconds?: number | undefined
  cause?: unknown
}

export class SkeinError extends Error {
  readonly kind: SkeinErrorKind
  readonly status: number | undefined
  readonly problem: Problem | undefined
  readonly passing: boolean
  readonly retryAfterSeconds: number | undefined

  constructor(kind: SkeinErrorKind, message: string, options: SkeinErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'SkeinError'
    this.kind = kind
    this.status = options.status
    this.problem = options.problem
    this.passing = options.passing ?? false
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

const KIND_BY_STATUS: Readonly<Record<number, SkeinErrorKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'denied',
  404: 'not-found',
  409: 'exists',
  412: 'precondition',
  413: 'too-large',
  422: 'unsupported',
  429: 'throttled',
}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

export function kindOfStatus(status: number): SkeinErrorKind {
  return KIND_BY_STATUS[status] ?? (isPassing(status) ? 'unavailable' : 'internal')
}

export function isPassing(status: number): boolean {
  return PASSING.has(status)
}

/** Nobody answered; `what` begins the sentence. An abort stays what it is. */
export function networkError(what: string, cause: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason
  return new SkeinError('unavailable', `${what} got no answer: is the network there?`, {
    passing: true,
    cause,
  })
}

/** Retry-After, in either of its forms. */
export function retryAfterSeconds(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  const wait = Number.isNaN(seconds) ? (Date.parse(header) - Date.now()) / 1000 : seconds
  return wait >= 0 ? wait : undefined
}

// The one error type of storage. Callers act on `kind` and `retry` and never read the text; people read
// the text, so it is one sentence that says what happened, to which store and key, and what to do.

export type ErrorKind =
  | 'not-found' // no such object, bucket, upload or version
  | 'exists' // a create found the key taken
  | 'precondition' // an ifMatch did not hold
  | 'denied' // the credentials are known and may not do this
  | 'unauthenticated' // no credentials, or the store does not accept them
  | 'invalid' // the request cannot be right, whoever sends it
  | 'too-large' // larger than this store takes
  | 'unsupported' // this store cannot do it; said before any request is made
  | 'throttled' // asked to slow down
  | 'unavailable' // no answer, a cut connection, a 5xx
  | 'corrupt' // bytes and digest disagree
  | 'internal' // an answer that makes no sense, or a fault of ours

/** `now`: the same call may succeed at once; `later`: after a pause; `never`: not without a change. */
export type Retry = 'never' | 'now' | 'later'

export interface ErrorDetails {
  retry?: Retry | undefined
  store?: string | undefined
  key?: string | undefined
  cause?: unknown
  /** The request may have been carried out all the same: its answer was lost. */
  ambiguous?: boolean | undefined
  /** The store said when to come back. */
  retryAfterSeconds?: number | undefined
  /** The HTTP status the store gave, for the curious. */
  status?: number | undefined
}

const RETRY: Record<ErrorKind, Retry> = {
  'not-found': 'never',
  exists: 'never',
  precondition: 'never',
  denied: 'never',
  unauthenticated: 'never',
  invalid: 'never',
  'too-large': 'never',
  unsupported: 'never',
  throttled: 'later',
  unavailable: 'later',
  corrupt: 'now',
  internal: 'never',
}

export class StorageError extends Error {
  readonly kind: ErrorKind
  readonly retry: Retry
  readonly store: string | undefined
  readonly key: string | undefined
  readonly ambiguous: boolean
  readonly retryAfterSeconds: number | undefined
  readonly status: number | undefined

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'StorageError'
    this.kind = kind
    this.retry = details.retry ?? RETRY[kind]
    this.store = details.store
    this.key = details.key
    this.ambiguous = details.ambiguous ?? false
    this.retryAfterSeconds = details.retryAfterSeconds
    this.status = details.status
  }
}

export function isStorageError(error: unknown, kind?: ErrorKind): error is StorageError {
  return error instanceof StorageError && (kind === undefined || error.kind === kind)
}

/** For `catch`: what is not there is undefined; not knowing whether it is there stays an error. */
export function absentAlone(error: unknown): undefined {
  if (!isStorageError(error, 'not-found')) throw error
  return undefined
}

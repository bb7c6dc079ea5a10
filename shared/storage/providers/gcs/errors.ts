// What Cloud Storage's refusals mean, by one table of reasons (both APIs' spellings) and statuses. A refusal
// may say nothing more than its status; then the status decides.
// https://cloud.google.com/storage/docs/json_api/v1/status-codes
// https://cloud.google.com/storage/docs/xml-api/reference-status

import { textOf } from '#shared/wire/xml.ts'
import type { ErrorKind } from '../../errors.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'

/** What was asked, for the message and for what a 412 means. */
export interface Asked {
  store: string
  bucket: string
  key?: string | undefined
  /** Something changes if it is carried out. */
  writes: boolean
  /** The write was to find nothing at the key. */
  creates?: boolean | undefined
}

interface Refusal {
  status: number
  /** The JSON API's `reason` or the XML API's `Code`. */
  reason: string
  message: string
}

const KIND_BY_REASON: Record<string, ErrorKind> = {
  RequestTimeTooSkewed: 'unauthenticated',
  SignatureDoesNotMatch: 'unauthenticated',
  InvalidSecurity: 'unauthenticated',
  ExpiredToken: 'unauthenticated',
  rateLimitExceeded: 'throttled',
  userRateLimitExceeded: 'throttled',
  quotaExceeded: 'throttled',
  SlowDown: 'throttled',
  BadDigest: 'corrupt',
  EntityTooLarge: 'too-large',
  uploadTooLarge: 'too-large',
}

const KIND_BY_STATUS: Record<number, ErrorKind> = {
  304: 'precondition',
  400: 'invalid',
  401: 'unauthenticated',
  403: 'denied',
  404: 'not-found',
  408: 'unavailable',
  409: 'precondition',
  410: 'not-found',
  411: 'invalid',
  412: 'precondition',
  413: 'too-large',
  416: 'invalid',
  429: 'throttled',
  501: 'unsupported',
}

export function refusalError(
  asked: Asked,
  status: number,
  body: string,
  retryAfter: string | null | undefined,
): StorageError {
  const refusal = readRefusal(status, body)
  const kind = kindOf(asked, refusal)
  const seconds = Number(retryAfter ?? NaN)
  return new StorageError(kind, sentence(asked, refusal, kind), {
    store: asked.store,
    // A bucket that is missing is no fault of the key.
    key: isBucketMissing(refusal) ? undefined : asked.key,
    status,
    retryAfterSeconds: seconds >= 0 ? seconds : undefined,
    ambiguous: asked.writes && kind === 'unavailable',
  })
}

function kindOf(asked: Asked, { status, reason, message }: Refusal): ErrorKind {
  if (status === 412 && asked.creates) return 'exists'
  // The JSON API has no reason of its own for this: it says "invalid" of many things.
  if (status === 400 && message.includes("doesn't match calculated")) return 'corrupt'
  return (
    KIND_BY_REASON[reason] ?? KIND_BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'internal')
  )
}

function readRefusal(status: number, body: string): Refusal {
  if (body.startsWith('{')) return readJsonRefusal(status, body)
  return {
    status,
    reason: textOf(body, 'Code') ?? '',
    message: textOf(body, 'Details') ?? textOf(body, 'Message') ?? '',
  }
}

interface JsonRefusal {
  error?: { message?: string; errors?: { reason?: string }[] }
}

function readJsonRefusal(status: number, body: string): Refusal {
  try {
    const { error }: JsonRefusal = JSON.parse(body)
    return { status, reason: error?.errors?.[0]?.reason ?? '', message: error?.message ?? '' }
  } catch {
    return { status, reason: '', message: '' }
  }
}

function sentence(asked: Asked, refusal: Refusal, kind: ErrorKind): string {
  const { store } = asked
  const what = asked.key === undefined ? store : `${quoteKey(asked.key)} in ${store}`
  switch (kind) {
    case 'not-found':
      return missing(asked, refusal, what)
    case 'exists':
      return `${what} is there already, and was only to be created.`
    case 'precondition':
      return `${what} is no longer what was expected; look at it again.`
    case 'unauthenticated':
      return refusal.reason === 'RequestTimeTooSkewed'
        ? `${store} refused the request's time: this machine's clock is off; set it.`
        : `${store} does not accept these credentials${said(refusal)}; check the account and its key.`
    case 'denied':
      return `The credentials may not do this with ${what}${said(refusal)}; grant the account a role that allows it.`
    case 'throttled':
      return `${store} asks to slow down at ${what}${said(refusal)}; try again later.`
    case 'corrupt':
      return `${store} received other bytes for ${what} than their digest says, and kept nothing; send them again.`
    case 'unavailable':
      return `${store} answered ${refusal.status} for ${what}${said(refusal)}; try again later.`
    default:
      return `${store} refused ${what} with ${refusal.status}${said(refusal)}; correct the request.`
  }
}

function missing({ store, bucket }: Asked, refusal: Refusal, what: string): string {
  if (isBucketMissing(refusal)) {
    return `The bucket "${bucket}" of ${store} does not exist; create it or correct the URI.`
  }
  return refusal.reason === 'NoSuchUpload'
    ? `There is no such upload of ${what}; it was completed or aborted.`
    : `There is no ${what}; it may have been deleted.`
}

function isBucketMissing({ reason, message }: Refusal): boolean {
  return reason === 'NoSuchBucket' || /bucket does not exist/i.test(message)
}

/** Google's own words, on one line. They never hold a token; what is long is cut. */
function said({ reason, message }: Refusal): string {
  const words = (message || reason).replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return words === '' ? '' : ` (${words.slice(0, 200)})`
}

/** Before any answer: the connection failed. */
export function connectionError(asked: Asked, endpoint: string, cause: unknown): StorageError {
  const { store, key } = asked
  const code = codeOf(cause)
  const unsent = code !== undefined && UNSENT.has(code)
  const message = unsent
    ? `${store} cannot be reached at ${endpoint} (${code}); check the endpoint and the network.`
    : `The connection to ${store} broke before it answered; try again.`
  return new StorageError('unavailable', message, {
    store,
    key,
    cause,
    ambiguous: asked.writes && !unsent,
  })
}

/** Nothing was sent when the connection never came about. */
const UNSENT = new Set(['ENOTFOUND', 'ECONNREFUSED', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'])

/** `fetch` keeps the reason in its error's cause. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}

/** A success that lacks what makes it one. */
export function senseless(store: string, key: string, did: string): StorageError {
  const message = `${store} ${did} for ${quoteKey(key)}, which makes no sense; if a proxy stands before it, look there.`
  return new StorageError('internal', message, { store, key })
}

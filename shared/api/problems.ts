// Errors as RFC 9457 problem documents. Each kind of storage error has its stable `type` and its status;
// what is not a storage error is a fault of ours, told without its insides.

import { HTTPException } from 'hono/http-exception'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { AccessError } from '#shared/access/refusals.ts'
import type { Problem } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { InvalidRequest } from './invalid.ts'

export type { Problem } from '#shared/client/protocol.ts'

const STATUS: Record<ErrorKind, number> = {
  'not-found': 404,
  exists: 409,
  precondition: 412,
  denied: 403,
  unauthenticated: 401,
  invalid: 400,
  'too-large': 413,
  unsupported: 422,
  throttled: 429,
  unavailable: 503,
  corrupt: 422,
  internal: 500,
}

export const ERROR_KINDS = Object.keys(STATUS) as ErrorKind[]

const TITLE: Record<ErrorKind, string> = {
  'not-found': 'There is no such thing',
  exists: 'The key is taken',
  precondition: 'The condition does not hold',
  denied: 'Not allowed',
  unauthenticated: 'Not authenticated',
  invalid: 'The request cannot be right',
  'too-large': 'Too large',
  unsupported: 'The store cannot do this',
  throttled: 'Slow down',
  unavailable: 'The store does not answer',
  corrupt: 'Bytes and digest disagree',
  internal: 'Something went wrong here',
}

export function problem(kind: ErrorKind, detail: string): Problem {
  return { type: `urn:skein:problem:${kind}`, title: TITLE[kind], status: STATUS[kind], detail }
}

const REQUEST_KIND = {
  400: 'invalid',
  405: 'unsupported',
  411: 'invalid',
  413: 'too-large',
  415: 'invalid',
} as const

/** What is wrong with a request as HTTP, before anybody looks at what it says. */
export class RequestError extends Error {
  readonly status: keyof typeof REQUEST_KIND
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: keyof typeof REQUEST_KIND,
    sentence: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(sentence)
    this.name = 'RequestError'
    this.status = status
    this.headers = headers
  }
}

/** The status of our own credentials' refusal by a store: no fault of the caller, who is known. */
const OUR_CREDENTIALS = 502

export function toProblem(error: unknown): Problem {
  if (error instanceof StorageError) {
    const { kind, message, store, key } = error
    const told: Problem = { ...problem(kind, message), ...{ store, key } }
    if (kind === 'unauthenticated' && store !== undefined) told.status = OUR_CREDENTIALS
    if ('rule' in error && typeof error.rule === 'string') told.rule = error.rule
    if (error instanceof InvalidRequest) told.errors = [...error.errors]
    return told
  }
  if (error instanceof RequestError) {
    return { ...problem(REQUEST_KIND[error.status], error.message), status: error.status }
  }
  if (error instanceof HTTPException) {
    const { status, message } = error
    return { type: 'about:blank', title: message, status, detail: message }
  }
  return problem('internal', 'The request failed for a reason of the server; its log tells more.')
}

export interface Reply {
  status: number
  body: string | null
  headers: Record<string, string>
}

/** The answer for an error, or for a problem that is one already. */
export function problemReply(fault: unknown): Reply {
  const told = isProblem(fault) ? fault : toProblem(fault)
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (fault instanceof AccessError) headers['www-authenticate'] = fault.challenge
  if (fault instanceof RequestError) Object.assign(headers, fault.headers)
  if (fault instanceof StorageError && fault.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.ceil(fault.retryAfterSeconds))
  }
  return { status: told.status, body: JSON.stringify(told), headers }
}

export function problemResponse(fault: unknown): Response {
  const { body, status, headers } = problemReply(fault)
  return new Response(body, { status, headers })
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'type' in value && 'detail' in value
}

// Errors as RFC 9457 problem documents. Each kind of storage error has its stable `type` and its status;
// what is not a storage error is a fault of ours, told without its insides.

import { HTTPException } from 'hono/http-exception'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { StorageError } from '#shared/storage/errors.ts'

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

export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  store?: string | undefined
  key?: string | undefined
}

export function problem(kind: ErrorKind, detail: string): Problem {
  return { type: `urn:skein:problem:${kind}`, title: TITLE[kind], status: STATUS[kind], detail }
}

export function toProblem(error: unknown): Problem {
  if (error instanceof StorageError) {
    const { kind, message, store, key } = error
    return { ...problem(kind, message), store, key }
  }
  if (error instanceof HTTPException) {
    const { status, message } = error
    return { type: 'about:blank', title: message, status, detail: message }
  }
  return problem('internal', 'The request failed for a reason of the server; its log tells more.')
}

/** The response for an error, or for a problem that is one already. */
export function problemResponse(fault: unknown): Response {
  const body = isProblem(fault) ? fault : toProblem(fault)
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (fault instanceof StorageError && fault.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.ceil(fault.retryAfterSeconds))
  }
  return new Response(JSON.stringify(body), { status: body.status, headers })
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'type' in value && 'detail' in value
}

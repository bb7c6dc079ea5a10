/**
 * Failures on demand, and the log of what was asked. Rules belong to a bucket, so tests that
 * share a server do not meet each other's faults.
 */
import type { Call, Route } from './call.ts'
import { isObject } from './call.ts'
import { GcsError, invalid } from './errors.ts'
import type { State } from './state.ts'

export type FaultAction =
  | { readonly status: number; readonly reason: string; readonly retryAfter?: number }
  | { readonly cutAfterBytes: number }
  | { readonly cutRequestAfterBytes: number }
  | { readonly hang: true }
  | { readonly flipByteAt: number }
  | { readonly delayMs: number }
  | { readonly loseAnswer: true }

export interface FaultRule {
  readonly bucket: string
  readonly method?: string
  readonly operation?: string
  readonly keyPrefix?: string
  readonly action: FaultAction
  /** How many matching requests pass before the rule acts. */
  skip: number
  /** How many requests the rule still acts upon. */
  times: number
}

export interface LoggedRequest {
  readonly api: 'json' | 'xml'
  readonly operation: string
  readonly method: string
  readonly bucket: string
  readonly key: string
  readonly status: number
  /** Body bytes that came in and went out. */
  readonly bytesIn: number
  readonly bytesOut: number
}

const ACTIONS = [
  'status',
  'cutAfterBytes',
  'cutRequestAfterBytes',
  'hang',
  'flipByteAt',
  'delayMs',
  'loseAnswer',
]

export function readFaultRule(value: unknown): FaultRule {
  if (!isObject(value) || typeof value['bucket'] !== 'string' || !isAction(value['action'])) {
    throw invalid('A fault rule needs a bucket and one known action.')
  }
  const { bucket, method, operation, keyPrefix, skip, times, action } = value
  return {
    bucket,
    ...(typeof method === 'string' ? { method } : {}),
    ...(typeof operation === 'string' ? { operation } : {}),
    ...(typeof keyPrefix === 'string' ? { keyPrefix } : {}),
    skip: Number(skip ?? 0),
    times: Number(times ?? 1),
    action,
  }
}

function isAction(value: unknown): value is FaultAction {
  if (!isObject(value)) return false
  const named = ACTIONS.filter((name) => name in value)
  return named.length === 1 && (named[0] !== 'status' || typeof value['reason'] === 'string')
}

/** The first rule that this request meets; its count goes down. */
export function takeFault(state: State, call: Call, route: Route): FaultAction | undefined {
  for (const rule of state.faults) {
    if (!matches(rule, call, route) || rule.times <= 0) continue
    if (rule.skip > 0) {
      rule.skip -= 1
      continue
    }
    rule.times -= 1
    return rule.action
  }
  return undefined
}

function matches(rule: FaultRule, call: Call, route: Route): boolean {
  if (rule.bucket !== route.bucket) return false
  if (rule.method !== undefined && rule.method !== call.method) return false
  if (rule.operation !== undefined && rule.operation !== route.operation) return false
  return rule.keyPrefix === undefined || route.key.startsWith(rule.keyPrefix)
}

export function faultError(action: Extract<FaultAction, { status: number }>): GcsError {
  const { status, reason, retryAfter } = action
  return new GcsError({
    status,
    reason,
    code: xmlCode(status),
    message: `A fault was asked for: ${reason}.`,
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': String(retryAfter) } }),
  })
}

function xmlCode(status: number): string {
  const codes: Record<number, string> = {
    401: 'AuthenticationRequired',
    403: 'AccessDenied',
    404: 'NoSuchKey',
    408: 'RequestTimeout',
    412: 'PreconditionFailed',
    429: 'SlowDown',
    503: 'ServiceUnavailable',
  }
  return codes[status] ?? (status < 500 ? 'InvalidArgument' : 'InternalError')
}

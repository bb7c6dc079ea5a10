// Calls Skein's API: with the token, which goes nowhere else, tried again where that may help. Every call of
// the client is safe to repeat: a plan is only an offer, and a completion returns what the first one accepted.

import type { Patience } from './backoff.ts'
import { retry } from './backoff.ts'
import type { SkeinErrorKind } from './errors.ts'
import { SkeinError, isPassing, kindOfStatus, networkError, retryAfterSeconds } from './errors.ts'
import type { Problem } from './protocol.ts'

export interface ApiOptions {
  endpoint: string
  workspace: string
  /** Asked before each request, so that it may hand out a fresh one. */
  token: () => string | Promise<string>
  fetch: typeof fetch
  patience: Patience
}

export interface ApiCall {
  query?: Record<string, string | number | undefined>
  body?: object
  signal?: AbortSignal | undefined
  /** A courtesy: tried once, and even while the page goes away. */
  once?: boolean
}

export interface Api {
  /** Where this workspace is; part of what a resumed upload is known by. */
  base: string
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, call?: ApiCall): Promise<T>
}

export function createApi(options: ApiOptions): Api {
  const base = `${options.endpoint.replace(/\/+$/, '')}/v1/${encodeURIComponent(options.workspace)}`
  return {
    base,
    async call<T>(method: string, path: string, call: ApiCall = {}): Promise<T> {
      const patience = call.once ? { ...options.patience, attempts: 1 } : options.patience
      const url = `${base}/${path}${queryText(call.query)}`
      return retry(() => ask<T>(options, method, url, call), patience, call.signal)
    },
  }
}

async function ask<T>(
  options: ApiOptions,
  method: string,
  url: string,
  { body, signal, once }: ApiCall,
): Promise<T> {
  const token = await options.token()
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body && { 'content-type': 'application/json' }),
  }
  const { fetch: fetchNow } = options
  try {
    const response = await fetchNow(url, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      signal: signal ?? null,
      ...(once && { keepalive: true }),
    })
    const text = await response.text()
    if (!response.ok) throw refusal(response, text)
    return (text === '' ? undefined : JSON.parse(text)) as T
  } catch (error) {
    if (error instanceof SkeinError) throw error
    throw networkError('Skein', error, signal)
  }
}

function refusal({ status, headers }: Response, text: string): SkeinError {
  const problem = problemIn(text)
  const kind = problem?.type.match(/^urn:skein:problem:(.+)$/)?.[1] as SkeinErrorKind | undefined
  return new SkeinError(
    kind ?? kindOfStatus(status),
    problem?.detail ?? `Skein answered ${status} and gave no reason.`,
    {
      status,
      problem,
      passing: isPassing(status),
      retryAfterSeconds: retryAfterSeconds(headers.get('retry-after')),
    },
  )
}

/** What stands between may answer with a page of its own. */
function problemIn(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null
    return value?.type !== undefined && value.detail !== undefined ? (value as Problem) : undefined
  } catch {
    return undefined
  }
}

function queryText(query: ApiCall['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''
}

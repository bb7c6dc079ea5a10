// The log of requests that tests count: what was asked and what was answered. Never a signature, a
// credential or a token.

import type { Target } from './target.ts'

export type LogEntry = {
  operation: string
  method: string
  bucket: string
  key: string
  auth: 'header' | 'presigned' | 'form' | 'anonymous'
  query: Record<string, string>
  headers: Record<string, string>
  /** Undefined while unanswered, and for good where the connection was cut. */
  status?: number
  code?: string
}

export type RequestLog = {
  open(target: Target, operation: string): LogEntry
  read(bucket: string | undefined): { counts: Record<string, number>; requests: LogEntry[] }
  clear(bucket: string | undefined): void
}

const maxEntries = 50_000
const secretHeader = /^(authorization|x-amz-security-token|cookie)$/
const secretParameter = /^X-Amz-(Signature|Credential|Security-Token)$/i

export function createRequestLog(): RequestLog {
  let entries: LogEntry[] = []
  return {
    open: (target, operation) => {
      const entry = describe(target, operation)
      // A run of millions must not fill the memory: the older half goes.
      if (entries.length === maxEntries) entries = entries.slice(maxEntries / 2)
      entries.push(entry)
      return entry
    },
    read: (bucket) => {
      const requests = entries.filter((entry) => bucket === undefined || entry.bucket === bucket)
      return { counts: count(requests), requests }
    },
    clear: (bucket) => {
      entries = bucket === undefined ? [] : entries.filter((entry) => entry.bucket !== bucket)
    },
  }
}

function describe(target: Target, operation: string): LogEntry {
  return {
    operation,
    method: target.method,
    bucket: target.bucketName,
    key: target.key,
    auth: authOf(target, operation),
    query: without(target.query, secretParameter),
    headers: without(target.headers, secretHeader),
  }
}

function authOf(target: Target, operation: string): LogEntry['auth'] {
  if (operation === 'PostObject') return 'form'
  if (target.query.has('X-Amz-Signature')) return 'presigned'
  return target.headers.has('authorization') ? 'header' : 'anonymous'
}

function without(pairs: ReadonlyMap<string, string>, secret: RegExp): Record<string, string> {
  return Object.fromEntries([...pairs].filter(([name]) => !secret.test(name)))
}

function count(entries: readonly LogEntry[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { operation } of entries) counts[operation] = (counts[operation] ?? 0) + 1
  return counts
}

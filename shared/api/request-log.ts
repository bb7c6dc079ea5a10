// What the operator reads of a request: which route, never the path or the query, since ids, keys and
// signatures stand there. Refusals and faults are always told; every request only where `SKEIN_LOG=requests` asks
// for it, since each platform counts them already.

import type { Platform } from '#shared/platform.ts'

export interface RequestLine {
  requestId: string
  method: string
  route: string
  status: number
  milliseconds: number
  /** Why it was refused: the problem's kind or rule, never its sentence. */
  problem?: string | undefined
  store?: string | undefined
  workspace?: string | undefined
  principal?: string | undefined
}

export interface RequestLog {
  /** True where an answer of this status is worth a line. */
  wants(status: number): boolean
  tell(line: RequestLine): void
  /** A fault of ours, with its stack. */
  fault(requestId: string, method: string, route: string, error: unknown): void
}

export function createRequestLog({ env, log }: Platform): RequestLog {
  const all = env['SKEIN_LOG'] === 'requests'
  return {
    wants: (status) => log !== undefined && (all || status >= 400),
    tell(line) {
      log?.(JSON.stringify({ level: line.status >= 500 ? 'error' : 'info', ...line }))
    },
    fault(requestId, method, route, error) {
      log?.(JSON.stringify({ level: 'error', requestId, method, route, error: trace(error) }))
    },
  }
}

/** Without the queries of any URL, where signatures stand. */
function trace(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return text.replace(/\?[^\s'"`)]*/g, '?…')
}

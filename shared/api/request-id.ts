// Each request has an id, its own if it brought a fit one, so that a client's report finds its log line.

import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

const FIT = /^[\w-]{8,64}$/

/** What a handler finds in its context. */
export interface ApiEnv {
  Variables: { requestId: string }
}

export function requestIdOf({ headers }: Request): string {
  const brought = headers.get('x-request-id')
  return brought !== null && FIT.test(brought) ? brought : randomUUID()
}

/** For routes that are not described, and so answer by themselves. */
export const requestId: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const id = requestIdOf(c.req.raw)
  c.set('requestId', id)
  await next()
  c.res.headers.set('x-request-id', id)
  c.res.headers.set('x-content-type-options', 'nosniff')
}

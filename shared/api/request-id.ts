// Each request has an id, its own if it brought a fit one, so that a client's report finds its log line.

import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

const FIT = /^[\w-]{8,64}$/

/** What a handler finds in its context. */
export interface ApiEnv {
  Variables: { requestId: string }
}

export const requestId: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const brought = c.req.header('x-request-id')
  const id = brought !== undefined && FIT.test(brought) ? brought : randomUUID()
  c.set('requestId', id)
  await next()
  c.res.headers.set('x-request-id', id)
  c.res.headers.set('x-content-type-options', 'nosniff')
}

// Each request has an id, its own if it brought a fit one, so that a client's report finds its log line.

import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

const FIT = /^[\w-]{8,64}$/

export const requestId: MiddlewareHandler = async (c, next) => {
  const brought = c.req.header('x-request-id')
  const id = brought !== undefined && FIT.test(brought) ? brought : randomUUID()
  await next()
  c.res.headers.set('x-request-id', id)
  c.res.headers.set('x-content-type-options', 'nosniff')
}

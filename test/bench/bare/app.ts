// The bare Hono route that everything is held against: it reads the body's JSON and answers JSON of the shape
// and size of a plan, and there is nothing else in it.

import { Hono } from 'hono'
import type { UploadPlan, UploadRequest } from '#shared/client/protocol.ts'
import { PLAN_STATUS, ROUTE } from '../route.ts'

/** `plan`: a whole answer, as JSON; its key becomes that of each request. */
export function openBare(plan: string | undefined): Hono {
  const answer = JSON.parse(plan ?? '{}') as UploadPlan
  return new Hono().post(ROUTE, async (c) => {
    const { key } = await c.req.json<UploadRequest>()
    return c.json({ ...answer, key }, PLAN_STATUS)
  })
}

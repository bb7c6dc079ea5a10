// The bare route as a Worker.

import type { Hono } from 'hono'
import { openBare } from './app.ts'

let app: Hono | undefined

export default {
  fetch(request: Request, env: { PLAN?: string }): Response | Promise<Response> {
    app ??= openBare(env.PLAN)
    return app.fetch(request)
  },
}

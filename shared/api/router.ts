// Every route there is, as a Hono app that speaks only web standards. Closed by default: what needs no credentials
// is health, what the providers can do, the API's own description, and requests that carry their own signature.
// It is loaded when the first request comes that is not for a signature: see api.ts.

import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { capabilityMatrix } from '#shared/storage/matrix.ts'
import { FOLDER_PATH } from '#shared/storage/providers/file/signature.ts'
import type { Suite } from '#shared/suite.ts'
import { serveFolders } from './folders.ts'
import type { Api } from './api.ts'
import type { Gate } from './gate.ts'
import { isFault } from './gate.ts'
import { HOOK_PATH, serveHooks } from './hooks.ts'
import { METRICS_PATH, serveMetrics } from './metrics.ts'
import { problemReply } from './problems.ts'
import type { ApiEnv } from './request-id.ts'
import { requestId, requestIdOf } from './request-id.ts'
import { PREFIX } from './route.ts'
import { ROUTES } from './routes/routes.ts'
import { createStraightWay } from './straight.ts'
import { createUnrouted } from './unrouted.ts'
import { serveUppy } from './uppy.ts'

/** What everybody may read. */
const OPEN: Readonly<Record<string, () => unknown>> = {
  '/healthz': () => ({ status: 'ok' }),
  '/capabilities': capabilityMatrix,
  '/openapi.json': async () => {
    const { default: document } = await import('./openapi-document.ts')
    return document
  },
}

export function createRouter(suite: Suite, gate: Gate): Api {
  const api = new Hono<ApiEnv>()
  const unrouted = createUnrouted(gate, [
    ...Object.keys(OPEN).map((path) => ({ method: 'get', path })),
    ...ROUTES.map(({ method, path }) => ({ method, path: PREFIX + path })),
    { method: 'post', path: HOOK_PATH },
    { method: 'get', path: METRICS_PATH },
  ])

  api.onError((error, c) => {
    const id = c.get('requestId') ?? requestIdOf(c.req.raw)
    if (isFault(error) && !(error instanceof HTTPException)) {
      gate.log.fault(id, c.req.method, routePath(c), error)
    }
    return gate.respond(c.req.raw, id, problemReply(error))
  })
  api.notFound((c) => {
    return gate.respond(c.req.raw, requestIdOf(c.req.raw), unrouted(c.req.raw, c.req.path))
  })

  const described = ROUTES.map((route) => [route, gate.serve(route)] as const)
  for (const [{ method, path }, serve] of described) {
    api.on(method.toUpperCase(), PREFIX + path, ({ req }) => {
      return serve(req.raw, req.param('workspace') ?? '', req.param('id') ?? '')
    })
  }
  for (const [path, read] of Object.entries(OPEN)) {
    api.get(path, async ({ req: { raw } }) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(await read())
      return gate.respond(raw, requestIdOf(raw), { status: 200, body, headers })
    })
  }
  for (const path of [`${FOLDER_PATH}*`, `${PREFIX}/uppy/*`]) api.use(path, requestId)
  serveUppy(api, suite)
  serveHooks(api, suite, gate)
  serveMetrics(api, suite, gate)
  if (suite.platform.fileSystem) serveFolders(api, suite.config, suite.platform)
  const straight = createStraightWay(described)
  return { fetch: (request) => straight(request) ?? api.fetch(request) }
}

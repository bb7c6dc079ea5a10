// The HTTP API, as a Hono app that speaks only web standards. Closed by default: what needs no credentials
// is health, what the providers can do, the API's own description, and requests that carry their own signature.

import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { capabilityMatrix } from '#shared/storage/matrix.ts'
import { FOLDER_PATH } from '#shared/storage/providers/file/signature.ts'
import type { Suite } from '#shared/suite.ts'
import { serveFolders } from './folders.ts'
import { createGate, isFault } from './gate.ts'
import { problemReply } from './problems.ts'
import type { ApiEnv } from './request-id.ts'
import { requestId, requestIdOf } from './request-id.ts'
import { PREFIX } from './route.ts'
import { ROUTES } from './routes/routes.ts'
import { createUnrouted } from './unrouted.ts'
import { serveUppy } from './uppy.ts'

const OPEN_PATHS = ['/healthz', '/capabilities', '/openapi.json']

export function createApi(suite: Suite): Hono<ApiEnv> {
  const api = new Hono<ApiEnv>()
  const gate = createGate(suite)
  const unrouted = createUnrouted(gate, [
    ...OPEN_PATHS.map((path) => ({ method: 'get', path })),
    ...ROUTES.map(({ method, path }) => ({ method, path: PREFIX + path })),
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

  for (const route of ROUTES)
    api.on(route.method.toUpperCase(), PREFIX + route.path, gate.serve(route))
  for (const path of [...OPEN_PATHS, `${FOLDER_PATH}*`, `${PREFIX}/uppy/*`])
    api.use(path, requestId)
  api.get('/healthz', (c) => c.json({ status: 'ok' }))
  api.get('/capabilities', (c) => c.json(capabilityMatrix()))
  api.get('/openapi.json', async (c) => {
    const { default: document } = await import('./openapi.json', { with: { type: 'json' } })
    return c.json(document)
  })
  serveUppy(api, suite)
  if (suite.platform.fileSystem) serveFolders(api, suite.config, suite.platform)
  return api
}

// The HTTP API, as a Hono app that speaks only web standards. Closed by default: what needs no credentials
// is health, what the providers can do, and requests that carry their own signature.

import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Config } from '#shared/config/config.ts'
import type { Platform } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { capabilityMatrix } from '#shared/storage/matrix.ts'
import { serveFolders } from './folders.ts'
import { problem, problemResponse } from './problems.ts'
import type { ApiEnv } from './request-id.ts'
import { requestId } from './request-id.ts'

export function createApi(config: Config, platform: Platform): Hono<ApiEnv> {
  const api = new Hono<ApiEnv>()
  api.use(requestId)
  api.onError((error, c) => {
    if (!(error instanceof StorageError || error instanceof HTTPException)) {
      const { method, path } = c.req
      const id = c.get('requestId')
      platform.log?.(
        JSON.stringify({ level: 'error', requestId: id, method, path, error: error.stack }),
      )
    }
    return problemResponse(error)
  })
  api.notFound((c) => {
    return problemResponse(problem('not-found', `There is no route ${c.req.method} ${c.req.path}.`))
  })

  api.get('/healthz', (c) => c.json({ status: 'ok' }))
  api.get('/capabilities', (c) => c.json(capabilityMatrix()))
  if (platform.fileSystem) serveFolders(api, config, platform)
  return api
}

// Folder stores sign their own URLs, and this is where those are honoured. The signature is the credential;
// nothing else about a folder can be reached.

import type { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Config } from '#shared/config/config.ts'
import type { Platform } from '#shared/platform.ts'
import { problemResponse } from './problems.ts'

export function serveFolder(api: Hono, config: Config, platform: Platform): void {
  // A signed URL is for whoever holds it, on whatever page: the origin is no secret to check.
  api.use(
    '/files/*',
    cors({ origin: '*', exposeHeaders: ['ETag', 'Content-Range', 'Accept-Ranges'] }),
  )
  api.all('/files/:store', async (c) => {
    try {
      const { serveSignedFile } = await import('#shared/storage/providers/file/serve.ts')
      return await serveSignedFile(c.req.raw)
    } catch (error) {
      return problemResponse(error)
    }
  })
  void [config, platform]
}

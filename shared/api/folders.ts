// Folder stores sign their own URLs, and this is where those are honoured. The signature is the credential;
// nothing else of a folder can be reached here.

import type { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Config } from '#shared/config/config.ts'
import type { Platform } from '#shared/platform.ts'
import { createOpening } from '#shared/storage/open.ts'
import { FOLDER_PATH } from '#shared/storage/providers/file/signature.ts'
import type { ServedFolder } from '#shared/storage/providers/file/serve.ts'
import { problem, problemResponse } from './problems.ts'
import type { ApiEnv } from './request-id.ts'

/** What a page may read, as it may of buckets that are made fit for it. */
const EXPOSED_HEADERS =
  'ETag,Content-Range,Accept-Ranges,Content-Encoding,Content-Disposition'.split(',')

export function serveFolders(api: Hono<ApiEnv>, config: Config, platform: Platform): void {
  const opened = new Map<string, Promise<ServedFolder>>()

  function folder(name: string): Promise<ServedFolder> | undefined {
    const store = config.stores.get(name)
    if (store === undefined || !/^file:/i.test(store.uri)) return undefined
    const found = opened.get(name) ?? openFolder(createOpening(store.uri, platform, store.options))
    opened.set(name, found)
    return found
  }

  // A signed URL is for whoever holds it, on whatever page: its origin is nothing to check.
  api.use(`${FOLDER_PATH}*`, cors({ origin: '*', exposeHeaders: EXPOSED_HEADERS }))
  api.all(`${FOLDER_PATH}:store`, async (c) => {
    const found = folder(c.req.param('store'))
    if (found === undefined) {
      return problemResponse(problem('not-found', 'There is no folder store of this name here.'))
    }
    const { serveSignedFile } = await import('#shared/storage/providers/file/serve.ts')
    return serveSignedFile(await found, c.req.raw)
  })
}

async function openFolder(opening: ReturnType<typeof createOpening>): Promise<ServedFolder> {
  const { fileSettings } = await import('#shared/storage/providers/file/settings.ts')
  const { createFileDriver } = await import('#shared/storage/providers/file/driver.ts')
  const settings = fileSettings(opening)
  return { settings, driver: createFileDriver(settings) }
}

// The copy of one object as a Worker, for the benchmark: the request names the two stores and the object, and is
// answered with what verified it.

import { copyObject } from '#shared/copy/copy.ts'
import type { Platform } from '#shared/platform.ts'
import { openStore } from '#shared/storage/open.ts'
import type { StoreOptions } from '#shared/storage/options.ts'

export interface CopyAsked {
  from: string
  to: string
  key: string
  size: number
  options: StoreOptions
  env: Record<string, string>
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { from, to, key, size, options, env } = (await request.json()) as CopyAsked
    const platform: Platform = { env, fileSystem: false, now: Date.now }
    const open = (uri: string, name: string) => openStore(uri, platform, { ...options, name })
    const stores = { from: open(from, 'source'), to: open(to, 'destination') }
    const { how, evidence } = await copyObject({
      ...{ ...stores, key, size },
      ...{ mode: 'overwrite', through: 'here' },
    })
    return Response.json({ how, evidence })
  },
}

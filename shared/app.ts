// Composes the doors that every deploy target offers. So far there is one: HTTP.

import type { Config } from './config/config.ts'
import type { Platform } from './platform.ts'
import { createApi } from './api/api.ts'

export interface Skein {
  fetch(request: Request): Promise<Response>
}

export function createSkein(config: Config, platform: Platform): Skein {
  const api = createApi(config, platform)
  return { fetch: async (request) => api.fetch(request) }
}

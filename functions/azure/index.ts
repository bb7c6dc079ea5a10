// The HTTP door on Azure Functions. Every route is the API's own; what a caller may do is decided there.

import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { app } from '@azure/functions'
import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'

const platform: Platform = {
  env: process.env,
  fileSystem: false,
  now: Date.now,
  log: console.error,
}
const skein = createSkein(await findConfig(platform), platform)

app.http('api', {
  route: '{*path}',
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  authLevel: 'anonymous',
  handler,
})

async function handler(request: HttpRequest): Promise<HttpResponseInit> {
  const { method, url, headers } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const response = await skein.fetch(
    new Request(url, {
      method,
      headers: Object.fromEntries(headers.entries()),
      ...(hasBody && { body: await request.arrayBuffer() }),
    }),
  )
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers.entries()),
    body: new Uint8Array(await response.arrayBuffer()),
  }
}

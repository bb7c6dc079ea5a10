// The HTTP API. What it is there for, uploads and downloads to be signed, is found at one look and is all that a
// cold start loads; whatever else is asked goes to the router, which knows every route.

import type { Suite } from '#shared/suite.ts'
import { createGate } from './gate.ts'
import { DOWNLOAD_ROUTES } from './routes/downloads.ts'
import { UPLOAD_ROUTES } from './routes/uploads.ts'
import { createStraightWay } from './straight.ts'

export interface Api {
  fetch(request: Request): Response | Promise<Response>
}

export function createApi(suite: Suite): Api {
  const gate = createGate(suite)
  const signing = [...UPLOAD_ROUTES, ...DOWNLOAD_ROUTES]
  const straight = createStraightWay(signing.map((route) => [route, gate.serve(route)]))
  let router: Promise<Api> | undefined
  const open = () =>
    (router ??= import('./router.ts').then(({ createRouter }) => createRouter(suite, gate)))
  return {
    fetch: (request) => straight(request) ?? open().then((api) => api.fetch(request)),
  }
}

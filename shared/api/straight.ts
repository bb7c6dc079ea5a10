// The way past the router, for the routes whose path names a workspace and nothing else: they are asked most,
// and one look finds them. What is not found so goes to the router, which knows them all.

import type { Serve } from './gate.ts'
import type { Route } from './route.ts'

/** Workspace, and the path below it; neither needs decoding. */
const PLAIN = /^https?:\/\/[^/]+\/v1\/([\w-]+)(\/[a-z/]+)(?:\?|$)/

export function createStraightWay(
  routes: readonly (readonly [Route, Serve])[],
): (request: Request) => Promise<Response> | undefined {
  const known = new Map(
    routes.map(([{ method, path }, serve]) => [method.toUpperCase() + path, serve]),
  )
  return (request) => {
    const [, workspace = '', path = ''] = PLAIN.exec(request.url) ?? []
    return known.get(request.method + path)?.(request, workspace, '')
  }
}

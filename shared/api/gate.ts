// The door of the described routes: who asks, whether he may, what came of it, and how that is answered. One
// function does it all for each request, since this is the hot path: what is not needed is not done.

import type { Context } from 'hono'
import type { Authenticate } from '#shared/access/authenticate.ts'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import type { Principal, Scope } from '#shared/access/principal.ts'
import { authorize, noWorkspace } from '#shared/access/refusals.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { OpenWorkspace, Suite } from '#shared/suite.ts'
import type { Cors } from './cors.ts'
import { createCors } from './cors.ts'
import type { Reply } from './problems.ts'
import { RequestError, problemReply } from './problems.ts'
import type { ApiEnv } from './request-id.ts'
import { requestIdOf } from './request-id.ts'
import type { RequestLog } from './request-log.ts'
import { createRequestLog } from './request-log.ts'
import type { Route } from './route.ts'

type Ctx = Context<ApiEnv>

interface Entry {
  who: Principal
  workspace: OpenWorkspace
}

export interface Gate {
  cors: Cors | undefined
  log: RequestLog
  serve(route: Route): (c: Ctx) => Promise<Response>
  /** With the headers that every answer has. */
  respond(request: Request, requestId: string, reply: Reply): Response
}

export function createGate(suite: Suite): Gate {
  const { config, platform } = suite
  const authenticate = createAuthenticate(config.access, platform.now)
  const cors = createCors(config.cors)
  const log = createRequestLog(platform)

  function respond(
    request: Request,
    requestId: string,
    { status, body, headers }: Reply,
  ): Response {
    headers['x-request-id'] = requestId
    headers['x-content-type-options'] = 'nosniff'
    headers['cache-control'] = 'no-store'
    cors?.allow(request.headers.get('origin'), headers)
    return new Response(body, { status, headers })
  }

  const gate: Gate = {
    cors,
    log,
    serve: (route) => (c) => serve(suite, gate, authenticate, route, c),
    respond,
  }
  return gate
}

/** Throws for whoever may not do this in the workspace that the path names. */
async function enter(
  suite: Suite,
  authenticate: Authenticate,
  c: Ctx,
  scopes: readonly Scope[],
): Promise<Entry> {
  const found = authenticate(c.req.raw.headers.get('authorization'))
  const who = found instanceof Promise ? await found : found
  const name = c.req.param('workspace') ?? ''
  authorize(who, name, scopes)
  const workspace = suite.workspace(name)
  if (workspace === undefined) throw noWorkspace()
  return { who, workspace }
}

async function serve(
  suite: Suite,
  gate: Gate,
  authenticate: Authenticate,
  route: Route,
  c: Ctx,
): Promise<Response> {
  const { platform } = suite
  const request = c.req.raw
  const requestId = requestIdOf(request)
  const began = platform.now()
  let entry: Entry | undefined
  let reply: Reply
  let failure: unknown
  try {
    entry = await enter(suite, authenticate, c, route.scopes)
    const id = c.req.param('id') ?? ''
    reply = replyOf(route, await route.run({ suite, platform, ...entry, id, request }))
  } catch (error) {
    failure = error
    reply = problemReply(error)
    if (isFault(error)) gate.log.fault(requestId, request.method, route.path, error)
  }
  const { status } = reply
  if (gate.log.wants(status)) {
    gate.log.tell({
      ...{ requestId, method: request.method, route: route.path, status },
      milliseconds: platform.now() - began,
      problem: problemName(failure),
      store: failure instanceof StorageError ? failure.store : undefined,
      workspace: entry?.workspace.name,
      principal: entry?.who.name,
    })
  }
  return gate.respond(request, requestId, reply)
}

function replyOf({ answer: { status } }: Route, result: unknown): Reply {
  if (status === 200) {
    const headers = { 'content-type': 'application/json' }
    return { status, body: JSON.stringify(result), headers }
  }
  if (status === 204) return { status, body: null, headers: {} }
  return { status, body: null, headers: { location: String(result) } }
}

/** Ours, and not the request's, the store's or a rule's. */
export function isFault(error: unknown): boolean {
  if (error instanceof StorageError) return error.kind === 'internal'
  return !(error instanceof RequestError)
}

function problemName(error: unknown): string | undefined {
  if (!(error instanceof StorageError)) return undefined
  return 'rule' in error ? `rule ${String(error.rule)}` : error.kind
}

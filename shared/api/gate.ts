// The door of the described routes: who asks, whether he may, what came of it, and how that is answered. One
// function does it all for each request, since this is the hot path: what is not needed is not done.

import type { Authenticate } from '#shared/access/authenticate.ts'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import type { Principal, Scope } from '#shared/access/principal.ts'
import { authorize, noWorkspace } from '#shared/access/refusals.ts'
import { createRequestMeter } from '#shared/metrics/request-meter.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { OpenWorkspace, Suite } from '#shared/suite.ts'
import type { Cors } from './cors.ts'
import { createCors } from './cors.ts'
import { isElsewhere } from './elsewhere.ts'
import { HtmlPage, PAGE_HEADERS } from './html-page.ts'
import type { Reply } from './problems.ts'
import { RequestError, problemReply } from './problems.ts'
import { requestIdOf } from './request-id.ts'
import type { RequestLog } from './request-log.ts'
import { createRequestLog } from './request-log.ts'
import type { Caller, Route } from './route.ts'
import { PREFIX } from './route.ts'

/** `id`: the upload that the path names; empty where it names none. */
export type Serve = (request: Request, workspace: string, id: string) => Promise<Response>

interface Entry {
  who: Principal
  workspace: OpenWorkspace
}

/** Without headers of its own it is JSON, as most answers are. */
type Given = Omit<Reply, 'headers'> & { headers: Reply['headers'] | undefined }

interface Asked {
  request: Request
  name: string
  id: string
}

export interface Gate {
  cors: Cors | undefined
  log: RequestLog
  serve(route: Route): Serve
  /** With the headers that every answer has. */
  respond(request: Request, requestId: string, reply: Given): Response
}

export function createGate(suite: Suite): Gate {
  const { config, platform } = suite
  const authenticate = createAuthenticate(config.access, platform.now)
  const cors = createCors(config.cors)
  const log = createRequestLog(platform)
  let ready: Headers | undefined

  function respond(
    request: Request,
    requestId: string,
    { status, body, headers }: Given,
  ): Response {
    const all = allHeaders(requestId, headers)
    cors?.allow(request.headers.get('origin'), all)
    if (platform.answer) return platform.answer(body, { status, headers: all })
    if (headers || cors) return new Response(body, { status, headers: all })
    // workerd copies headers that are there in less time than it reads a record of them.
    ready ??= new Headers(all)
    ready.set('x-request-id', requestId)
    return new Response(body, { status, headers: ready })
  }

  const gate: Gate = {
    cors,
    log,
    serve(route) {
      const count = createRequestMeter(suite.counters, route.method, PREFIX + route.path)
      return (request, name, id) => {
        return serve(suite, gate, authenticate, { route, count }, { request, name, id })
      }
    },
    respond,
  }
  return gate
}

/** Throws for whoever may not do this in the workspace that the path names. */
function enter(suite: Suite, who: Principal, name: string, scopes: readonly Scope[]): Entry {
  authorize(who, name, scopes)
  const workspace = suite.workspace(name)
  if (workspace === undefined) throw noWorkspace()
  return { who, workspace }
}

async function serve(
  suite: Suite,
  gate: Gate,
  authenticate: Authenticate,
  { route, count }: { route: Route; count: (status: number) => void },
  { request, name, id }: Asked,
): Promise<Response> {
  const { platform } = suite
  const requestId = requestIdOf(request)
  const began = platform.now()
  let entry: Entry | undefined
  let reply: Given
  let failure: unknown
  let caller: Caller | undefined
  try {
    const found = authenticate(request.headers.get('authorization'))
    const who = found instanceof Promise ? await found : found
    entry = enter(suite, who, name, route.scopes)
    if (entry.workspace.acting) entry.workspace = await entry.workspace.acting()
    const { workspace } = entry
    caller = { suite, platform, workspace, who, id, request, data: undefined }
    reply = replyOf(route, await route.run(caller))
  } catch (error) {
    if (platform.onward && isElsewhere(error)) return platform.onward(request, caller?.data)
    failure = error
    reply = problemReply(error)
    if (isFault(error)) gate.log.fault(requestId, request.method, route.path, error)
  }
  const { status } = reply
  count(status)
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

function replyOf({ answer: { status } }: Route, result: unknown): Given {
  if (status === 200) {
    if (result instanceof HtmlPage) {
      return { status, body: result.html, headers: { ...PAGE_HEADERS } }
    }
    return { status, body: JSON.stringify(result), headers: undefined }
  }
  if (status === 204) return { status, body: null, headers: {} }
  return { status, body: null, headers: { location: String(result) } }
}

/** In one piece for most answers: an object that grows is dearer. */
function allHeaders(requestId: string, own: Given['headers']): Record<string, string> {
  if (own === undefined) {
    return {
      'content-type': 'application/json',
      'x-request-id': requestId,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    }
  }
  const common = { 'x-request-id': requestId, 'x-content-type-options': 'nosniff' }
  return { ...own, ...common, 'cache-control': 'no-store' }
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

// A strict stand-in for Amazon S3, in memory, for the tests: it verifies every signature, refuses what S3
// refuses, and plays S3's look-alikes by each bucket's dialect. Shares no code with what it tests.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { authorize } from './authorize.ts'
import { makeBucket, regionsOf, requireBucket } from './buckets.ts'
import type { Answer, Call } from './call.ts'
import { answerControl, controlPrefix } from './control.ts'
import type { Control } from './control.ts'
import { answerPreflight, corsHeaders } from './cors.ts'
import type { Dialect } from './dialect.ts'
import { describeRefusal, Refusal, refuse, refuseAs } from './errors.ts'
import { createFaults, cutBody, throwFault } from './faults.ts'
import type { FaultAction } from './faults.ts'
import { hoistHeaders } from './hoist.ts'
import { postObject } from './post-object.ts'
import { createRequestLog } from './request-log.ts'
import type { LogEntry } from './request-log.ts'
import { respond } from './respond.ts'
import { findOperation } from './routes.ts'
import type { Operation } from './routes.ts'
import { clockOf } from './state.ts'
import type { Credential, State } from './state.ts'
import { readTarget } from './target.ts'
import type { Target } from './target.ts'
import { document } from './xml.ts'

/** The user whom everything is allowed. */
export const testCredential: Credential = {
  accessKeyId: 'TESTACCESSKEY0000001',
  secretAccessKey: 'testsecretkey0000000000000000000000001',
}

/** A second user, known, and denied everything. */
export const deniedCredential: Credential = {
  accessKeyId: 'OTHERACCESSKEY000001',
  secretAccessKey: 'othersecretkey000000000000000000000001',
  denied: true,
}

export type S3ServerOptions = {
  host?: string
  port?: number
  credentials?: readonly Credential[]
  region?: string
  /** Buckets that are there from the start, in the dialect below. */
  buckets?: readonly string[]
  dialect?: Partial<Dialect>
  /** Puts into the buckets what is there from the start. */
  fill?: (state: State) => void
  now?: () => number
}

export type S3Server = { url: string; port: number; close(): Promise<void> }

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { host = '127.0.0.1', port = 0 } = options
  const control = createControl(options)
  const server = createServer({
    maxHeaderSize: 65_536,
    requestTimeout: 0,
    keepAliveTimeout: 300_000,
  })
  const answer = (request: IncomingMessage, response: ServerResponse, waits: boolean) => {
    serve(control, { request, response, waits }).catch(() => response.destroy())
  }
  server.on('request', (request, response) => answer(request, response, false))
  server.on('checkContinue', (request, response) => answer(request, response, true))
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const actual = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://${host}:${actual}`,
    port: actual,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function createControl(options: S3ServerOptions): Control {
  const credentials = options.credentials ?? [testCredential, deniedCredential]
  const state: State = {
    region: options.region ?? 'us-east-1',
    credentials: new Map(credentials.map((one) => [one.accessKeyId, one])),
    buckets: new Map(),
    skews: new Map(),
    now: options.now ?? Date.now,
  }
  for (const name of options.buckets ?? []) {
    makeBucket(state, name, { dialect: options.dialect ?? {} })
  }
  options.fill?.(state)
  return { state, faults: createFaults(), log: createRequestLog() }
}

type Exchange = {
  request: IncomingMessage
  response: ServerResponse
  /** The client waits for a 100 before it sends its body. */
  waits: boolean
}

/** Thrown where the connection was cut on purpose: there is nobody left to answer. */
class Cut extends Error {}

async function serve(control: Control, exchange: Exchange): Promise<void> {
  const { request, response } = exchange
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  if (request.url?.startsWith(controlPrefix)) {
    if (exchange.waits) response.writeContinue()
    const answer = await answerControl(control, request)
    return respond(response, answer, { requestId, dateMs: Date.now(), cors: {} })
  }
  const seen = look(control, request, requestId)
  if (seen.fault?.hang) return
  const answer = await attempt(control, exchange, seen)
  if (!answer || seen.fault?.loseAnswer) {
    response.destroy()
    return
  }
  if (seen.entry) seen.entry.status = answer.status
  const bucket = control.state.buckets.get(seen.target?.bucketName ?? '')
  const cors = seen.target ? corsHeaders(bucket, seen.target) : {}
  const frame = { requestId, dateMs: clockOf(control.state), cors }
  await respond(response, answer, frame, seen.fault)
}

type Seen = {
  requestId: string
  target?: Target
  operation?: Operation
  entry?: LogEntry
  fault?: FaultAction | undefined
  refusal?: Refusal
}

/** Reads what is asked; a request that cannot be read is kept with its refusal. */
function look(control: Control, request: IncomingMessage, requestId: string): Seen {
  const seen: Seen = { requestId }
  try {
    seen.target = readTarget(request)
    seen.operation = findOperation(seen.target)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    seen.refusal = error
  }
  if (seen.target) {
    const name = seen.operation?.name ?? 'Unknown'
    seen.entry = control.log.open(seen.target, name)
    seen.fault = control.faults.take(seen.target, name)
  }
  return seen
}

/** The answer, an error's too; undefined where the connection is gone. */
async function attempt(
  control: Control,
  exchange: Exchange,
  seen: Seen,
): Promise<Answer | undefined> {
  try {
    return await perform(control, exchange, seen)
  } catch (error) {
    if (error instanceof Cut || exchange.request.errored) return undefined
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(500, 'InternalError', `A bug of the server: ${String(error)}`)
    if (seen.entry) seen.entry.code = refusal.code
    return answerRefusal(refusal, seen)
  }
}

function answerRefusal(refusal: Refusal, seen: Seen): Answer {
  const body = describeRefusal(refusal, seen.target?.path ?? '', seen.requestId)
  const headers = { 'content-type': 'application/xml', ...refusal.headers }
  return { status: refusal.status, headers, body: document(body) }
}

async function perform(control: Control, exchange: Exchange, seen: Seen): Promise<Answer> {
  const { fault, operation, target } = seen
  if (fault?.delayMs !== undefined) await delay(fault.delayMs)
  if (fault) throwFault(fault)
  if (seen.refusal) throw seen.refusal
  if (!operation || !target) throw refuse('InvalidURI')
  if (fault?.okWithError !== undefined) return answerLateError(fault.okWithError, seen)
  const openBody = () => readBody(exchange, fault)
  const bucket = control.state.buckets.get(target.bucketName)
  if (operation.kind === 'anonymous') {
    const existing = requireBucket(control.state, target.bucketName)
    if (operation.name === 'Preflight') return answerPreflight(existing, target)
    return postObject({ state: control.state, target, bucket: existing, openBody })
  }
  const identity = authorize(control.state, target, regionsOf(control.state, bucket))
  const headers = hoistHeaders(target, identity.via)
  const call: Call = { ...target, headers, state: control.state, identity, openBody }
  if (operation.kind === 'service') return operation.handle(call)
  return operation.handle(call, requireBucket(control.state, target.bucketName))
}

/** S3 keeps long operations alive with white space, and may then tell of a failure in a 200. */
function answerLateError(code: string, seen: Seen): Answer {
  const { xml } = describeRefusal(refuseAs(500, code, {}), seen.target?.path ?? '', seen.requestId)
  const headers = { 'content-type': 'application/xml' }
  return { status: 200, headers, body: document({ xml: `\n \n ${xml}` }) }
}

function readBody(
  { request, response, waits }: Exchange,
  fault?: FaultAction,
): AsyncIterable<Buffer> {
  if (waits) response.writeContinue()
  // Left open on an early end: the answer still has to go out on the same socket.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  if (fault?.cutRequestAfterBytes === undefined) return body
  return cutBody(body, fault.cutRequestAfterBytes, () => {
    request.socket.destroy()
    throw new Cut('The request was cut as the test asked.')
  })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/**
 * From a socket's request to a Call and from an Answer back to the socket, with the faults
 * that a test asked for in between, and the log line after.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer, Call, Route } from './call.ts'
import { answerPreflight, corsHeaders } from './cors.ts'
import { GcsError } from './errors.ts'
import type { FaultAction } from './faults.ts'
import { faultError, takeFault } from './faults.ts'
import { answerError, findRoute } from './routes.ts'
import type { State } from './state.ts'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  bytesIn: number
  bytesOut: number
}

/** The socket is gone, by the client's doing or a fault's: nobody waits for an answer. */
class Disconnected extends Error {}

export async function handleRequest(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange: Exchange = { request, response, bytesIn: 0, bytesOut: 0 }
  try {
    await exchangeAnswer(state, exchange)
  } catch (error) {
    if (!(error instanceof Disconnected)) console.error('gcs server:', error)
    request.socket.destroy()
  }
}

async function exchangeAnswer(state: State, exchange: Exchange): Promise<void> {
  const call = readRequest(exchange)
  const route = findRouteOrRefusal(state, call)
  const fault = takeFault(state, call, route)
  if (fault && 'hang' in fault) return log(state, call, route, 0, exchange)
  if (fault && 'delayMs' in fault) await delay(fault.delayMs)
  const limited = fault && 'cutRequestAfterBytes' in fault ? cutBody(call, exchange, fault) : call
  const answer = await answerRoute(state, limited, route, fault).catch((error: unknown) => {
    log(state, call, route, 0, exchange)
    throw error
  })
  if (fault && 'loseAnswer' in fault) {
    log(state, call, route, answer.status, exchange)
    throw new Disconnected()
  }
  const headers = {
    ...(answer.status < 400 ? corsHeaders(state, call, route) : {}),
    ...answer.headers,
  }
  await send(exchange, { ...answer, headers }, fault).finally(() => {
    log(state, call, route, answer.status, exchange)
  })
}

function readRequest(exchange: Exchange): Call {
  const { request } = exchange
  const [path, query] = splitOnce(request.url ?? '/', '?')
  const headers: Record<string, string> = {}
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] ?? '').toLowerCase()
    const value = decodeHeader(request.rawHeaders[at + 1] ?? '')
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`
  }
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers,
    body: countedBody(exchange),
    origin: `http://${headers['host'] ?? ''}`,
  }
}

/** Node reads header bytes as latin-1; Cloud Storage reads them as UTF-8. */
function decodeHeader(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8')
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

async function* countedBody(exchange: Exchange): AsyncGenerator<Buffer> {
  try {
    // Ending the loop early must not destroy the request: a refusal still has to be answered.
    for await (const chunk of exchange.request.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = chunk
      exchange.bytesIn += bytes.length
      yield bytes
    }
  } catch {
    throw new Disconnected()
  }
}

function findRouteOrRefusal(state: State, call: Call): Route {
  try {
    return findRoute(state, call, (inner) => answerInner(state, inner))
  } catch (error) {
    const api = /^(\/(upload|download|batch))?\/storage\/v1\//.test(call.path) ? 'json' : 'xml'
    const run = () => {
      throw error
    }
    return { api, operation: 'unknown', bucket: '', key: '', run }
  }
}

async function answerRoute(
  state: State,
  call: Call,
  route: Route,
  fault: FaultAction | undefined,
): Promise<Answer> {
  try {
    if (fault && 'status' in fault) throw faultError(fault)
    if (call.method === 'OPTIONS') return answerPreflight(state, call, route)
    return await route.run(call)
  } catch (error) {
    if (error instanceof GcsError) return answerError(call, route, error)
    throw error
  }
}

/** One call of a batch: of the faults, the refusals and delays reach it. */
async function answerInner(state: State, call: Call): Promise<Answer> {
  const route = findRouteOrRefusal(state, call)
  const fault = takeFault(state, call, route)
  if (fault && 'delayMs' in fault) await delay(fault.delayMs)
  const answer = await answerRoute(state, call, route, fault)
  log(state, call, route, answer.status, { bytesIn: 0, bytesOut: 0 })
  return answer
}

function log(
  state: State,
  call: Call,
  route: Route,
  status: number,
  { bytesIn, bytesOut }: { bytesIn: number; bytesOut: number },
): void {
  if (route.operation === 'control') return
  const { api, operation, bucket, key } = route
  state.log.push({ api, operation, method: call.method, bucket, key, status, bytesIn, bytesOut })
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function cutBody(call: Call, exchange: Exchange, fault: { cutRequestAfterBytes: number }): Call {
  async function* cut(): AsyncGenerator<Buffer> {
    let left = fault.cutRequestAfterBytes
    for await (const chunk of call.body) {
      yield chunk.subarray(0, left)
      left -= chunk.length
      if (left > 0) continue
      exchange.request.socket.destroy()
      throw new Disconnected()
    }
  }
  return { ...call, body: cut() }
}

async function send(
  exchange: Exchange,
  answer: Answer,
  fault: FaultAction | undefined,
): Promise<void> {
  const { response } = exchange
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const length = Buffer.isBuffer(body) ? { 'content-length': body.length } : {}
  const id = { 'x-guploader-uploadid': `AD-${randomBytes(24).toString('base64url')}` }
  const all = { ...id, ...length, ...answer.headers, server: 'UploadServer' }
  for (const [name, value] of Object.entries(all)) {
    response.setHeader(name, typeof value === 'object' ? [...value] : value)
  }
  response.writeHead(answer.status)
  if (body === undefined) return finish(response)
  const cutAfter = fault && 'cutAfterBytes' in fault ? fault.cutAfterBytes : undefined
  if (cutAfter !== undefined) response.flushHeaders()
  for await (const chunk of Buffer.isBuffer(body) ? [body] : body) {
    const shown = alter(chunk, exchange.bytesOut, fault)
    exchange.bytesOut += shown.length
    if (cutAfter === undefined || exchange.bytesOut < cutAfter) await write(response, shown)
    else {
      await writeThrough(response, shown)
      throw new Disconnected()
    }
  }
  return finish(response)
}

function alter(chunk: Buffer, at: number, fault: FaultAction | undefined): Buffer {
  if (fault && 'cutAfterBytes' in fault) return chunk.subarray(0, fault.cutAfterBytes - at)
  if (!fault || !('flipByteAt' in fault)) return chunk
  const index = fault.flipByteAt - at
  if (index < 0 || index >= chunk.length) return chunk
  const copy = Buffer.from(chunk)
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
  return copy
}

function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (response.destroyed) throw new Disconnected()
  if (response.write(chunk)) return Promise.resolve()
  return drained(response)
}

/** Waits until the bytes are out, since the socket's end would take them along. */
function writeThrough(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (chunk.length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    response.write(chunk, () => resolve())
  })
}

/** What was written has left for the socket, or the socket is gone. */
function drained(response: ServerResponse): Promise<void> {
  if (!response.writableNeedDrain) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const settle = () => {
      response.off('drain', settle).off('close', settle)
      if (response.destroyed) reject(new Disconnected())
      else resolve()
    }
    response.on('drain', settle).on('close', settle)
  })
}

function finish(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve).end(resolve)
  })
}

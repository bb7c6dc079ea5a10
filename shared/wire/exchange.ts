// One HTTP request and its answer, the bytes of both as they are: nothing is decompressed on the way, no
// redirect is followed, and a body that is not as long as announced never becomes an object. In a process
// by Node's own client, since its `fetch` unpacks gzip and cannot be told not to; in a Worker by `fetch`,
// where the body of one answer becomes the body of another request without ever entering JavaScript.

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { AnswerHeaders } from './answer-headers.ts'
import { toAnswerHeaders } from './answer-headers.ts'
import { toWebStream } from './node-stream.ts'
import { textOfStream } from './whole-stream.ts'
import { AS_IT_IS, FixedLengthStream } from './worker-streams.ts'

export type Outgoing =
  | { bytes: Uint8Array }
  | {
      stream: ReadableStream<Uint8Array>
      size: number
      /**
       * The body of an answer, or a Worker's stream of fixed length: its length is sure, so that a Worker need not
       * look, and an answer's pieces are nobody else's, so that a process frees them as they are sent.
       */
      framed?: 'answer' | 'fixed' | undefined
    }

export interface ExchangeRequest {
  method: string
  url: string
  headers: Record<string, string>
  body?: Outgoing | undefined
  signal: AbortSignal
}

export interface Answer {
  status: number
  headers: AnswerHeaders
  body: ReadableStream<Uint8Array>
}

/** The stream that was to be sent did not hold what was announced; the request was cut short. */
export class WrongLength extends Error {
  readonly held: number

  constructor(held: number) {
    super('the stream is not as long as announced')
    this.name = 'WrongLength'
    this.held = held
  }
}

/** What was to be sent could not be read; the cause is the stream's own error. */
export class BodyFailed extends Error {
  constructor(cause: unknown) {
    super('the stream that was to be sent has failed', { cause })
    this.name = 'BodyFailed'
  }
}

/** Fails with what the connection did, with one of the errors above, or with the signal's own reason. */
export async function exchange(request: ExchangeRequest): Promise<Answer> {
  try {
    return await (FixedLengthStream === undefined
      ? inProcess(request)
      : inWorker(request, FixedLengthStream))
  } catch (error) {
    request.signal.throwIfAborted()
    throw error
  }
}

/** Reads the answer to its end, for those that are small or not wanted. */
export async function textOf({ body }: Answer): Promise<string> {
  return textOfStream(body)
}

async function inWorker(
  { method, url, headers, body, signal }: ExchangeRequest,
  FixedLength: NonNullable<typeof FixedLengthStream>,
): Promise<Answer> {
  const init = { ...AS_IT_IS, method, headers: withoutLength(headers), signal }
  if (body === undefined) return toAnswer(await fetch(url, init))
  if ('bytes' in body) return toAnswer(await fetch(url, { ...init, body: plain(body.bytes) }))
  let failure: unknown
  const stream = body.framed ? body.stream : counted(body, (error) => (failure = error))
  try {
    // workerd pipes no such stream into another.
    const sized = body.framed === 'fixed' ? stream : stream.pipeThrough(new FixedLength(body.size))
    return toAnswer(await fetch(url, { ...init, body: sized }))
  } catch (error) {
    throw failure ?? error
  }
}

/** Fails unless the stream is as long as announced. The last piece waits until the end has been seen. */
function counted(
  { stream, size }: { stream: ReadableStream<Uint8Array>; size: number },
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  const pieces = exactly(reader, size)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          onFailure(error)
          controller.error(error)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

async function* exactly(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held = 0
  let last: Uint8Array | undefined
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new BodyFailed(error)
      })
      if (done) break
      held += value.length
      if (held > size) throw new WrongLength(held)
      if (last !== undefined) yield last
      last = value
    }
    if (held < size) throw new WrongLength(held)
    if (last !== undefined) yield last
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** A Worker takes the length from the body, and refuses to be told. */
function withoutLength(headers: Record<string, string>): Record<string, string> {
  const { 'content-length': _length, ...others } = headers
  return others
}

function toAnswer({ status, headers, body }: Response): Answer {
  return { status, headers, body: body ?? new Blob().stream() }
}

/** The same memory under the type that `fetch` takes. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes)
}

/** Idle connections are let go before servers do: a write that meets a closed one would be of unknown outcome. */
const KEPT = { keepAlive: true, maxFreeSockets: 256, timeout: 4000 } as const

type Send = (url: string, options: RequestOptions) => ClientRequest
let clients: Record<'plain' | 'secure', Send> | undefined

/** Asked for by name at the first use: a Worker, which never does, would load them at its start. */
function openClients(): Record<'plain' | 'secure', Send> {
  const [http, https] = [
    process.getBuiltinModule('node:http'),
    process.getBuiltinModule('node:https'),
  ]
  const keeping =
    (request: Send, agent: Agent): Send =>
    (url, options) =>
      request(url, { ...options, agent })
  return {
    plain: keeping(http.request, readingInto(new http.Agent(KEPT))),
    secure: keeping(https.request, readingInto(new https.Agent(KEPT))),
  }
}

const READ_BYTES = 256 * 1024

/**
 * What comes is read into one buffer a connection, over and over: the parser copies what it hands on, and else each
 * read would leave its own buffer to the garbage collector, which at half a gigabyte a second has little else to do.
 * https://nodejs.org/api/net.html#netconnectoptions-connectlistener
 */
function readingInto<A extends Agent>(agent: A): A {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, onCreated) => {
    const onread = {
      buffer: new Uint8Array(READ_BYTES),
      callback(bytes: number, buffer: Uint8Array): boolean {
        socket?.emit('data', Buffer.from(buffer.buffer, 0, bytes))
        return true
      },
    }
    const socket = connect({ ...options, onread } as typeof options, onCreated)
    return socket
  }
  return agent
}

async function inProcess(request: ExchangeRequest): Promise<Answer> {
  try {
    return await attempt(request)
  } catch (error) {
    if (!(error instanceof ClosedWhileIdle)) throw error
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (!reads || request.signal.aborted) throw error.cause
    return await attempt(request).catch((second: unknown) => {
      throw second instanceof ClosedWhileIdle ? second.cause : second
    })
  }
}

/** Most likely the server had closed a connection that it had let us keep, before it saw anything of this. */
class ClosedWhileIdle extends Error {}

function attempt({ method, url, headers, body, signal }: ExchangeRequest): Promise<Answer> {
  clients ??= openClients()
  const send = url.startsWith('https:') ? clients.secure : clients.plain
  const sent = send(url, { method, headers: { ...headers, ...lengthOf(body, method) }, signal })
  return new Promise<Answer>((resolve, reject) => {
    sent.on('response', (message) => {
      // Answered before the whole body was sent: the connection is good for nothing else.
      message.on('end', () => sent.writableFinished || sent.destroy())
      resolve(fromMessage(message, signal))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const idle = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      reject(idle ? new ClosedWhileIdle('', { cause: error }) : error)
    })
    if (body === undefined) sent.end()
    else if ('bytes' in body) sent.end(body.bytes)
    else {
      sendStream(sent, body).catch((error: unknown) => {
        reject(error)
        sent.destroy()
      })
    }
  })
}

function lengthOf(body: Outgoing | undefined, method: string): Record<string, string> {
  if (body === undefined)
    return method === 'PUT' || method === 'POST' ? { 'content-length': '0' } : {}
  return { 'content-length': String('bytes' in body ? body.bytes.length : body.size) }
}

/** Piece by piece, as fast as the socket takes them; the last one waits until the end has been seen. */
async function sendStream(
  sent: ClientRequest,
  { stream, size, framed }: Extract<Outgoing, { size: number }>,
): Promise<void> {
  const mayFree = framed === 'answer'
  const reader = stream.getReader()
  let over = false
  const stopped = new Promise<void>((resolve) => {
    // Refused before the end, or broken: the rest is not wanted.
    for (const event of ['close', 'response'] as const) {
      sent.once(event, () => {
        over = true
        reader.cancel().catch(() => undefined)
        resolve()
      })
    }
  })
  try {
    for await (const piece of exactly(reader, size)) {
      if (over) return
      if (sent.write(piece, mayFree ? (error) => error ?? free(piece) : undefined)) continue
      await Promise.race([new Promise<void>((resolve) => sent.once('drain', resolve)), stopped])
    }
    if (!over) sent.end()
  } catch (error) {
    if (!over) throw error
  }
}

/** Gives its memory back at once, where it is all the piece's own: the garbage collector lets it pile up first. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

function fromMessage(message: IncomingMessage, signal: AbortSignal): Answer {
  const { statusCode = 0, rawHeaders } = message
  const body = toWebStream(message, signal)
  return { status: statusCode, headers: toAnswerHeaders(rawHeaders), body }
}

// An HTTP server over a `fetch` function, and how it ends: what is under way is answered first.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeAnswer } from './http/answer.ts'
import { IncomingRequest, addressOf } from './http/incoming-request.ts'

type Fetch = (request: Request) => Response | Promise<Response>

export interface Listener {
  url: string
  /** Takes no new connection, and resolves when the last request is answered, or has taken too long. */
  close(): Promise<void>
}

export const DRAIN_MILLISECONDS = 30_000
const IDLE_MILLISECONDS = 50
const NOTHING = { 'content-length': '0' }
const HEAD_MILLISECONDS = 60_000
/** Without a byte in either direction. */
const SILENCE_MILLISECONDS = 300_000
/** How long a client may go on with a body that is answered already. */
const REST_MILLISECONDS = 500

/** Rejects when the address cannot be had. `fetchAt` is told the URL before the first request comes. */
export async function listen(
  host: string,
  port: number,
  fetchAt: (url: string) => Fetch,
): Promise<Listener> {
  // Node would cut a request after five minutes, and a large file takes longer; silence is cut instead.
  const server = createServer({ requestTimeout: 0, headersTimeout: HEAD_MILLISECONDS })
  server.setTimeout(SILENCE_MILLISECONDS)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const url = `http://${inAddress(host)}:${(server.address() as AddressInfo).port}`
  try {
    const fetch = fetchAt(url)
    server.on('request', (incoming, outgoing) => void answer(fetch, incoming, outgoing))
    server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      if (!isSentOn(incoming)) outgoing.writeContinue()
      void answer(fetch, incoming, outgoing)
    })
  } catch (error) {
    server.close()
    throw error
  }
  return { url, close: () => drain(server) }
}

/** Never rejects. */
async function answer(
  fetch: Fetch,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = addressOf(incoming)
  try {
    if (url === undefined) outgoing.writeHead(400, NOTHING).end()
    else await writeAnswer(await fetch(new IncomingRequest(incoming, outgoing, url)), outgoing)
  } catch {
    if (outgoing.headersSent) outgoing.destroy()
    else outgoing.writeHead(500, NOTHING).end()
  }
  if (!incoming.complete && !incoming.destroyed) dropRest(incoming)
}

/** The connection serves on once the rest of the body is through, and is closed when that takes too long. */
function dropRest(incoming: IncomingMessage): void {
  // A connection that has ended meanwhile leaves its request without a socket.
  const { socket } = incoming
  const timer = setTimeout(() => incoming.complete || socket.destroySoon(), REST_MILLISECONDS)
  timer.unref()
  incoming.once('close', () => clearTimeout(timer))
  incoming.resume()
}

/** `curl -LT` asks before it sends the body: the redirection is the answer, and the body goes where it leads. */
function isSentOn({ method, url = '' }: IncomingMessage): boolean {
  return method === 'PUT' && /^\/v1\/[^/]+\/upload(\?|$)/.test(url)
}

function inAddress(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function drain(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MILLISECONDS)
  // One that was answered meanwhile is kept alive for a request that nobody will take.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_MILLISECONDS)
  await new Promise((done) => server.close(done))
  clearTimeout(timer)
  clearInterval(idle)
}

// An HTTP server over a `fetch` function, and how it ends: what is under way is answered first.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'

export interface Listener {
  url: string
  /** Takes no new connection, and resolves when the last request is answered, or has taken too long. */
  close(): Promise<void>
}

export const DRAIN_MILLISECONDS = 30_000
const IDLE_MILLISECONDS = 50
const HEAD_MILLISECONDS = 60_000
/** Without a byte in either direction. */
const SILENCE_MILLISECONDS = 300_000

/** Rejects when the address cannot be had. `fetchAt` is told the URL before the first request comes. */
export async function listen(
  host: string,
  port: number,
  fetchAt: (url: string) => (request: Request) => Response | Promise<Response>,
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
    const answer = getRequestListener(fetchAt(url))
    server.on('request', (incoming, outgoing) => void answer(incoming, outgoing))
    server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      if (!isSentOn(incoming)) outgoing.writeContinue()
      void answer(incoming, outgoing)
    })
  } catch (error) {
    server.close()
    throw error
  }
  return { url, close: () => drain(server) }
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

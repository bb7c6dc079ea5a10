// A small server that answers as a test says and keeps what it was asked: for services that no emulator
// stands in for (tokens, delegation keys), and for failures that none can be made to show.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: string
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
  /** The connection is closed after the body, whatever length was announced. */
  breaksOff?: boolean
  brokeOff?: () => void
}

/** `cut`: the connection is closed without an answer. */
export type Answering = (asked: Asked) => Answer | 'cut'

export interface AnsweringServer {
  url: string
  asked: Asked[]
  answering: Answering
  stop(): Promise<void>
}

/** `always` are headers that every answer has. */
export async function startAnswering(
  answering: Answering,
  always: Record<string, string> = {},
): Promise<AnsweringServer> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const one = {
      method: request.method ?? '',
      url: new URL(request.url ?? '/', 'http://local'),
      headers: request.headers,
      body: await readAll(request),
    }
    asked.push(one)
    send(response, running.answering(one), always)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const running: AnsweringServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answering,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return running
}

async function readAll(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8')
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

function send(
  response: ServerResponse,
  answer: Answer | 'cut',
  always: Record<string, string>,
): void {
  if (answer === 'cut') {
    response.destroy()
    return
  }
  response.writeHead(answer.status, { ...always, ...answer.headers })
  if (answer.breaksOff) {
    response.on('close', () => answer.brokeOff?.())
    response.write(answer.body, () => response.destroy())
  } else {
    response.end(answer.body)
  }
}

// Puts an answer on the wire, with the headers every S3 answer has, slowly where the client reads slowly,
// and spoiled where a fault says so.

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Answer } from './call.ts'
import { spoil } from './faults.ts'
import type { FaultAction } from './faults.ts'

export type Frame = { requestId: string; dateMs: number; cors: Record<string, string> }

export async function respond(
  response: ServerResponse,
  answer: Answer,
  frame: Frame,
  fault?: FaultAction,
): Promise<void> {
  const { chunks, size } = bodyOf(answer)
  response.writeHead(answer.status, encodeHeaders(answer, frame, size))
  if (response.req.method !== 'HEAD') {
    for (const chunk of spoil(chunks, fault)) {
      if (response.destroyed) return
      if (!response.write(chunk)) await drained(response)
    }
  }
  if (fault?.cutAfterBytes === undefined) response.end()
  else cutWhenFlushed(response)
}

function bodyOf(answer: Answer): { chunks: Iterable<Buffer>; size: number } {
  const { body } = answer
  if (body === undefined) return { chunks: [], size: answer.lengthOnly ?? 0 }
  if (typeof body !== 'string') return body
  const bytes = Buffer.from(body)
  return { chunks: [bytes], size: bytes.length }
}

/** Node writes header text as Latin-1, while these values are UTF-8. */
function encodeHeaders(answer: Answer, frame: Frame, size: number): Record<string, string> {
  const hasLength = answer.status !== 204 && answer.status !== 304
  const headers = {
    ...answer.headers,
    ...frame.cors,
    date: new Date(frame.dateMs).toUTCString(),
    server: 'AmazonS3',
    'x-amz-request-id': frame.requestId,
    'x-amz-id-2': 'skein-test-s3',
    ...(hasLength ? { 'content-length': String(size) } : {}),
  }
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
  )
}

async function drained(response: ServerResponse): Promise<void> {
  const stop = new AbortController()
  const { signal } = stop
  const ended = [once(response, 'drain', { signal }), once(response, 'close', { signal })]
  await Promise.race(ended).finally(() => {
    for (const one of ended) one.catch(() => undefined)
    stop.abort()
  })
}

/** The bytes let through shall arrive: the socket goes only when they have left. */
function cutWhenFlushed(response: ServerResponse): void {
  const { socket } = response
  response.flushHeaders()
  socket?.end(() => socket.destroy())
}

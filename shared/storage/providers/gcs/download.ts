// A GET whose body arrives as it is stored. `fetch` unpacks gzip on the way and cannot be told not to in
// Node; Node's own client never does, in Node and in workerd alike.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'
import { toWebStream } from '../node-stream.ts'

export interface Download {
  status: number
  headers: Headers
  body: ReadableStream<Uint8Array>
}

export async function download(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Download> {
  const get = url.startsWith('https:') ? getSecure : getPlain
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request: ClientRequest = get(url, { headers, signal }, resolve)
    request.on('error', reject)
    // workerd's client takes no signal before there is an answer.
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  return {
    status: answer.statusCode ?? 0,
    headers: toHeaders(answer),
    body: toWebStream(answer),
  }
}

function toHeaders({ headers }: IncomingMessage): Headers {
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) all.append(name, one)
  }
  return all
}

// A GET whose body arrives as it is stored. `fetch` unpacks gzip on the way and cannot be told not to in
// Node; Node's own client never does, in Node and in workerd alike.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'

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
  })
  return {
    status: answer.statusCode ?? 0,
    headers: toHeaders(answer),
    body: toWebStream(answer),
  }
}

/** Pulled chunk by chunk, so that a slow reader holds the sender back; a reader that leaves closes the socket. */
function toWebStream(answer: IncomingMessage): ReadableStream<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = answer[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        answer.destroy()
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

function toHeaders({ headers }: IncomingMessage): Headers {
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) all.append(name, one)
  }
  return all
}

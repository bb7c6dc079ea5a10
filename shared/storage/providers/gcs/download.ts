// A GET whose body arrives as it is stored. In Node `fetch` unpacks gzip on the way and cannot be told not to,
// while Node's own client never does; in a Worker it is the other way round: `fetch` can be told, and
// `node:http` never tells of a connection that was refused.

import type { IncomingMessage } from 'node:http'
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'
import { toWebStream } from '../node-stream.ts'
import { AS_IT_IS, FixedLengthStream } from '../worker-streams.ts'

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
  if (FixedLengthStream === undefined) return fromNode(url, headers, signal)
  const { status, headers: told, body } = await fetch(url, { ...AS_IT_IS, headers, signal })
  return { status, headers: told, body: body ?? new Blob().stream() }
}

async function fromNode(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Download> {
  const get = url.startsWith('https:') ? getSecure : getPlain
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, signal }, resolve).on('error', reject)
  })
  return { status: answer.statusCode ?? 0, headers: toHeaders(answer), body: toWebStream(answer) }
}

function toHeaders({ headers }: IncomingMessage): Headers {
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) all.append(name, one)
  }
  return all
}

// Bodies of known content: made up as they are sent, compared as they are received. All that is received is counted.

import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentAt, contentMd5, isContentAt } from './known-content.ts'

const NONE = { receivedBytes: 0, wrongBodies: 0 }

export const counts = { ...NONE, requests: { objects: 0, records: 0, lists: 0 } }

export type Counts = typeof counts

export function forget(): void {
  Object.assign(counts, NONE, { requests: { objects: 0, records: 0, lists: 0 } })
}

async function receive(
  request: IncomingMessage,
  onBytes: (bytes: Buffer) => void,
): Promise<number> {
  let size = 0
  for await (const bytes of request as AsyncIterable<Buffer>) {
    counts.receivedBytes += bytes.length
    onBytes(bytes)
    size += bytes.length
  }
  return size
}

export async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  await receive(request, (bytes) => chunks.push(bytes))
  return Buffer.concat(chunks)
}

/** Its size, or undefined when it is not what lies there in the known content, or not what its own digest says. */
export async function compare(
  request: IncomingMessage,
  first: number,
): Promise<number | undefined> {
  let at = first
  let right = true
  const size = await receive(request, (bytes) => {
    right &&= isContentAt(at, bytes)
    at += bytes.length
  })
  const announced = request.headers['content-md5']
  if (announced !== undefined) right &&= announced === contentMd5(first, size).toString('base64')
  if (right) return size
  counts.wrongBodies++
  return undefined
}

const CHUNK_BYTES = 1024 * 1024

/** Piece by piece: what a slow reader does not take would else stand here. */
export async function send(response: ServerResponse, first: number, size: number): Promise<void> {
  const gone = once(response, 'close')
  for (const piece of contentAt(first, size)) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      if (response.destroyed) return
      if (response.write(piece.subarray(at, at + CHUNK_BYTES))) continue
      await Promise.race([once(response, 'drain'), gone])
    }
  }
  response.end()
}

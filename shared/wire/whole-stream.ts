// A stream read to its end, for what is small. In a Worker by `Response`, which does it in one go; Node would load all
// of its fetch for that.

import { BODIES_STAY_OUTSIDE } from './worker-streams.ts'

export async function bytesOfStream(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (BODIES_STAY_OUTSIDE) return new Uint8Array(await new Response(stream).arrayBuffer())
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of stream) {
    pieces.push(piece)
    length += piece.length
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

export async function textOfStream(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await bytesOfStream(stream))
}

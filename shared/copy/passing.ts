// A body on its way from one store to another whose bytes are looked at as they pass: taken into digests, and its
// failures told as the source's. In a Worker each read costs the same whatever it brings, and memory is scarce:
// there one large buffer goes round between the reader and the writer.

import type { PassingDigests } from '#shared/wire/passing-digests.ts'
import { FixedLengthStream } from '#shared/wire/worker-streams.ts'

export interface Passing {
  stream: ReadableStream<Uint8Array>
  /** A Worker's own, of exactly its length; or an answer's pieces, which nobody else holds. */
  framed?: 'fixed' | 'answer' | undefined
  /** What became of the source, for when the destination only saw the body end. */
  failure: () => unknown
}

export interface Source {
  body: ReadableStream<Uint8Array>
  /** It is the body of an answer, of exactly this size. */
  framed: boolean
  size: number
  hashing: PassingDigests
  /** The failure as the source's. */
  toError: (cause: unknown) => unknown
}

const BUFFER_BYTES = 256 * 1024

export function passing(source: Source): Passing {
  if (FixedLengthStream === undefined) {
    return { ...pulled(source), framed: source.framed ? 'answer' : undefined }
  }
  const reader = intoBuffers(source.body)
  return reader ? goingRound(source, reader, new FixedLengthStream(source.size)) : pulled(source)
}

function pulled({ body, hashing, toError }: Source): Passing {
  const reader = body.getReader()
  let failure: unknown
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((cause: unknown) => {
          throw (failure = toError(cause))
        })
        if (done) return controller.close()
        try {
          await hashing.update(value)
        } catch (cause) {
          // Nobody reads it to its end any more.
          reader.cancel(cause).catch(() => undefined)
          throw (failure = cause)
        }
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return { stream, failure: () => failure }
}

function goingRound(
  { hashing, toError }: Source,
  reader: ReadableStreamBYOBReader,
  { readable, writable }: TransformStream<Uint8Array, Uint8Array>,
): Passing {
  let failure: unknown
  const writer = writable.getWriter()
  // The destination had enough, or the source broke: neither is waited for any more.
  const stop = (cause: unknown): void => {
    reader.cancel(cause).catch(() => undefined)
    writer.abort(cause).catch(() => undefined)
  }
  const pump = async (): Promise<void> => {
    let buffer = new ArrayBuffer(BUFFER_BYTES)
    for (;;) {
      const { done, value } = await reader
        .read(new Uint8Array(buffer), { min: BUFFER_BYTES })
        .catch((cause: unknown) => {
          throw (failure = toError(cause))
        })
      if (value !== undefined && value.length > 0) {
        await hashing.update(value)
        await writer.write(value)
      }
      if (done || value === undefined) return writer.close()
      buffer = value.buffer
    }
  }
  pump().catch(stop)
  return { stream: readable, framed: 'fixed', failure: () => failure }
}

/** Undefined for a body that is JavaScript's own. */
function intoBuffers(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}

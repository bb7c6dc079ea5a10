// Bytes or a stream as a request's body with its length declared, and the reason kept when the stream itself
// fails, since `fetch` would tell of a broken connection.

import type { Content } from '../../contract.ts'
import { wrongLength } from '../refusals.ts'
import { FixedLengthStream } from '../worker-streams.ts'

export interface OutgoingBody {
  body: BodyInit
  headers: Record<string, string>
  /** What the stream failed with, or undefined. */
  failure(): unknown
}

export function outgoingBody(content: Content, store: string, key: string): OutgoingBody {
  if ('bytes' in content) {
    return { body: plainBytes(content.bytes), headers: {}, failure: () => undefined }
  }
  const { size } = content
  const { stream, failure } = checkedStream(content.stream, size, store, key)
  return size === undefined
    ? { body: stream, headers: {}, failure }
    : { body: sizedStream(stream, size), headers: { 'content-length': String(size) }, failure }
}

/** The same memory under the type that `fetch` takes. */
function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes)
}

/** Fails, and so cuts the request short, unless the stream is as long as announced. */
function checkedStream(
  source: ReadableStream<Uint8Array>,
  size: number | undefined,
  store: string,
  key: string,
): { stream: ReadableStream<Uint8Array>; failure: () => unknown } {
  const reader = source.getReader()
  let sent = 0
  let failure: unknown
  const next = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await reader.read()
    sent += value?.length ?? 0
    if (size !== undefined && (sent > size || (done && sent < size))) {
      throw wrongLength(store, key, sent, size)
    }
    return done ? undefined : value
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await next()
          if (chunk === undefined) controller.close()
          else controller.enqueue(chunk)
        } catch (error) {
          failure = error
          controller.error(error)
          await reader.cancel(error).catch(() => undefined)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return { stream, failure: () => failure }
}

/** workerd takes the length from the stream, which must be of its own kind; Node from the header. */
function sizedStream(stream: ReadableStream<Uint8Array>, size: number): ReadableStream<Uint8Array> {
  if (FixedLengthStream === undefined) return stream
  return stream.pipeThrough(new FixedLengthStream(size))
}

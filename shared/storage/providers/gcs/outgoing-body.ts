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
  /** Lets go of a stream of which the rest is not wanted. */
  end(): Promise<void>
}

/** For what is in hand and cannot fail. */
export const AT_HAND: Pick<OutgoingBody, 'failure' | 'end'> = {
  failure: () => undefined,
  end: async () => undefined,
}

export function outgoingBody(content: Content, store: string, key: string): OutgoingBody {
  if ('bytes' in content) {
    return { body: plainBytes(content.bytes), headers: {}, ...AT_HAND }
  }
  const { size } = content
  const { stream, ...watch } = checkedStream(content.stream, size, store, key)
  return size === undefined
    ? { body: stream, headers: {}, ...watch }
    : { body: sizedStream(stream, size), headers: { 'content-length': String(size) }, ...watch }
}

/** The same memory under the type that `fetch` takes. */
function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes)
}

/**
 * Fails, and so cuts the request short, unless the stream is as long as announced. The last piece waits until
 * the end has been seen, or a stream that goes on, or fails, after it would have become an object.
 */
function checkedStream(
  source: ReadableStream<Uint8Array>,
  size: number | undefined,
  store: string,
  key: string,
): { stream: ReadableStream<Uint8Array> } & Pick<OutgoingBody, 'failure' | 'end'> {
  const reader = source.getReader()
  let held = 0
  let last: Uint8Array | undefined
  let failure: unknown
  const next = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      const { done, value } = await reader.read()
      held += value?.length ?? 0
      if (size !== undefined && (held > size || (done && held < size))) {
        throw wrongLength(store, key, held, size)
      }
      if (!done && value.length === 0) continue
      const ready = last
      last = value
      if (ready || done) return ready
    }
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
  const end = () => reader.cancel().catch(() => undefined)
  return { stream, failure: () => failure, end }
}

/** workerd takes the length from the stream, which must be of its own kind; Node from the header. */
function sizedStream(stream: ReadableStream<Uint8Array>, size: number): ReadableStream<Uint8Array> {
  if (FixedLengthStream === undefined) return stream
  return stream.pipeThrough(new FixedLengthStream(size))
}

// A body on its way out. The SDK takes a Node stream in a process and a web stream of fixed length in a
// Worker. Exactly the announced length is sent: the last piece waits until the end has been seen, so a
// stream of another length never becomes an object.

import { Readable } from 'node:stream'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { wrongLength } from '../refusals.ts'
import { FixedLengthStream } from '../worker-streams.ts'

export type OutgoingBody = Uint8Array | Readable | ReadableStream<Uint8Array>

export interface Outgoing {
  store: string
  key: string
  content: Content
  signal: AbortSignal
}

/** A stream that fails, or has another length, ends the request and is the error; a request that fails cancels the stream. */
export async function sendContent<T>(
  outgoing: Outgoing,
  send: (body: OutgoingBody, size: number, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { content, signal } = outgoing
  if ('bytes' in content) return send(content.bytes, content.bytes.length, signal)
  const size = content.size ?? refuseUnknownLength(outgoing)
  const reader = content.stream.getReader()
  const ended = new AbortController()
  let failure: unknown
  const pieces = watched(readExactly(reader, size, outgoing), (error) => {
    failure ??= error
    ended.abort(error)
  })
  try {
    return await send(toBody(pieces, size), size, AbortSignal.any([signal, ended.signal]))
  } catch (error) {
    failure ??= error
    throw failure
  } finally {
    await reader.cancel(failure).catch(() => undefined)
  }
}

function refuseUnknownLength({ store, key }: Outgoing): never {
  const message = `${store} takes no stream whose length is not known; say the size of ${quoteKey(key)}.`
  throw new StorageError('unsupported', message, { store, key })
}

async function* readExactly(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  size: number,
  { store, key }: Outgoing,
): AsyncGenerator<Uint8Array> {
  let held = 0
  let last: Uint8Array | undefined
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (next.value.length === 0) continue
    held += next.value.length
    if (held > size) throw wrongLength(store, key, held, size)
    if (last) yield last
    last = next.value
  }
  if (held < size) throw wrongLength(store, key, held, size)
  if (last) yield last
}

async function* watched(
  pieces: AsyncGenerator<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces
  } catch (error) {
    onError(error)
    throw error
  }
}

function toBody(pieces: AsyncGenerator<Uint8Array>, size: number): OutgoingBody {
  if (FixedLengthStream) {
    return streamOf(pieces).pipeThrough(new FixedLengthStream(size))
  }
  const body = Readable.from(pieces, { objectMode: false })
  // The failure is told by whoever sends; unheard, it would end the process.
  return body.on('error', () => undefined)
}

function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

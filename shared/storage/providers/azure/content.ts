// Bytes on their way through the SDK, which wants Node's streams. A stream that breaks, or that does not
// hold what was announced, ends the request: left alone, the SDK would wait for the rest for ever.

import { Readable } from 'node:stream'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { toWebStream } from '../node-stream.ts'
import { wrongLength } from '../refusals.ts'
import type { AzureSettings } from './settings.ts'

export interface Upload {
  body: Uint8Array | (() => NodeJS.ReadableStream)
  size: number
  /** Aborts with the caller's signal or with the body. */
  signal: AbortSignal
}

/** Runs `send` with the content; what broke the content is thrown in place of what the SDK makes of it. */
export async function sendContent<T>(
  settings: AzureSettings,
  key: string,
  content: Content,
  signal: AbortSignal,
  send: (upload: Upload) => Promise<T>,
): Promise<T> {
  if ('bytes' in content) return send({ body: content.bytes, size: content.bytes.length, signal })
  const { size } = content
  if (size === undefined) throw unknownLength(settings, key)
  const broken = new AbortController()
  const readable = toNodeStream(measured(settings, key, content.stream, size))
  readable.on('error', (error) => broken.abort(error))
  try {
    return await send({
      body: () => readable,
      size,
      signal: AbortSignal.any([signal, broken.signal]),
    })
  } catch (error) {
    if (broken.signal.aborted && !signal.aborted) throw broken.signal.reason
    throw error
  } finally {
    // After an early refusal the rest is not wanted.
    readable.destroy()
  }
}

/** The last piece waits until the end has been seen: what goes on, or fails, after it shall be no object. */
function measured(
  settings: AzureSettings,
  key: string,
  stream: ReadableStream<Uint8Array>,
  size: number,
): ReadableStream<Uint8Array> {
  let held = 0
  let last: Uint8Array | undefined
  const wrong = () => wrongLength(settings.name, key, held, size)
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (chunk.length === 0) return
        held += chunk.length
        if (held > size) throw wrong()
        if (last) controller.enqueue(last)
        last = chunk
      },
      flush(controller) {
        if (held < size) throw wrong()
        if (last) controller.enqueue(last)
      },
    }),
  )
}

function unknownLength(settings: AzureSettings, key: string): StorageError {
  return new StorageError(
    'unsupported',
    `${settings.name} takes no stream of unknown length; say its size, or send it in parts.`,
    { store: settings.name, key },
  )
}

/** The two declarations of a web stream, the DOM's and Node's, are of one and the same object. */
function toNodeStream(stream: ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(stream as NodeWebStream<Uint8Array>)
}

/** The SDK types its answers' bodies more loosely than they are. */
export function toWebBody(stream: NodeJS.ReadableStream): ReadableStream<Uint8Array> {
  return toWebStream(stream instanceof Readable ? stream : new Readable().wrap(stream))
}

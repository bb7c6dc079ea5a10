// A body on its way into an R2 binding, which takes a stream only if its length is known beforehand and is
// the body of a request or half of a FixedLengthStream. A stream of another length becomes no object.

import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import type { R2Value } from './binding.ts'

/** workerd's own: the R2 binding exists nowhere else. */
declare const FixedLengthStream: new (bytes: number) => TransformStream<Uint8Array, Uint8Array>

export interface Outgoing {
  store: string
  key: string
  content: Content
  signal: AbortSignal
}

export async function sendContent<T>(
  { store, key, content, signal }: Outgoing,
  send: (value: R2Value) => Promise<T>,
): Promise<T> {
  if ('bytes' in content) return send(content.bytes)
  const { stream, size } = content
  if (size === undefined) {
    const message = `${store} takes no stream whose length is not known; say the size of ${quoteKey(key)}.`
    throw new StorageError('unsupported', message, { store, key })
  }
  if (content.framed === 'fixed') return send(stream)
  const fixed = new FixedLengthStream(size)
  // A binding that answers before it has read all would leave the pipe waiting for its reader.
  const answered = new AbortController()
  const cut = AbortSignal.any([signal, answered.signal])
  const sending = send(fixed.readable)
  const end = (reason?: unknown): void => answered.abort(reason)
  void sending.then(() => end(), end)
  const [piped, sent] = await Promise.allSettled([
    stream.pipeTo(fixed.writable, { signal: cut }),
    sending,
  ])
  if (sent.status === 'fulfilled') return sent.value
  // What broke the stream is the reason; the binding only saw it end.
  throw reasonOf(piped.status === 'rejected' ? piped.reason : sent.reason, store, key, size)
}

/** The length is FixedLengthStream's to watch, which leaves the bytes outside of JavaScript. */
function reasonOf(error: unknown, store: string, key: string, size: number): unknown {
  if (!(error instanceof Error && error.message.includes('FixedLengthStream'))) return error
  const message = `The stream for ${quoteKey(key)} did not hold the ${size} bytes that it was announced with; nothing was written to ${store}.`
  return new StorageError('invalid', message, { store, key, cause: error })
}

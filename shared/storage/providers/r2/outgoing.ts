// A body on its way into an R2 binding, which takes a stream only if its length is known beforehand and is
// the body of a request or half of a FixedLengthStream. A stream of another length becomes no object.

import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { wrongLength } from '../refusals.ts'
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
  let held = 0
  const counted = stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        held += chunk.length
        if (held > size) throw wrongLength(store, key, held, size)
        controller.enqueue(chunk)
      },
      flush() {
        if (held < size) throw wrongLength(store, key, held, size)
      },
    }),
  )
  const fixed = new FixedLengthStream(size)
  const [piped, sent] = await Promise.allSettled([
    counted.pipeTo(fixed.writable, { signal }),
    send(fixed.readable),
  ])
  // What broke the stream is the reason; the binding only saw it end.
  if (piped.status === 'rejected' && sent.status === 'rejected') throw piped.reason
  if (sent.status === 'rejected') throw sent.reason
  return sent.value
}

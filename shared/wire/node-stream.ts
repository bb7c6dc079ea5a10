// A Node stream as a web stream, pulled chunk by chunk, so that a slow reader holds the sender back and a
// reader that leaves closes the socket; an abort is told by its own reason. Not by `Readable.toWeb`: what it makes cannot be cancelled in workerd.

import type { Readable } from 'node:stream'

export function toWebStream(readable: Readable, signal: AbortSignal): ReadableStream<Uint8Array> {
  // A connection that breaks before the first read is told by that read; unheard, it would end the process.
  readable.on('error', () => {})
  const iterator: AsyncIterator<Uint8Array> = readable[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          signal.throwIfAborted()
          throw error
        }
      },
      async cancel() {
        readable.destroy()
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

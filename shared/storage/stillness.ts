// Notices that nothing moves any more. A body that is on its way has no time limit, since nobody knows how
// large it is or how fast the line; it is given up when for a while not one byte has gone either way.

import { timerMilliseconds } from '#shared/wire/retry.ts'

export interface Watch {
  /** Something moved. */
  touch(): void
  stop(): void
}

export function watchStillness(seconds: number, onStill: () => void): Watch {
  const start = () => setTimeout(onStill, timerMilliseconds(seconds))
  let timer = start()
  return {
    touch() {
      clearTimeout(timer)
      timer = start()
    },
    stop: () => clearTimeout(timer),
  }
}

/** The same stream, with a word on each chunk that is taken from it. */
export function counted(
  stream: ReadableStream<Uint8Array>,
  onBytes: (count: number) => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        onBytes(value.length)
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

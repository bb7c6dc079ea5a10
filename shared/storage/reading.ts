// A read that survives a broken connection. When the body stops short, the rest is asked for from where
// it stopped, on condition that the object is still the same; bytes of two versions never mix. Also the
// place where a body that no longer moves is given up.

import { timerMilliseconds } from '#shared/wire/retry.ts'
import type { ByteRange, GetResult } from './contract.ts'
import { StorageError } from './errors.ts'
import { quoteKey } from './keys.ts'

type Open = (range: ByteRange | undefined, ifMatch: string | undefined) => Promise<GetResult>

interface Watch {
  store: string
  key: string
  idleSeconds: number
  attempts: number
}

interface Wanted {
  range?: ByteRange | undefined
  ifMatch?: string | undefined
  signal?: AbortSignal | undefined
}

export async function openBody(open: Open, wanted: Wanted, watch: Watch): Promise<GetResult> {
  const first = await open(wanted.range, wanted.ifMatch)
  return { info: first.info, body: resumed(first, open, wanted, watch) }
}

function resumed(
  start: GetResult,
  open: Open,
  wanted: Wanted,
  watch: Watch,
): ReadableStream<Uint8Array> {
  const { etag, size } = start.info
  const last = Math.min(wanted.range?.last ?? size - 1, size - 1)
  let position = wanted.range?.first ?? 0
  let reader = start.body.getReader()
  let failuresInARow = 0

  const { signal } = wanted
  const onAbort = () => void reader.cancel(signal?.reason).catch(() => undefined)
  signal?.addEventListener('abort', onAbort, { once: true })
  const unfollow = () => signal?.removeEventListener('abort', onAbort)
  const failed = (error: unknown): never => {
    unfollow()
    throw error
  }

  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        signal?.throwIfAborted()
        const { done, value } = await readWithin(reader, watch)
        if (!done) return value
        if (position > last) return undefined
        throw short(watch, position, last)
      } catch (error) {
        const cancelled = reader.cancel(error).catch(() => undefined)
        signal?.throwIfAborted()
        if (++failuresInARow >= watch.attempts) throw broken(error, watch)
        await cancelled
        if (position > last) return undefined
        reader = (await open({ first: position, last }, etag)).body.getReader()
      }
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await next().catch(failed)
        if (chunk === undefined) {
          unfollow()
          return controller.close()
        }
        if (chunk.length > 0) failuresInARow = 0
        position += chunk.length
        if (position > last + 1) {
          const error = long(watch)
          void reader.cancel(error).catch(() => undefined)
          failed(error)
        }
        controller.enqueue(chunk)
      },
      cancel(reason) {
        unfollow()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

function readWithin(reader: Reader, watch: Watch): ReturnType<Reader['read']> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        unavailable(
          watch,
          `sent nothing of ${quoteKey(watch.key)} for ${watch.idleSeconds} seconds`,
        ),
      )
    }, timerMilliseconds(watch.idleSeconds))
    reader
      .read()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

function broken(error: unknown, watch: Watch): unknown {
  if (error instanceof StorageError) return error
  return unavailable(watch, `broke off while sending ${quoteKey(watch.key)}`, error)
}

function short(watch: Watch, position: number, last: number): StorageError {
  return unavailable(watch, `ended ${quoteKey(watch.key)} at byte ${position} of ${last + 1}`)
}

function long(watch: Watch): StorageError {
  const message = `${watch.store} sent more of ${quoteKey(watch.key)} than it has said there is.`
  return new StorageError('corrupt', message, { store: watch.store, key: watch.key })
}

function unavailable(watch: Watch, what: string, cause?: unknown): StorageError {
  const { store, key } = watch
  return new StorageError('unavailable', `${store} ${what}; the read can be tried again.`, {
    store,
    key,
    cause,
  })
}

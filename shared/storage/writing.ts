// How an object gets in: one write where that is possible, parts where the object is large or its length
// unknown to a store that must know it. Parts are all of one size but the last, which suits every
// provider; a few are in flight at a time; an upload that fails is aborted, so nothing is left to pay for.

import { following } from '#shared/wire/following.ts'
import type { Source } from './body.ts'
import { chunks, toSource } from './body.ts'
import type { Content, Driver, MultipartDriver, ObjectInfo, Part, PutOptions } from './contract.ts'
import { StorageError } from './errors.ts'
import { checkChecksum, checkMode, checkSize, refuse } from './guard.ts'
import { quoteKey } from './keys.ts'
import { counted, watchStillness } from './stillness.ts'
import type { Store, WriteOptions } from './store.ts'

/** Bytes in hand are given this long beyond the usual time: a slower line counts as dead. */
const SLOWEST_BYTES_PER_SECOND = 64 * 1024
const MiB = 1024 * 1024

export interface Write {
  store: Store
  key: string
  /** With the store's prefix. */
  full: string
  source: Source
  options: WriteOptions
}

export async function writeObject(write: Write): Promise<ObjectInfo> {
  const { store, key, source } = write
  const { put, multipart } = store.capabilities
  checkChecksum(store.subject(key), write.options.checksum)
  if (fitsOneWrite(write)) return writeWhole(write, source)
  if (multipart === null) {
    if (source.size === undefined)
      refuse(store.subject(key), 'take a stream whose length is not known')
    throw tooLargeForOneWrite(write, put.maxBytes)
  }
  if (source.size === undefined) return writeStream(write)
  return writeParts(write, partSize(write, source.size))
}

function fitsOneWrite({ store, source, options }: Write): boolean {
  const { put, multipart } = store.capabilities
  if (source.size === undefined) return put.unknownLength
  if (source.size > put.maxBytes) return false
  // Only a single write can be held to a digest of the whole.
  return (
    multipart === null ||
    options.checksum !== undefined ||
    source.size <= store.transfer.multipartThresholdBytes
  )
}

function tooLargeForOneWrite({ store, key, source }: Write, most: number): StorageError {
  const message = `${quoteKey(key)} is ${source.size} bytes; ${store.name} takes ${most} in one write and has no multipart uploads.`
  return new StorageError('too-large', message, { store: store.name, key })
}

function mode({ options }: Write): NonNullable<WriteOptions['mode']> {
  return options.mode ?? 'overwrite'
}

function putOptions(write: Write, signal: AbortSignal): PutOptions {
  const {
    contentType = 'application/octet-stream',
    contentEncoding,
    contentDisposition,
  } = write.options
  const { contentLanguage, cacheControl, metadata, storageClass, tags, checksum } = write.options
  return {
    signal,
    mode: mode(write),
    ...{ contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl },
    ...{ metadata, storageClass, tags, checksum },
  }
}

function writeWhole(write: Write, source: Source): Promise<ObjectInfo> {
  const { store, key, full } = write
  checkMode(store.subject(key), mode(write), store.capabilities.put, 'write')
  const progress = new Progress(write)
  return send(
    write,
    { operation: 'put', source, conditional: mode(write) !== 'overwrite' },
    progress,
    (driver, content, signal) => driver.put(full, content, putOptions(write, signal)),
  )
}

/** A stream of unknown length: small ones fit the first part's buffer and go in one write after all. */
async function writeStream(write: Write): Promise<ObjectInfo> {
  const size = partSize(write, undefined)
  const pieces = chunks(whileWanted(write), size)
  try {
    const first = await pieces.next()
    const second = await pieces.next()
    if (first.done || second.done)
      return await writeWhole(write, toSource(first.value ?? new Uint8Array()))
    return await upload(write, async function* () {
      yield toSource(first.value)
      yield toSource(second.value)
      for await (const piece of pieces) yield toSource(piece)
    })
  } finally {
    // Cancels what was not read.
    await pieces.return(undefined)
  }
}

/** The caller's stream until his signal ends: one that stands still would be waited for all the same. */
function whileWanted({ source, options: { signal } }: Write): ReadableStream<Uint8Array> {
  const stream = source.stream()
  return signal ? stream.pipeThrough(new TransformStream(), { signal }) : stream
}

async function writeParts(write: Write, size: number): Promise<ObjectInfo> {
  const { source } = write
  const whole = source.size!
  return upload(write, async function* () {
    if (source.repeatable) {
      for (let first = 0; first < whole; first += size) {
        yield sliceSource(source, first, Math.min(first + size, whole))
      }
    } else {
      for await (const piece of chunks(whileWanted(write), size)) yield toSource(piece)
    }
  })
}

function sliceSource(source: Source, first: number, end: number): Source {
  return {
    size: end - first,
    repeatable: true,
    open: () => source.slice(first, end),
    stream: () => source.stream(),
    slice: (from, to) => source.slice(first + from, first + to),
  }
}

/** A size legal for this store that keeps within its count of parts: the configured one, grown where it must be. */
function partSize({ store, key }: Write, size: number | undefined): number {
  const limits = store.capabilities.multipart!
  const wanted = Math.max(store.transfer.partSizeBytes, limits.minPartBytes)
  const needed = size === undefined ? 0 : Math.ceil(size / limits.maxParts / MiB) * MiB
  const chosen = Math.max(wanted, needed)
  if (chosen <= limits.maxPartBytes) return chosen
  const message = `${quoteKey(key)} needs parts of ${chosen} bytes and ${store.name} takes ${limits.maxPartBytes} at most.`
  throw new StorageError('too-large', message, { store: store.name, key })
}

async function upload(write: Write, sources: () => AsyncGenerator<Source>): Promise<ObjectInfo> {
  const { store, key, full, options } = write
  const limits = store.capabilities.multipart!
  checkMode(store.subject(key), mode(write), limits, 'commit a multipart upload')
  const { signal } = options
  const uploadId = await store.call({ operation: 'begin', key, signal }, (driver, s) =>
    parts(driver).begin(full, putOptions(write, s)),
  )
  let completing = false
  try {
    const done = await sendParts(write, uploadId, sources())
    const size = done.reduce((sum, part) => sum + part.size, 0)
    checkSize(store.subject(key), size)
    if (write.source.size !== undefined && size !== write.source.size)
      throw wrongLength(write, size)
    completing = true
    const info = await store.call(
      { operation: 'complete', key, signal, conditional: mode(write) !== 'overwrite' },
      (driver, s) => parts(driver).complete(full, uploadId, done, putOptions(write, s)),
    )
    return info
  } catch (error) {
    // The caller's own signal may have ended: the clean-up must not end with it.
    if (!(completing && ambiguous(error))) {
      await store
        .call({ operation: 'abort', key }, (driver, s) =>
          parts(driver).abort(full, uploadId, { signal: s }),
        )
        .catch(() => undefined)
    }
    throw error
  }
}

/** Whether a completion may have happened: then there is nothing of ours to abort, or nobody knows. */
function ambiguous(error: unknown): boolean {
  return error instanceof StorageError && error.ambiguous
}

function parts(driver: Driver): MultipartDriver {
  return driver.multipart!
}

function wrongLength({ store, key, source }: Write, size: number): StorageError {
  const message = `The stream for ${quoteKey(key)} held ${size} bytes and was announced with ${source.size}; nothing was written.`
  return new StorageError('invalid', message, { store: store.name, key })
}

/** In order of number, `concurrency` at a time; the first failure stops the reading and is the one thrown. */
async function sendParts(
  write: Write,
  uploadId: string,
  sources: AsyncGenerator<Source>,
): Promise<Part[]> {
  const { store, key, full } = write
  const done: Part[] = []
  const progress = new Progress(write)
  const { maxParts } = store.capabilities.multipart!
  let number = 0
  const stop = new AbortController()

  async function worker(): Promise<void> {
    while (!stop.signal.aborted) {
      const next = await sources.next()
      if (next.done) return
      const partNumber = ++number
      if (partNumber > maxParts) throw tooManyParts(write, maxParts)
      done[partNumber - 1] = await send(
        write,
        { operation: 'part', source: next.value },
        progress,
        (driver, content, signal) =>
          parts(driver).part(full, uploadId, partNumber, content, { signal }),
      )
    }
  }

  const workers = Array.from({ length: store.transfer.concurrency }, () =>
    worker().catch((error: unknown) => stop.abort(error)),
  )
  await Promise.all(workers)
  if (stop.signal.aborted) {
    await sources.return(undefined)
    throw stop.signal.reason
  }
  if (done.length === 0)
    throw new StorageError('internal', `No part of ${quoteKey(key)} was sent.`, {
      store: store.name,
      key,
    })
  return done
}

function tooManyParts({ store, key }: Write, most: number): StorageError {
  const message = `The stream for ${quoteKey(key)} is longer than ${most} parts, the most ${store.name} takes; set a larger part size.`
  return new StorageError('too-large', message, { store: store.name, key })
}

interface Sending {
  operation: string
  source: Source
  conditional?: boolean
}

/** One body to the driver, watched: a stream for stillness, bytes by a limit that grows with them. */
export function send<T>(
  write: Pick<Write, 'store' | 'key' | 'options'>,
  { operation, source, conditional }: Sending,
  progress: Progress,
  run: (driver: Driver, content: Content, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { store, key, options } = write
  let sent = 0
  return store.call(
    {
      operation,
      key,
      conditional,
      signal: options.signal,
      repeatable: source.repeatable,
      timeoutSeconds: source.repeatable
        ? store.timeouts.requestSeconds + (source.size ?? 0) / SLOWEST_BYTES_PER_SECOND
        : undefined,
    },
    async (driver, signal) => {
      progress.add(-sent)
      sent = 0
      const count = (bytes: number) => {
        sent += bytes
        progress.add(bytes)
      }
      const content = source.open()
      if ('stream' in content) return sendStream(write, content, signal, count, run, driver)
      const result = await run(driver, content, signal)
      count(content.bytes.length)
      return result
    },
  )
}

async function sendStream<T>(
  { store, key }: Pick<Write, 'store' | 'key'>,
  content: { stream: ReadableStream<Uint8Array>; size?: number },
  signal: AbortSignal,
  count: (bytes: number) => void,
  run: (driver: Driver, content: Content, signal: AbortSignal) => Promise<T>,
  driver: Driver,
): Promise<T> {
  const { idleSeconds } = store.timeouts
  const still = new AbortController()
  let stands = false
  const watch = watchStillness(idleSeconds, () => {
    stands = true
    still.abort()
  })
  const unfollow = following(still, signal)
  const stream = counted(content.stream, (bytes) => {
    watch.touch()
    count(bytes)
  })
  try {
    return await run(driver, { ...content, stream }, still.signal)
  } catch (error) {
    if (!stands) throw error
    const message = `${store.name} took no byte of ${quoteKey(key)} for ${idleSeconds} seconds; check the connection and try again.`
    throw new StorageError('unavailable', message, {
      store: store.name,
      key,
      ambiguous: true,
      cause: error,
    })
  } finally {
    watch.stop()
    unfollow()
  }
}

export class Progress {
  #bytes = 0
  readonly #tell: WriteOptions['onProgress']

  constructor({ options }: Pick<Write, 'options'>) {
    this.#tell = options.onProgress
  }

  add(bytes: number): void {
    if (bytes === 0) return
    this.#bytes += bytes
    this.#tell?.(this.#bytes)
  }
}

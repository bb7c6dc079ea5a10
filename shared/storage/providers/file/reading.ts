// Reading objects: the record that belongs to the file, and a stream of the very file that was opened, which
// a later write replaces but never changes.

import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import type { GetOptions, GetResult, ObjectInfo } from '../../contract.ts'
import { absent, changed, checkRange } from '../refusals.ts'
import { READ_HERE, stampOf } from './durable.ts'
import { unless } from './faults.ts'
import type { Folder, Located } from './folder.ts'
import type { ObjectRecord } from './records.ts'
import { readRecord } from './records.ts'

const CHUNK_BYTES = 256 * 1024

export interface Known {
  located: Located
  /** Absent for a file that was put there by hand. */
  record: ObjectRecord | undefined
}

/** The file in force and its own record. */
export async function describe(folder: Folder, key: string): Promise<Known> {
  for (;;) {
    const located = await folder.locate(key)
    if (!located) throw absent(folder.store, key)
    const known = await withRecord(folder, key, located)
    if (known) return known
  }
}

/** Undefined when the file has been replaced, and its record cleared away, in the meantime. */
async function withRecord(
  folder: Folder,
  key: string,
  located: Located,
): Promise<Known | undefined> {
  const record = await readRecord(folder.own, folder.store, key, located.stamp)
  return record || (await folder.isStill(located)) ? { located, record } : undefined
}

export function toInfo(key: string, { located, record }: Known): ObjectInfo {
  return {
    key,
    size: Number(located.stats.size),
    etag: located.stamp,
    modified: new Date(Number(located.stats.mtimeNs / 1_000_000n)),
    ...(record?.headers ?? { contentType: 'application/octet-stream' }),
    metadata: { ...record?.metadata },
    checksums: { ...record?.checksums },
  }
}

export async function readObject(
  folder: Folder,
  key: string,
  { range, ifMatch, signal }: GetOptions,
): Promise<GetResult> {
  const { handle, known } = await openObject(folder, key)
  try {
    if (ifMatch !== undefined && known.located.stamp !== ifMatch) throw changed(folder.store, key)
    const info = toInfo(key, known)
    checkRange(folder.store, key, range, info.size)
    const end = Math.min(range?.last ?? info.size, info.size - 1) + 1
    return { info, body: streamFile(handle, range?.first ?? 0, end, signal) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface Opened {
  handle: FileHandle
  known: Known
}

async function openObject(folder: Folder, key: string): Promise<Opened> {
  for (;;) {
    const opened = await openFile(await folder.candidates(key))
    if (!opened) throw absent(folder.store, key)
    const { handle, located } = opened
    let known: Known | undefined
    try {
      known = await withRecord(folder, key, located)
    } finally {
      if (!known) await handle.close()
    }
    if (known) return { handle, known }
  }
}

async function openFile(
  paths: string[],
): Promise<{ handle: FileHandle; located: Located } | undefined> {
  for (const path of paths) {
    // ELOOP: a link stands there; ENXIO: a socket.
    const handle = await unless(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'], open(path, READ_HERE))
    const stats = await handle?.stat({ bigint: true })
    if (handle && stats?.isFile()) {
      return { handle, located: { path, stats, stamp: stampOf(stats) } }
    }
    await handle?.close()
  }
  return undefined
}

/** Bytes from `first` to before `end`. The file is closed at the end, when nobody wants more, or on abort. */
export function streamFile(
  handle: FileHandle,
  first: number,
  end: number,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let position = first
  let onAbort: (() => void) | undefined
  const close = async () => {
    if (onAbort) signal.removeEventListener('abort', onAbort)
    await handle.close()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal.reason)
          void close()
        }
        if (signal.aborted) onAbort()
        else signal.addEventListener('abort', onAbort, { once: true })
      },
      async pull(controller) {
        const wanted = Math.min(CHUNK_BYTES, end - position)
        const chunk = new Uint8Array(Math.max(wanted, 0))
        const { bytesRead } = await readInto(handle, chunk, position, signal)
        if (signal.aborted) return
        position += bytesRead
        if (bytesRead > 0) controller.enqueue(chunk.subarray(0, bytesRead))
        if (bytesRead > 0 && position < end) return
        await close()
        controller.close()
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}

/** An abort closes the file while a read may be under way, which then fails for that reason alone. */
async function readInto(
  handle: FileHandle,
  chunk: Uint8Array,
  position: number,
  signal: AbortSignal,
): Promise<{ bytesRead: number }> {
  if (chunk.length === 0) return { bytesRead: 0 }
  try {
    return await handle.read(chunk, 0, chunk.length, position)
  } catch (error) {
    if (signal.aborted) return { bytesRead: 0 }
    await handle.close()
    throw error
  }
}

// How bytes become an object: into an unfinished file first, digested on the way, then put in place in one
// step. Whatever goes wrong before that leaves nothing behind.

import { constants } from 'node:fs'
import { chmod, copyFile, open, rm } from 'node:fs/promises'
import { startDigests } from '#shared/wire/digest.ts'
import type {
  Checksum,
  ChecksumAlgorithm,
  Content,
  CopyOptions,
  CopySource,
  ObjectInfo,
  ObjectProperties,
  PutMode,
} from '../../contract.ts'
import { changed, corrupt, wrongLength } from '../refusals.ts'
import { hasCode } from './faults.ts'
import type { Folder } from './folder.ts'
import type { Known } from './reading.ts'
import { describe, toInfo } from './reading.ts'
import { toRecord } from './records.ts'

/** Kept of every object, so that what rots on the disk is found without a second copy. */
const ALWAYS: ChecksumAlgorithm = 'crc32c'

export interface Write extends ObjectProperties {
  mode: PutMode
  checksum?: Checksum | undefined
  signal: AbortSignal
}

type Checksums = Partial<Record<ChecksumAlgorithm, string>>
type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

export async function writeObject(
  folder: Folder,
  key: string,
  content: Content,
  write: Write,
): Promise<ObjectInfo> {
  // Before the bytes, so that they are not sent for nothing; and again when they are here.
  try {
    folder.checkMode(key, write.mode, await folder.locate(key))
  } catch (error) {
    if ('stream' in content) await content.stream.cancel(error)
    throw error
  }
  return writeBytes(folder, key, bytesOf(content, write.signal), sizeOf(content), write)
}

export async function writeBytes(
  folder: Folder,
  key: string,
  bytes: Bytes,
  size: number | undefined,
  write: Write,
): Promise<ObjectInfo> {
  return unfinished(folder, async (path) => {
    const checksums = await fill(folder.store, key, path, { bytes, size, ...write })
    return commit(folder, key, path, write, checksums)
  })
}

/** Gives the work a path for an unfinished file or folder, and removes what is left of it. */
export async function unfinished<T>(folder: Folder, run: (path: string) => Promise<T>): Promise<T> {
  const path = await folder.own.unfinishedPath()
  try {
    return await run(path)
  } finally {
    await rm(path, { force: true, recursive: true })
  }
}

interface Filling {
  bytes: Bytes
  size: number | undefined
  checksum?: Checksum | undefined
}

/** Returns the digests, once length and digest are what was announced. */
export async function fill(
  store: string,
  key: string,
  path: string,
  { bytes, size, checksum }: Filling,
): Promise<Checksums> {
  const digests = startDigests(checksum ? [ALWAYS, checksum.algorithm] : [ALWAYS])
  let length = 0
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      length += chunk.length
      if (size !== undefined && length > size) throw wrongLength(store, key, length, size)
      digests.update(chunk)
      yield chunk
    }
  }
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(watched())
    if (size !== undefined && length !== size) throw wrongLength(store, key, length, size)
    const checksums = digests.values()
    if (checksum && checksums[checksum.algorithm] !== checksum.value) throw corrupt(store, key)
    await handle.sync()
    return checksums
  } finally {
    await handle.close()
  }
}

export function sizeOf(content: Content): number | undefined {
  return 'bytes' in content ? content.bytes.length : content.size
}

export function bytesOf(content: Content, signal: AbortSignal): Bytes {
  if ('bytes' in content) return [content.bytes]
  // Through a pipe that the signal cuts: a read that waits for its next byte would not notice.
  return content.stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal })
}

async function commit(
  folder: Folder,
  key: string,
  path: string,
  write: Write,
  checksums: Checksums,
): Promise<ObjectInfo> {
  const toKeep = (stamp: string) => toRecord(key, stamp, write, checksums)
  const located = await folder.commit(key, path, write.mode, write.signal, toKeep)
  return toInfo(key, { located, record: toKeep(located.stamp) })
}

export async function copyObject(
  folder: Folder,
  from: CopySource,
  key: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  for (;;) {
    const known = await describe(folder, from.key)
    if (from.ifMatch !== undefined && known.located.stamp !== from.ifMatch) {
      throw changed(folder.store, from.key)
    }
    const copied = await unfinished(folder, (path) => copyOnce(folder, known, path, key, options))
    if (copied) return copied
  }
}

/** Undefined when the source was replaced on the way. */
async function copyOnce(
  folder: Folder,
  { located, record }: Known,
  path: string,
  key: string,
  { mode, properties, signal }: CopyOptions,
): Promise<ObjectInfo | undefined> {
  try {
    // Shares the blocks where the file system can.
    await copyFile(located.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
    throw error
  }
  if (!(await folder.isStill(located))) return undefined
  // The mode is copied too, and a file put there by hand may be for reading only.
  await chmod(path, Number(located.stats.mode & 0o777n) | 0o600)
  const { headers, metadata, tags, checksums } = record ?? {}
  const kept = properties ?? { ...headers, metadata, tags }
  return commit(folder, key, path, { ...kept, mode, signal }, { ...checksums })
}

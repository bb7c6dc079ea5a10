// What a memory does with its objects: finding, writing under a condition, reading, copying, removing.

import { digestOf } from '#shared/wire/digest.ts'
import { concat } from '../../body.ts'
import type {
  Content,
  CopyOptions,
  CopySource,
  DeleteTarget,
  GetOptions,
  GetResult,
  ListedObject,
  ObjectInfo,
  ObjectProperties,
  PutMode,
  PutOptions,
} from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import type { Opening } from '../../opening.ts'
import { absent, changed, checkRange, corrupt, taken, wrongLength } from '../refusals.ts'
import type { Bucket, Version } from './bucket.ts'
import { openBucket } from './bucket.ts'

const CHUNK_BYTES = 64 * 1024

/** What the groups share with the driver. */
export interface Memory {
  readonly store: string
  readonly bucket: Bucket
  now(): number
  /** The version asked for, else the current one; fails with `not-found`. */
  find(key: string, version: string | undefined): Version & { bytes: Uint8Array }
  /** A new version of the key, when the mode allows it and the digest is right. */
  write(key: string, bytes: Uint8Array, options: Omit<PutOptions, 'signal'>): Version
}

export function openMemory({ address, name: store, platform }: Opening): Memory {
  const bucket = openBucket(address.bucket)

  function checkMode(key: string, mode: PutMode): void {
    const current = bucket.current(key)
    if (mode === 'create' && current) throw taken(store, key)
    if (typeof mode === 'object' && current?.etag !== mode.ifMatch) throw changed(store, key)
  }

  return {
    store,
    bucket,
    now: () => platform.now(),
    find(key, version) {
      const found =
        version === undefined
          ? bucket.current(key)
          : bucket.versions(key).find((candidate) => candidate.version === version)
      if (found?.bytes) return { ...found, bytes: found.bytes }
      throw absent(store, key)
    },
    write(key, bytes, { mode, checksum, ...properties }) {
      const checksums: Version['checksums'] = { crc32c: digestOf('crc32c', bytes) }
      if (checksum) {
        checksums[checksum.algorithm] = digestOf(checksum.algorithm, bytes)
        if (checksums[checksum.algorithm] !== checksum.value) throw corrupt(store, key)
      }
      checkMode(key, mode)
      const name = bucket.nextName()
      const version = {
        key,
        version: name,
        etag: name,
        bytes,
        modified: new Date(platform.now()),
        checksums,
        ...kept(properties),
      }
      bucket.add(version)
      return version
    },
  }
}

/** A copy of what a caller gave, who may change it meanwhile. */
function kept(properties: ObjectProperties) {
  return {
    contentType: properties.contentType ?? 'application/octet-stream',
    contentEncoding: properties.contentEncoding,
    contentDisposition: properties.contentDisposition,
    contentLanguage: properties.contentLanguage,
    cacheControl: properties.cacheControl,
    metadata: { ...properties.metadata },
    tags: { ...properties.tags },
    storageClass: properties.storageClass ?? 'STANDARD',
    restoredUntil: 0,
    retention: undefined,
    hold: false,
  }
}

export function read(
  memory: Memory,
  key: string,
  { version, range, ifMatch }: GetOptions,
): GetResult {
  const found = memory.find(key, version)
  if (ifMatch !== undefined && found.etag !== ifMatch) throw changed(memory.store, key)
  checkReadable(memory, found)
  const { length } = found.bytes
  checkRange(memory.store, key, range, length)
  const part = found.bytes.subarray(range?.first ?? 0, (range?.last ?? length - 1) + 1)
  return { info: toInfo(found, memory.now()), body: streamOf(part) }
}

/** In chunks that are copies, made as they are asked for. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let position = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (position >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(position, position + CHUNK_BYTES))
        position += CHUNK_BYTES
      },
    },
    { highWaterMark: 0 },
  )
}

/** The whole content in an array of our own. */
export async function readContent(
  store: string,
  key: string,
  content: Content,
  signal: AbortSignal,
): Promise<Uint8Array> {
  signal.throwIfAborted()
  if ('bytes' in content) return content.bytes.slice()
  const chunks: Uint8Array[] = []
  let length = 0
  // Through a pipe that the signal cuts: a read that waits for its next byte would not notice.
  const pipe = new TransformStream<Uint8Array, Uint8Array>()
  for await (const chunk of content.stream.pipeThrough(pipe, { signal })) {
    chunks.push(chunk.slice())
    length += chunk.length
  }
  if (content.size !== undefined && length !== content.size) {
    throw wrongLength(store, key, length, content.size)
  }
  return concat(chunks, length)
}

export function copy(memory: Memory, from: CopySource, key: string, options: CopyOptions): Version {
  const source = memory.find(from.key, from.version)
  if (from.ifMatch !== undefined && source.etag !== from.ifMatch) {
    throw changed(memory.store, from.key)
  }
  checkReadable(memory, source)
  const { mode, properties = source } = options
  const storageClass = options.storageClass ?? options.properties?.storageClass
  const { tags, metadata, ...headers } = properties
  return memory.write(key, source.bytes, { ...headers, tags, metadata, storageClass, mode })
}

export function remove(
  memory: Memory,
  { key, version, ifMatch }: DeleteTarget,
): StorageError | undefined {
  const { bucket, store } = memory
  const current = bucket.current(key)
  const target =
    version === undefined
      ? current
      : bucket.versions(key).find((candidate) => candidate.version === version)
  if (!target) return undefined
  if (ifMatch !== undefined && target.etag !== ifMatch) return changed(store, key)
  if (version === undefined) {
    const name = bucket.nextName()
    const modified = new Date(memory.now())
    bucket.add({
      ...kept({}),
      key,
      version: name,
      etag: name,
      modified,
      bytes: undefined,
      checksums: {},
    })
    return undefined
  }
  const until = target.retention?.until.getTime() ?? 0
  if (target.hold || until > memory.now()) {
    const message = `The version ${version} of ${quoteKey(key)} in ${store} is under retention or a legal hold and stays.`
    return new StorageError('denied', message, { store, key })
  }
  bucket.remove(target)
  return undefined
}

function isArchived(version: Version, now: number): boolean {
  return version.storageClass === 'ARCHIVE' && version.restoredUntil <= now
}

export function checkReadable(memory: Memory, version: Version): void {
  if (!isArchived(version, memory.now())) return
  const { store } = memory
  const message = `${quoteKey(version.key)} is archived in ${store}; restore it before it is read.`
  throw new StorageError('invalid', message, { store, key: version.key })
}

export function toListed(version: Version): ListedObject {
  const { key, etag, modified, storageClass, checksums } = version
  return {
    key,
    size: version.bytes?.length ?? 0,
    etag,
    modified,
    storageClass,
    checksums: { ...checksums },
    version: version.version,
  }
}

export function toInfo(version: Version, now: number): ObjectInfo {
  return {
    ...toListed(version),
    contentType: version.contentType,
    contentEncoding: version.contentEncoding,
    contentDisposition: version.contentDisposition,
    contentLanguage: version.contentLanguage,
    cacheControl: version.cacheControl,
    metadata: { ...version.metadata },
    checksums: { ...version.checksums },
    archived: isArchived(version, now) || undefined,
  }
}

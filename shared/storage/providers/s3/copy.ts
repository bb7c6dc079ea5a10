// Copies that S3 makes by itself. The source is looked at first: its size decides whether one request
// can do it, and the result tells what was copied. What one request cannot copy goes in parts of ranges,
// all of the source as it was looked at, with headers, metadata and tags carried over by hand.

import { textOf } from '#shared/wire/xml.ts'
import type {
  CopyOptions,
  CopySource,
  ObjectInfo,
  ObjectProperties,
  Part,
  PullSource,
  PutMode,
} from '../../contract.ts'
import { StorageError, isStorageError } from '../../errors.ts'
import { changed } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { neighbour } from './bucket.ts'
import { carriedByXml, requireEtag, toDigests, toPartChecksum } from './digests.ts'
import { dateIn, quotedEtag, toCopySource, toWritten } from './fields.ts'
import { abort, begin, complete } from './multipart.ts'
import { head } from './objects.ts'
import { addConditions, propertyHeaders } from './presigned-request.ts'
import { getTags } from './tags.ts'

const MiB = 1024 * 1024
/** The provider moves the bytes, so only the count of requests counts against large ranges. */
const RANGE_BYTES = 512 * MiB
const RANGES_AT_ONCE = 4

export async function copyObject(
  bucket: S3Bucket,
  from: CopySource,
  key: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { settings } = bucket
  const { signal } = options
  const source =
    from.seen ?? (await head(neighbour(bucket, from.bucket), from.key, { ...from, signal }))
  const storageClass = options.storageClass ?? options.properties?.storageClass
  const inOne = source.size <= (settings.capabilities.copy?.maxBytes ?? 0)
  const copying: Copying = { from, source, key, storageClass, options }
  if (inOne) return copyWhole(bucket, copying)
  // Each range is copied under the ETag just seen, so that one has to be the wanted one.
  if (isStale(copying)) throw changed(settings.name, from.key)
  return copyInRanges(bucket, copying)
}

interface Copying {
  from: CopySource
  source: ObjectInfo
  key: string
  storageClass: string | undefined
  options: CopyOptions
}

function isStale({ from, source }: Copying): boolean {
  return from.ifMatch !== undefined && source.etag !== from.ifMatch
}

async function copyWhole(bucket: S3Bucket, copying: Copying): Promise<ObjectInfo> {
  const { settings, requests } = bucket
  const { from, source, key, storageClass, options } = copying
  const { mode, properties, signal } = options
  const headers = {
    'x-amz-copy-source': toCopySource(from.bucket ?? settings.bucket, from.key, from.version),
    ...(from.ifMatch !== undefined && { 'x-amz-copy-source-if-match': quotedEtag(from.ifMatch) }),
    ...propertyHeaders({ ...properties, storageClass }),
    ...(properties && replacing(bucket)),
  }
  addConditions(headers, settings, mode)
  const asking = requests.xml({ method: 'PUT', key, mode, headers, signal })
  const { headers: told, xml } = await asking.catch((error: unknown) => {
    // S3's 412 does not tell the source's condition from the target's.
    const ofSource = isStorageError(error) && error.status === 412 && isStale(copying)
    if (!ofSource) throw error
    const { kind, message, store } = changed(settings.name, from.key)
    throw new StorageError(kind, message, { store, key: from.key, status: 412, cause: error.cause })
  })
  const written = toWritten(settings, key, source.size, {
    ...(properties ?? kept(source)),
    storageClass,
  })
  const etag = requireEtag(settings, key, textOf(xml, 'ETag'))
  return {
    ...written,
    etag,
    modified: dateIn(xml, 'LastModified') ?? written.modified,
    version: told.get('x-amz-version-id') ?? undefined,
    ...toDigests(told, etag, carriedByXml(xml)),
  }
}

function replacing({ settings }: S3Bucket): Record<string, string> {
  return {
    'x-amz-metadata-directive': 'REPLACE',
    ...(settings.capabilities.tags && { 'x-amz-tagging-directive': 'REPLACE' }),
  }
}

function kept(source: ObjectInfo): ObjectProperties {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = source
  const headers = {
    contentType,
    contentEncoding,
    contentDisposition,
    contentLanguage,
    cacheControl,
  }
  return { ...headers, metadata: source.metadata }
}

async function copyInRanges(bucket: S3Bucket, copying: Copying): Promise<ObjectInfo> {
  const { from, source, key, storageClass, options } = copying
  const { signal } = options
  const mode = modeOfCommit(bucket, copying)
  const given = options.properties ?? {
    ...kept(source),
    tags: bucket.settings.capabilities.tags
      ? await getTags(neighbour(bucket, from.bucket), from.key, { ...from, signal })
      : {},
  }
  const properties = { ...given, storageClass }
  const uploadId = await begin(bucket, key, { ...properties, mode: 'overwrite', signal })
  try {
    const parts = await copyRanges(bucket, copying, uploadId)
    return await complete(bucket, key, uploadId, parts, { ...properties, mode, signal })
  } catch (error) {
    // The caller's own signal may have ended: the clean-up must not end with it.
    await abort(bucket, key, uploadId, { signal: AbortSignal.timeout(30_000) }).catch(
      () => undefined,
    )
    throw error
  }
}

/** Ranges take their time: what is written meanwhile must not be undone by a copy of the object onto itself. */
function modeOfCommit({ settings }: S3Bucket, { from, source, key, options }: Copying): PutMode {
  const ontoItself = from.key === key && from.bucket === undefined && from.version === undefined
  const pinned =
    ontoItself && options.mode === 'overwrite' && settings.capabilities.multipart?.match
  return pinned ? { ifMatch: source.etag } : options.mode
}

async function copyRanges(bucket: S3Bucket, copying: Copying, uploadId: string): Promise<Part[]> {
  const { size } = copying.source
  const { maxParts, maxPartBytes } = bucket.settings.capabilities.multipart ?? {
    maxParts: 1,
    maxPartBytes: size,
  }
  const wanted = Math.max(RANGE_BYTES, Math.ceil(size / maxParts / MiB) * MiB)
  const length = Math.min(wanted, maxPartBytes)
  const count = Math.ceil(size / length)
  const parts: Part[] = []
  let next = 1
  async function worker(): Promise<void> {
    for (let number = next++; number <= count; number = next++) {
      const first = (number - 1) * length
      const last = Math.min(first + length, size) - 1
      parts[number - 1] = await copyRange(bucket, copying, { uploadId, number, first, last })
    }
  }
  const workers = Array.from({ length: Math.min(RANGES_AT_ONCE, count) }, () =>
    worker().catch((error: unknown) => {
      next = count + 1
      throw error
    }),
  )
  // All have ended before the upload is aborted: a part that came after it would stay, and cost.
  const results = await Promise.allSettled(workers)
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return parts
}

interface Range {
  uploadId: string
  number: number
  first: number
  last: number
}

function copyRange(
  bucket: S3Bucket,
  { from, source, key, options: { signal } }: Copying,
  { uploadId, number, first, last }: Range,
): Promise<Part> {
  const origin = { ...from, bucket: from.bucket ?? bucket.settings.bucket }
  const range = { from: origin, ifMatch: source.etag, first, size: last - first + 1 }
  return pullPart(bucket, { key, uploadId, partNumber: number }, range, signal)
}

/** A part that S3 reads by itself, from any bucket that these credentials reach. */
export async function pullPart(
  { settings, requests }: S3Bucket,
  { key, uploadId, partNumber }: { key: string; uploadId: string; partNumber: number },
  { from, ifMatch, first, size }: PullSource,
  signal: AbortSignal,
): Promise<Part> {
  if ('url' in from) throw new TypeError('S3 reads no URLs')
  const canMatch = settings.capabilities.copy?.sourceMatch === true && ifMatch !== undefined
  const query = { partNumber: String(partNumber), uploadId }
  const headers = {
    'x-amz-copy-source': toCopySource(from.bucket, from.key, from.version),
    'x-amz-copy-source-range': `bytes=${first}-${first + size - 1}`,
    ...(canMatch && { 'x-amz-copy-source-if-match': quotedEtag(ifMatch) }),
  }
  const request = { method: 'PUT', key, about: from.key, query, headers, signal } as const
  const { xml } = await requests.xml(request)
  const etag = requireEtag(settings, key, textOf(xml, 'ETag'))
  return { partNumber, size, etag, checksum: toPartChecksum(carriedByXml(xml)) }
}

// Uploads in parts, by the XML API: https://cloud.google.com/storage/docs/multipart-uploads
// An upload with a mode other than `overwrite` is staged: completed at a key of its own, rewritten to its place
// under the condition, and its staging object deleted. A completion that broke off half way goes on from the
// staging object when it is tried again. Such an upload is listed under its staging key.

import { combineDigests } from '#shared/wire/digest.ts'
import { bytesOfStream } from '#shared/wire/whole-stream.ts'
import { elementsOf, escapeXml, textOf } from '#shared/wire/xml.ts'
import type {
  Call,
  Content,
  MultipartDriver,
  ObjectInfo,
  ObjectProperties,
  Part,
  PutMode,
  PutOptions,
} from '../../contract.ts'
import { isStorageError, StorageError, absentAlone } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { strangeAnswer } from '../refusals.ts'
import { crc32cFromHeaders } from './answer-headers.ts'
import { copyObject } from './copying.ts'
import { deleteObjects } from './deleting.ts'
import { hashHeader, propertyHeaders } from './headers.ts'
import { headObject } from './reading.ts'
import type { Transport } from './transport.ts'
import type { UploadTarget } from './upload-target.ts'
import { newStaging, uploadTarget } from './upload-target.ts'
import { senseless } from './errors.ts'

export function multipartOf(transport: Transport): MultipartDriver {
  const find = (key: string, uploadId: string) =>
    uploadTarget(transport.settings.prefix, key, uploadId)
  return {
    begin: (key, options) => begin(transport, key, options),
    part: (key, uploadId, partNumber, content, options) =>
      putPart(transport, find(key, uploadId), partNumber, content, options),
    complete: (key, uploadId, parts, options) =>
      complete(transport, key, find(key, uploadId), parts, options),
    abort: (key, uploadId, options) => abort(transport, find(key, uploadId), options),
    listParts: (key, uploadId, options) => listParts(transport, find(key, uploadId), options),
    listUploads: (options) => listUploads(transport, options),
  }
}

async function begin(
  transport: Transport,
  key: string,
  options: Call & ObjectProperties & { mode: PutMode },
): Promise<string> {
  const staging = options.mode === 'overwrite' ? undefined : newStaging(transport.settings.prefix)
  const { text } = await transport.send({
    method: 'POST',
    path: `${transport.xmlPath(staging?.key ?? key)}?uploads`,
    headers: propertyHeaders(options),
    key,
    signal: options.signal,
  })
  const uploadId = textOf(text, 'UploadId')
  if (!uploadId) throw senseless(transport.settings.name, key, 'began an upload and gave it no id')
  return staging?.nameUpload(uploadId) ?? uploadId
}

async function putPart(
  transport: Transport,
  target: UploadTarget,
  partNumber: number,
  content: Content,
  { checksum, signal }: Parameters<MultipartDriver['part']>[4],
): Promise<Part> {
  const bytes = await knownLength(content)
  const { key, uploadId } = target
  const headers = await transport.headers({
    method: 'PUT',
    path: transport.xmlPath(key),
    query: { partNumber: String(partNumber), uploadId },
    headers: hashHeader(checksum),
    body: bytes,
    key,
    signal,
  })
  const etag = headers.get('etag')
  if (etag === null) throw strangeAnswer(transport.settings.name, key)
  return {
    partNumber,
    size: 'bytes' in bytes ? bytes.bytes.length : (bytes.size ?? 0),
    etag: unquoted(etag),
    checksum: crc32cFromHeaders(headers),
  }
}

/** A part must tell its length beforehand; one that cannot is small enough to hold. */
async function knownLength(content: Content): Promise<Content> {
  if ('bytes' in content || content.size !== undefined) return content
  return { bytes: await bytesOfStream(content.stream) }
}

async function complete(
  transport: Transport,
  key: string,
  target: UploadTarget,
  parts: Part[],
  options: PutOptions,
): Promise<ObjectInfo> {
  if (!target.staged && options.mode !== 'overwrite') throw unstaged(transport, key)
  const { signal } = options
  const info = await completeAtTarget(transport, target, parts, signal).catch((error: unknown) => {
    if (!isStorageError(error, 'not-found')) throw error
    return completedBefore(transport, target, parts, signal, error)
  })
  return target.staged ? promote(transport, key, info, options) : info
}

/** The upload is gone. If an earlier try completed it and its answer was lost, the object is there and is these parts. */
async function completedBefore(
  transport: Transport,
  { key, staged }: UploadTarget,
  parts: Part[],
  signal: AbortSignal,
  gone: StorageError,
): Promise<ObjectInfo> {
  const info = await headObject(transport, key, { signal }).catch(absentAlone)
  if (!info) throw gone
  // Nobody else writes at a staging key.
  if (staged) return info
  const crc32c = crc32cOf(parts)
  if (crc32c === undefined || crc32c !== info.checksums.crc32c) throw gone
  return info
}

/** Of the whole, from what Cloud Storage said of each part. */
function crc32cOf(parts: Part[]): string | undefined {
  let whole: string | undefined
  for (const { checksum, size } of parts) {
    if (checksum?.algorithm !== 'crc32c') return undefined
    whole = whole ? combineDigests('crc32c', whole, checksum.value, size) : checksum.value
  }
  return whole
}

/** What is there now: looked at once more, since the answer tells little. */
async function completeAtTarget(
  transport: Transport,
  { key, uploadId }: UploadTarget,
  parts: Part[],
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const listed = parts.map(
    ({ partNumber, etag }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${escapeXml(unquoted(etag))}"</ETag></Part>`,
  )
  const xml = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`
  const headers = await transport.headers({
    method: 'POST',
    path: transport.xmlPath(key),
    query: { uploadId },
    headers: { 'content-type': 'application/xml' },
    body: { bytes: new TextEncoder().encode(xml) },
    key,
    signal,
  })
  const version = headers.get('x-goog-generation') ?? undefined
  return headObject(transport, key, { version, signal })
}

/** Browsers and lists give an ETag with its quotes. */
function unquoted(etag: string): string {
  return etag.replaceAll('"', '')
}

/** The staging object goes away once it is in place, and also when its place is taken. */
async function promote(
  transport: Transport,
  key: string,
  staged: ObjectInfo,
  { mode, signal }: PutOptions,
): Promise<ObjectInfo> {
  const cleanUp = () =>
    // By its generation, so that a versioned bucket keeps none of it.
    deleteObjects(transport, [{ key: staged.key, version: staged.version }], { signal }).catch(
      () => undefined,
    )
  try {
    const from = { key: staged.key, version: staged.version }
    const info = await copyObject(transport, from, key, { mode, signal })
    await cleanUp()
    return info
  } catch (error) {
    if (isStorageError(error, 'exists') || isStorageError(error, 'precondition')) await cleanUp()
    throw error
  }
}

function unstaged({ settings: { name } }: Transport, key: string): StorageError {
  const message = `The upload of ${quoteKey(key)} to ${name} was begun to overwrite, so it cannot be completed under a condition; begin it with the same mode.`
  return new StorageError('invalid', message, { store: name, key })
}

async function abort(transport: Transport, target: UploadTarget, { signal }: Call): Promise<void> {
  const { key, uploadId, staged } = target
  await transport.headers({
    method: 'DELETE',
    path: transport.xmlPath(key),
    query: { uploadId },
    key,
    accept: [404],
    signal,
  })
  if (staged) await deleteObjects(transport, [{ key }], { signal })
}

async function listParts(
  transport: Transport,
  { key, uploadId }: UploadTarget,
  { cursor, signal }: Call & { cursor?: string | undefined },
): Promise<{ parts: Part[]; cursor?: string | undefined }> {
  const { text: xml } = await transport.send({
    method: 'GET',
    path: transport.xmlPath(key),
    query: { uploadId, 'part-number-marker': cursor },
    key,
    signal,
  })
  const parts = elementsOf(xml, 'Part').map((part) => ({
    partNumber: Number(textOf(part, 'PartNumber')),
    size: Number(textOf(part, 'Size')),
    etag: unquoted(textOf(part, 'ETag') ?? ''),
  }))
  return { parts, cursor: isTruncated(xml) ? textOf(xml, 'NextPartNumberMarker') : undefined }
}

/** The cursor holds both markers, the upload's id first, since no id has a space and keys may. */
async function listUploads(
  transport: Transport,
  { prefix, cursor, signal }: Parameters<NonNullable<MultipartDriver['listUploads']>>[0],
): ReturnType<NonNullable<MultipartDriver['listUploads']>> {
  const [, idMarker, keyMarker] = /^(\S*) (.*)$/s.exec(cursor ?? '') ?? []
  const { text: xml } = await transport.send({
    method: 'GET',
    path: `/${transport.settings.bucket}`,
    query: { uploads: '', prefix, 'key-marker': keyMarker, 'upload-id-marker': idMarker },
    signal,
  })
  const uploads = elementsOf(xml, 'Upload').map((upload) => ({
    key: textOf(upload, 'Key') ?? '',
    uploadId: textOf(upload, 'UploadId') ?? '',
    begun: new Date(textOf(upload, 'Initiated') ?? NaN),
  }))
  const next = `${textOf(xml, 'NextUploadIdMarker') ?? ''} ${textOf(xml, 'NextKeyMarker') ?? ''}`
  return { uploads, cursor: isTruncated(xml) ? next : undefined }
}

function isTruncated(xml: string): boolean {
  return textOf(xml, 'IsTruncated') === 'true'
}

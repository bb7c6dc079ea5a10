// Large blobs in parts. Azure has no uploads to begin or to abort: parts are blocks that wait at the key,
// named after their upload, and one list of them makes the blob. So `begin` only draws an id, and `abort`
// has nothing to send: blocks that nothing commits are dropped by Azure after a week.
//
// Of one blob there is one heap of uncommitted blocks. Two uploads of a key may run side by side, and the
// first to complete discards the other's parts: that one's `complete` fails with `not-found`.
// https://learn.microsoft.com/rest/api/storageservices/put-block-list

import { randomBytes } from 'node:crypto'
import { textOf } from '#shared/wire/exchange.ts'
import type {
  Call,
  Checksum,
  Content,
  MultipartDriver,
  ObjectInfo,
  Part,
  PutOptions,
  UnfinishedUpload,
} from '../../contract.ts'
import { isStorageError, StorageError } from '../../errors.ts'
import { unknownUpload, wrongPart } from '../refusals.ts'
import { blockId, readBlockId } from './block-id.ts'
import type { AzureClient } from './client.ts'
import { toKey, toNamePrefix } from './names.ts'
import { toObjectInfo } from './object-info.ts'
import { sizeOf } from './requests.ts'
import {
  azureCrc64,
  blobProperties,
  contentHeaders,
  digestHeaders,
  writeConditions,
} from './write-options.ts'

export function createBlocks(client: AzureClient): MultipartDriver {
  return {
    begin: async () => randomBytes(16).toString('hex'),
    part: (key, uploadId, partNumber, content, options) =>
      stagePart(client, { key, uploadId, partNumber, content }, options),
    complete: (key, uploadId, parts, options) => commit(client, key, uploadId, parts, options),
    abort: async () => {},
    async listParts(key, uploadId, options) {
      const parts = (await waitingParts(client, key, options)).get(uploadId)
      if (!parts) throw unknownUpload(client.settings.name, key)
      return { parts }
    },
    listUploads: (options) => listUploads(client, options),
  }
}

async function stagePart(
  { requests, settings }: AzureClient,
  { key, uploadId, partNumber, content }: StagedPart,
  { checksum, signal }: Call & { checksum?: Checksum | undefined },
): Promise<Part> {
  const does = { action: 'part', key, uploadId, partNumber } as const
  const headers = digestHeaders(checksum)
  const answer = await requests.send({ does, headers, content, signal })
  await textOf(answer)
  const size = sizeOf(content, settings, key)
  const told = toldDigest(answer.headers)
  return { partNumber, size, etag: blockId(uploadId, partNumber), checksum: checksum ?? told }
}

/** Azure tells what it has computed, in its own order of bytes. */
function toldDigest(headers: Headers): Checksum | undefined {
  const crc64 = headers.get('x-ms-content-crc64')
  if (crc64 !== null) return { algorithm: 'crc64nvme', value: azureCrc64(crc64).toString('base64') }
  const md5 = headers.get('content-md5')
  return md5 === null ? undefined : { algorithm: 'md5', value: md5 }
}

interface StagedPart {
  key: string
  uploadId: string
  partNumber: number
  content: Content
}

/** A part's ETag is its block id: what tells parts apart here is their name. */
async function commit(
  client: AzureClient,
  key: string,
  uploadId: string,
  parts: Part[],
  options: PutOptions,
): Promise<ObjectInfo> {
  const { mode, checksum, signal } = options
  const ids = parts.map(({ partNumber }) => blockId(uploadId, partNumber))
  checkOrder(client.settings.name, key, parts)
  try {
    const answer = await client.run({ key, signal, creates: mode === 'create' }, () =>
      client.blob(key).commitBlockList(ids, {
        abortSignal: signal,
        conditions: writeConditions(mode),
        blobHTTPHeaders: contentHeaders(options, checksum),
        ...blobProperties(options),
      }),
    )
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    return toObjectInfo(key, size, { ...answer, contentMD5: undefined })
  } catch (error) {
    throw await explain(client, key, uploadId, parts, signal, error)
  }
}

function checkOrder(store: string, key: string, parts: Part[]): void {
  let last = 0
  for (const { partNumber } of parts) {
    if (partNumber <= last) throw wrongPart(store, key, partNumber)
    last = partNumber
  }
}

/** A list that names a block that is not there is refused as a whole; which one, the heap tells. */
async function explain(
  client: AzureClient,
  key: string,
  uploadId: string,
  parts: Part[],
  signal: AbortSignal,
  error: unknown,
): Promise<unknown> {
  if (!isStorageError(error, 'invalid')) return error
  const waiting = (await waitingParts(client, key, { signal })).get(uploadId)
  if (!waiting) return unknownUpload(client.settings.name, key)
  const there = new Set(waiting.map((part) => part.partNumber))
  const missing = parts.find((part) => !there.has(part.partNumber))
  return missing ? wrongPart(client.settings.name, key, missing.partNumber) : error
}

/** The uncommitted blocks at a key, by upload, in order of number. */
async function waitingParts(
  client: AzureClient,
  key: string,
  { signal }: Call,
): Promise<Map<string, Part[]>> {
  const uploads = new Map<string, Part[]>()
  for (const { name, size } of await waitingBlocks(client, key, signal)) {
    const read = readBlockId(name)
    if (!read) continue
    const parts = uploads.get(read.uploadId) ?? []
    parts.push({ partNumber: read.partNumber, size, etag: name })
    uploads.set(read.uploadId, parts)
  }
  for (const parts of uploads.values()) parts.sort((a, b) => a.partNumber - b.partNumber)
  return uploads
}

async function waitingBlocks(client: AzureClient, key: string, signal: AbortSignal) {
  try {
    const answer = await client.run({ key, signal }, () =>
      client.blob(key).getBlockList('uncommitted', { abortSignal: signal }),
    )
    return answer.uncommittedBlocks ?? []
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'not-found' && error.key === key) return []
    throw error
  }
}

/**
 * Uploads of keys that have no blob yet. One that is to replace a blob is not told by any listing; it is
 * found by `listParts` alone.
 */
async function listUploads(
  client: AzureClient,
  {
    prefix = '',
    cursor,
    signal,
  }: Call & { prefix?: string | undefined; cursor?: string | undefined },
): Promise<{ uploads: UnfinishedUpload[]; cursor?: string | undefined }> {
  const asked = {
    abortSignal: signal,
    includeUncommitedBlobs: true,
    ...(prefix !== '' && { prefix: toNamePrefix(prefix) }),
  }
  const paging = cursor === undefined ? {} : { continuationToken: cursor }
  const { value } = await client.run({ signal }, () =>
    client.container.listBlobsFlat(asked).byPage(paging).next(),
  )
  const uploads: UnfinishedUpload[] = []
  for (const { name, properties } of value.segment.blobItems) {
    const key = toKey(name)
    // A blob of blocks alone is listed as an empty one.
    if (properties.contentLength !== 0 || !key.startsWith(prefix)) continue
    const waiting = await waitingParts(client, key, { signal })
    for (const uploadId of waiting.keys()) uploads.push({ key, uploadId, begun: undefined })
  }
  return { uploads, cursor: value.continuationToken || undefined }
}

// Large blobs in parts. Azure has no uploads to begin or to abort: parts are blocks that wait at the key,
// named after their upload, and one list of them makes the blob. So `begin` only draws an id, and `abort`
// has nothing to send: blocks that nothing commits are dropped by Azure after a week.
//
// Of one blob there is one heap of uncommitted blocks. Two uploads of a key may run side by side, and the
// first to complete discards the other's parts: that one's `complete` fails with `not-found`.
// https://learn.microsoft.com/rest/api/storageservices/put-block-list

import { randomBytes } from 'node:crypto'
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
import { isStorageError } from '../../errors.ts'
import { unknownUpload, wrongPart } from '../refusals.ts'
import { readHeaders } from './answer-headers.ts'
import { blockId, readBlockId } from './block-id.ts'
import { commitBlocks, waitingBlocks } from './block-list.ts'
import type { AzureClient } from './client.ts'
import { listPage } from './list.ts'
import { toKey } from './names.ts'
import { toObjectInfo } from './object-info.ts'
import { sizeOf } from './requests.ts'
import { digestHeaders, toldDigest } from './write-options.ts'

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
  const etag = blockId(uploadId, partNumber)
  const told = await requests.headers({
    method: 'PUT',
    key,
    query: { comp: 'block', blockid: etag },
    headers: digestHeaders(checksum),
    content,
    permissions: 'w',
    signal,
  })
  const size = sizeOf(content, settings, key)
  return { partNumber, size, etag, checksum: checksum ?? toldDigest(told) }
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
  const ids = parts.map(({ partNumber }) => blockId(uploadId, partNumber))
  checkOrder(client.settings.name, key, parts)
  try {
    const told = await commitBlocks(client, key, ids, options)
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    // The digest in the answer is that of the list.
    return toObjectInfo(key, size, { ...readHeaders(told), md5: undefined })
  } catch (error) {
    throw await explain(client, key, uploadId, parts, options.signal, error)
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
  call: Call,
): Promise<Map<string, Part[]>> {
  const uploads = new Map<string, Part[]>()
  for (const { name, size } of await waitingBlocks(client, key, call)) {
    const read = readBlockId(name)
    if (!read) continue
    const parts = uploads.get(read.uploadId) ?? []
    parts.push({ partNumber: read.partNumber, size, etag: name })
    uploads.set(read.uploadId, parts)
  }
  for (const parts of uploads.values()) parts.sort((a, b) => a.partNumber - b.partNumber)
  return uploads
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
  const page = await listPage(client, { prefix, cursor, include: 'uncommittedblobs', signal })
  const uploads: UnfinishedUpload[] = []
  for (const { name, size } of page.blobs) {
    const key = toKey(name)
    // A blob of blocks alone is listed as an empty one.
    if (size !== 0 || !key.startsWith(prefix)) continue
    const waiting = await waitingParts(client, key, { signal })
    for (const uploadId of waiting.keys()) uploads.push({ key, uploadId, begun: undefined })
  }
  return { uploads, cursor: page.marker }
}

// Copies within a container, the bytes staying at Azure. Up to 256 MiB one request does it. A larger one,
// or one with other properties than the source's, is put together from blocks that Azure reads by itself:
// nothing is seen at the key before all of it is there. (Azure's own large copy shows a half-written blob
// while it runs, and its small one takes no content headers.)
// https://learn.microsoft.com/rest/api/storageservices/copy-blob-from-url
// https://learn.microsoft.com/rest/api/storageservices/put-block-from-url

import { randomBytes } from 'node:crypto'
import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type {
  Checksum,
  CopyOptions,
  CopySource,
  ObjectInfo,
  ObjectProperties,
  Part,
  PullSource,
} from '../../contract.ts'
import { readHeaders } from './answer-headers.ts'
import { blockId } from './block-id.ts'
import { commitBlocks } from './block-list.ts'
import type { AzureClient } from './client.ts'
import { createAzureClient } from './client.ts'
import { sourceHeaders } from './copy-access.ts'
import { createTags } from './groups.ts'
import { toObjectInfo } from './object-info.ts'
import { headBlob } from './read.ts'
import { conditionHeaders, matching, toldDigest } from './write-options.ts'

const MiB = 1024 * 1024
const ONE_REQUEST_BYTES = 256 * MiB
const BLOCKS_AT_ONCE = 4
const MAX_BLOCKS = 50_000

interface CopyJob {
  client: AzureClient
  /** Of the container that the source is in. */
  there: AzureClient
  from: CopySource
  key: string
  options: CopyOptions
  /** What leads Azure to the source. */
  access: Record<string, string>
  /** What was found at the source. */
  source: ObjectInfo
}

export async function copyBlob(
  client: AzureClient,
  from: CopySource,
  key: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { settings } = client
  const { signal, properties } = options
  const { bucket: container, seen, version, ifMatch } = from
  const there = container === undefined ? client : createAzureClient({ ...settings, container })
  const source = seen ?? (await headBlob(there, from.key, { version, ifMatch, signal }))
  const access = await sourceHeaders(settings, from)
  const job: CopyJob = { client, there, from, key, options, access, source }
  return source.size <= ONE_REQUEST_BYTES && !properties ? copyWhole(job) : copyInBlocks(job)
}

async function copyWhole(job: CopyJob): Promise<ObjectInfo> {
  const { client, from, key, options, access, source } = job
  const { mode, signal, storageClass } = options
  const hasTags = Boolean(source.tagCount)
  const told = await client.requests.headers({
    method: 'PUT',
    key,
    headers: {
      'x-ms-requires-sync': 'true',
      ...access,
      ...conditionHeaders(mode),
      ...matching(from.ifMatch, 'source'),
      // Without it the tags stay behind.
      ...(hasTags && { 'x-ms-copy-source-tag-option': 'COPY' }),
      ...(storageClass !== undefined && { 'x-ms-access-tier': storageClass }),
    },
    permissions: hasTags ? 'cwt' : 'cw',
    creates: mode === 'create',
    source: from.key,
    signal,
  })
  const { metadata } = source
  return { ...toObjectInfo(key, source.size, readHeaders(told)), metadata }
}

async function copyInBlocks(job: CopyJob): Promise<ObjectInfo> {
  const { client, key, options, source } = job
  const { mode, signal, storageClass, properties } = options
  const ids = await stageBlocks(job)
  const kept = properties ?? (await sourceProperties(job))
  const { md5 } = source.checksums
  // The digest is of the bytes and stays with them.
  const checksum: Checksum | undefined = md5 === undefined ? md5 : { algorithm: 'md5', value: md5 }
  const told = await commitBlocks(client, key, ids, {
    ...kept,
    ...(storageClass !== undefined && { storageClass }),
    ...{ mode, checksum, signal },
  })
  // Azure has not looked whether it is right.
  return toObjectInfo(key, source.size, { ...readHeaders(told), md5: undefined })
}

/** Stages the source's bytes, a few blocks at a time; all of them of the content that was looked at. */
async function stageBlocks(job: CopyJob): Promise<string[]> {
  const { size } = job.source
  const blockBytes = Math.max(ONE_REQUEST_BYTES, Math.ceil(size / MAX_BLOCKS))
  const upload = randomBytes(16).toString('hex')
  const ids = Array.from({ length: Math.ceil(size / blockBytes) }, (_, i) => blockId(upload, i + 1))
  let next = 0
  async function stageOnward(): Promise<void> {
    for (let index = next++; index < ids.length; index = next++) {
      const offset = index * blockBytes
      try {
        await stageBlock(job, ids[index]!, offset, Math.min(blockBytes, size - offset))
      } catch (error) {
        // The others begin no further ones: the copy has failed.
        next = ids.length
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: BLOCKS_AT_ONCE }, stageOnward))
  return ids
}

function stageBlock(
  job: CopyJob,
  id: string,
  offset: number,
  count: number,
): Promise<AnswerHeaders> {
  const { client, from, key, options, access, source } = job
  const found = source.etag === '' ? '*' : `"${source.etag}"`
  const headers = { ...access, 'x-ms-source-if-match': found }
  const { signal } = options
  return blockFromUrl(client, { key, id, headers, offset, count, source: from.key, signal })
}

/** A block that Azure reads by itself, from wherever the URL leads. */
export async function pullBlock(
  client: AzureClient,
  { key, uploadId, partNumber }: { key: string; uploadId: string; partNumber: number },
  { from, ifMatch, first, size }: PullSource,
  signal: AbortSignal,
): Promise<Part> {
  const id = blockId(uploadId, partNumber)
  const access =
    'url' in from ? { 'x-ms-copy-source': from.url } : await sourceHeaders(client.settings, from)
  const headers = { ...access, ...matching(ifMatch, 'source') }
  const told = await blockFromUrl(client, { key, id, headers, offset: first, count: size, signal })
  return { partNumber, size, etag: id, checksum: toldDigest(told) }
}

interface FarBlock {
  key: string
  id: string
  /** What leads to the source, and what it is held to. */
  headers: Record<string, string>
  offset: number
  count: number
  /** For what a refusal means. */
  source?: string
  signal: AbortSignal
}

function blockFromUrl(
  { requests }: AzureClient,
  { key, id, headers, offset, count, source, signal }: FarBlock,
): Promise<AnswerHeaders> {
  const range = `bytes=${offset}-${offset + count - 1}`
  return requests.headers({
    method: 'PUT',
    key,
    query: { comp: 'block', blockid: id },
    headers: { ...headers, 'x-ms-source-range': range },
    permissions: 'w',
    source,
    signal,
  })
}

async function sourceProperties({ there, from, options, source }: CopyJob) {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = source
  const content = {
    contentType,
    contentEncoding,
    contentDisposition,
    contentLanguage,
    cacheControl,
  }
  const { version } = from
  const { signal } = options
  const tags = source.tagCount
    ? await createTags(there).get(from.key, { version, signal })
    : undefined
  const properties: ObjectProperties = { ...content, metadata: source.metadata, tags }
  return properties
}

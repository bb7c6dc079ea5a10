// Copies within a container, the bytes staying at Azure. Up to 256 MiB one request does it. A larger one,
// or one with other properties than the source's, is put together from blocks that Azure reads by itself:
// nothing is seen at the key before all of it is there. (Azure's own large copy shows a half-written blob
// while it runs, and its small one takes no content headers.)
// https://learn.microsoft.com/rest/api/storageservices/copy-blob-from-url
// https://learn.microsoft.com/rest/api/storageservices/put-block-from-url

import { randomBytes } from 'node:crypto'
import type { BlobGetPropertiesResponse, BlobHTTPHeaders, Tags } from '@azure/storage-blob'
import type { CopyOptions, CopySource, ObjectInfo } from '../../contract.ts'
import { blockId } from './block-id.ts'
import type { AzureClient } from './client.ts'
import { withHeaders } from './client.ts'
import type { CopyAccess } from './copy-access.ts'
import { copyAccess } from './copy-access.ts'
import { toObjectInfo } from './object-info.ts'
import { blobProperties, contentHeaders, matching, writeConditions } from './write-options.ts'

const MiB = 1024 * 1024
const ONE_REQUEST_BYTES = 256 * MiB
const BLOCKS_AT_ONCE = 4
const MAX_BLOCKS = 50_000

interface CopyJob {
  client: AzureClient
  from: CopySource
  key: string
  options: CopyOptions
  access: CopyAccess
  /** What was found at the source, and how large it is. */
  source: BlobGetPropertiesResponse
  size: number
}

export async function copyBlob(
  client: AzureClient,
  from: CopySource,
  key: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, properties } = options
  const source = await client.run({ key: from.key, signal }, () =>
    client
      .blob(from.key, from.version)
      .getProperties({ abortSignal: signal, conditions: matching(from.ifMatch) }),
  )
  const access = await copyAccess(client.settings, from)
  const size = source.contentLength ?? 0
  const job: CopyJob = { client, from, key, options, access, source, size }
  return size <= ONE_REQUEST_BYTES && !properties ? copyWhole(job) : copyInBlocks(job)
}

async function copyWhole({ client, from, key, options, access, source, size }: CopyJob) {
  const { mode, signal, storageClass } = options
  const attempt = { key, signal, creates: mode === 'create', source: from.key }
  const answer = await client.run(attempt, () =>
    client.blob(key).syncCopyFromURL(access.url, {
      abortSignal: signal,
      conditions: writeConditions(mode),
      sourceConditions: matching(from.ifMatch),
      ...access.authorization,
      // Without it the tags stay behind.
      ...(source.tagCount && { copySourceTags: 'COPY' as const }),
      ...(storageClass !== undefined && { tier: storageClass }),
    }),
  )
  return toObjectInfo(key, size, { ...answer, metadata: source.metadata })
}

async function copyInBlocks(job: CopyJob): Promise<ObjectInfo> {
  const { client, key, options, size } = job
  const { mode, signal } = options
  const ids = await stageBlocks(job)
  const kept = options.properties ? givenProperties(options) : await sourceProperties(job)
  const { contentMD5 } = job.source
  const answer = await client.run({ key, signal, creates: mode === 'create' }, () =>
    client.blob(key).commitBlockList(ids, {
      abortSignal: signal,
      conditions: writeConditions(mode),
      ...kept,
      // The digest is of the bytes and stays with them.
      blobHTTPHeaders: {
        ...kept.blobHTTPHeaders,
        ...(contentMD5 && { blobContentMD5: contentMD5 }),
      },
    }),
  )
  return toObjectInfo(key, size, { ...answer, contentMD5 })
}

/** Stages the source's bytes, a few blocks at a time; all of them of the content that was looked at. */
async function stageBlocks(job: CopyJob): Promise<string[]> {
  const { size } = job
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

function stageBlock(job: CopyJob, id: string, offset: number, count: number): Promise<unknown> {
  const { client, from, key, options, access, source } = job
  const { signal } = options
  return client.run({ key, signal, source: from.key }, () =>
    withHeaders({ 'x-ms-source-if-match': source.etag ?? '*' }, () =>
      client.blob(key).stageBlockFromURL(id, access.url, offset, count, {
        abortSignal: signal,
        ...access.authorization,
      }),
    ),
  )
}

interface BlobWrite {
  blobHTTPHeaders: BlobHTTPHeaders
  metadata?: Record<string, string>
  tags?: Tags
  tier?: string
}

function givenProperties({ properties = {}, storageClass }: CopyOptions): BlobWrite {
  return {
    blobHTTPHeaders: contentHeaders(properties),
    ...blobProperties({ ...properties, storageClass: storageClass ?? properties.storageClass }),
  }
}

async function sourceProperties({ client, from, options, source }: CopyJob): Promise<BlobWrite> {
  const { signal, storageClass } = options
  const { tags } = source.tagCount
    ? await client.run({ key: from.key, signal }, () =>
        client.blob(from.key, from.version).getTags({ abortSignal: signal }),
      )
    : { tags: undefined }
  return {
    blobHTTPHeaders: contentHeaders(source),
    ...(source.metadata && { metadata: source.metadata }),
    ...(tags && { tags }),
    ...(storageClass !== undefined && { tier: storageClass }),
  }
}

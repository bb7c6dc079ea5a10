// One object at a time: what is known of it, its bytes, and new bytes for it.

import type {
  Content,
  GetOptions,
  GetResult,
  ObjectInfo,
  PutOptions,
  ReadOptions,
} from '../../contract.ts'
import { isStorageError } from '../../errors.ts'
import { checkFirstByte } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { requireEtag, toDigests } from './digests.ts'
import { quotedEtag, toInfo, toWritten } from './fields.ts'
import { addConditions, addContent, propertyHeaders } from './presigned-request.ts'
import { sizeOf } from './requests.ts'
import type { S3Settings } from './settings.ts'

/** What a HEAD is refused for stands in a body that a HEAD has not; these are worth asking for it. */
const REFUSED_WITHOUT_REASON = new Set<number | undefined>([301, 307, 400, 403])

export async function head(
  bucket: S3Bucket,
  key: string,
  options: ReadOptions,
): Promise<ObjectInfo> {
  const { settings, requests } = bucket
  const { version, signal } = options
  const query = { versionId: version }
  const headers = checksumHeaders(settings)
  try {
    const told = await requests.headers({ method: 'HEAD', key, query, headers, signal })
    return toInfo(settings, key, told)
  } catch (error) {
    if (isStorageError(error) && REFUSED_WITHOUT_REASON.has(error.status)) {
      await throwReason(bucket, key, options)
    }
    throw error
  }
}

/** Asks for digests with the answer. */
function checksumHeaders({ row }: S3Settings): Record<string, string> {
  return row.quirks?.noChecksumHeaders ? {} : { 'x-amz-checksum-mode': 'ENABLED' }
}

/** A GET of a byte is refused for the same reason, and says it. */
async function throwReason(bucket: S3Bucket, key: string, options: ReadOptions): Promise<void> {
  try {
    const { body } = await get(bucket, key, { ...options, range: { first: 0, last: 0 } })
    await body.cancel()
  } catch (error) {
    const allowed = isStorageError(error) && error.status === 416
    if (!allowed) throw error
  }
}

export async function get(bucket: S3Bucket, key: string, options: GetOptions): Promise<GetResult> {
  const { settings, requests } = bucket
  const { range, ifMatch, version, signal } = options
  const headers = {
    ...(range && { range: `bytes=${range.first}-${range.last ?? ''}` }),
    ...(ifMatch !== undefined && { 'if-match': quotedEtag(ifMatch) }),
    ...(range === undefined && checksumHeaders(settings)),
  }
  const query = { versionId: version }
  const answer = await requests.send({ method: 'GET', key, query, headers, signal })
  const { headers: told, body } = answer
  try {
    checkFirstByte(settings.name, key, range, told.get('content-range'))
    const info = toInfo(settings, key, told)
    if (told.has('content-length')) return { info, body, framed: true }
    // Sent in chunks, by a look-alike or through a proxy: only a HEAD will tell how much there is.
    if (range === undefined) info.size = (await head(bucket, key, { version, signal })).size
    return { info, body }
  } catch (error) {
    await body.cancel()
    throw error
  }
}

export async function put(
  bucket: S3Bucket,
  key: string,
  content: Content,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { settings, requests } = bucket
  const { mode, checksum, signal, ...properties } = options
  const headers = propertyHeaders(properties)
  addConditions(headers, settings, mode)
  addContent(headers, { checksum })
  const told = await requests.headers({ method: 'PUT', key, mode, headers, content, signal })
  const etag = requireEtag(settings, key, told.get('etag'))
  return {
    ...toWritten(settings, key, sizeOf(content, settings, key), properties),
    etag,
    version: told.get('x-amz-version-id') ?? undefined,
    ...toDigests(told, etag),
  }
}

// One object at a time: what is known of it, its bytes, and new bytes for it.

import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { textOf } from '#shared/wire/exchange.ts'
import type {
  Content,
  GetOptions,
  GetResult,
  ObjectInfo,
  PutOptions,
  ReadOptions,
} from '../../contract.ts'
import { isStorageError } from '../../errors.ts'
import type { S3Bucket } from './bucket.ts'
import { readHeaders } from './answer-headers.ts'
import { strangeAnswer } from './errors.ts'
import { quotedEtag, requireEtag, toDigests, toInfo, toWritten } from './fields.ts'
import { addConditions, addContent, propertyHeaders, versionQuery } from './presigned-request.ts'
import { sizeOf } from './requests.ts'

/** What a HEAD is refused for stands in a body that a HEAD has not; these are worth asking for it. */
const REFUSED_WITHOUT_REASON = new Set<number | undefined>([301, 307, 400, 403])

export async function head(
  bucket: S3Bucket,
  key: string,
  options: ReadOptions,
): Promise<ObjectInfo> {
  const { Bucket, settings } = bucket
  const input = { Bucket, Key: key, VersionId: options.version }
  try {
    const output = await bucket.ask(options.signal, { key }, (s3, call) =>
      s3.send(new HeadObjectCommand(input), call),
    )
    return toInfo(settings, key, output)
  } catch (error) {
    if (isStorageError(error) && REFUSED_WITHOUT_REASON.has(error.status)) {
      await throwReason(bucket, key, options)
    }
    throw error
  }
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
  const digests = range === undefined && !settings.row.quirks?.noChecksumHeaders
  const headers = {
    ...(range && { range: `bytes=${range.first}-${range.last ?? ''}` }),
    ...(ifMatch !== undefined && { 'if-match': quotedEtag(ifMatch) }),
    ...(digests && { 'x-amz-checksum-mode': 'ENABLED' }),
  }
  const query = versionQuery(version)
  const answer = await requests.send({ method: 'GET', key, query, headers, signal })
  const output = readHeaders(answer.headers)
  if (range && firstByte(output.ContentRange) !== range.first) {
    await answer.body.cancel()
    throw strangeAnswer(settings, key)
  }
  return { info: toInfo(settings, key, output), body: answer.body, framed: true }
}

/** Of an answer: one that was asked for a range and knows none begins at the first byte, whatever was asked. */
function firstByte(contentRange: string | undefined): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? 0)
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
  const answer = await requests.send({ method: 'PUT', key, mode, headers, content, signal })
  // Nothing is in it, and it has to come all the same.
  await textOf(answer)
  const output = readHeaders(answer.headers)
  return {
    ...toWritten(settings, key, sizeOf(content, settings, key), properties),
    etag: requireEtag(settings, key, output.ETag),
    version: output.VersionId,
    ...toDigests(output),
  }
}

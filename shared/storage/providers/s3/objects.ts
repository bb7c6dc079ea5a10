// One object at a time: what is known of it, its bytes, and new bytes for it.

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
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
import { strangeAnswer } from './errors.ts'
import {
  quotedEtag,
  requireEtag,
  toChecksumFields,
  toConditions,
  toDigests,
  toInfo,
  toPropertyFields,
  toWritten,
} from './fields.ts'
import { sendContent } from './outgoing.ts'

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
  const { Bucket, settings } = bucket
  const { range, ifMatch, version, signal } = options
  const input = {
    Bucket,
    Key: key,
    VersionId: version,
    Range: range && `bytes=${range.first}-${range.last ?? ''}`,
    IfMatch: ifMatch === undefined ? undefined : quotedEtag(ifMatch),
  }
  const output = await bucket.ask(signal, { key }, (s3, call) =>
    s3.send(new GetObjectCommand(input), call),
  )
  const found = output.Body?.transformToWebStream() as ReadableStream<Uint8Array> | undefined
  const body = found ?? new Blob().stream()
  if (range && firstByte(output.ContentRange) !== range.first) {
    await body.cancel()
    throw strangeAnswer(settings, key)
  }
  return { info: toInfo(settings, key, output), body }
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
  const { Bucket, settings } = bucket
  const { mode, checksum, signal, ...properties } = options
  const outgoing = { store: settings.name, key, content, signal }
  const input = {
    Bucket,
    Key: key,
    ...toPropertyFields(properties),
    ...toChecksumFields(checksum),
    ...toConditions(mode, settings),
  }
  return sendContent(outgoing, async (Body, size, ended) => {
    const output = await bucket.ask(ended, { key, mode }, (s3, call) =>
      s3.send(new PutObjectCommand({ ...input, Body, ContentLength: size }), call),
    )
    return {
      ...toWritten(settings, key, size, properties),
      etag: requireEtag(settings, key, output.ETag),
      version: output.VersionId,
      ...toDigests(output),
    }
  })
}

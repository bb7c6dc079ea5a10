// Preconditions: on reads, on the source of a copy, on writes and on deletes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html

import type { Call } from './call.ts'
import { refuse } from './errors.ts'
import { current, latest } from './versions.ts'
import type { Bucket, Version } from './state.ts'

type Headers = ReadonlyMap<string, string>

function matches(header: string, etag: string): boolean {
  return header
    .split(',')
    .map((one) =>
      one
        .trim()
        .replace(/^W\//, '')
        .replace(/^"(.*)"$/, '$1'),
    )
    .some((one) => one === '*' || one === etag)
}

/** Undefined where the header is absent or no date: S3 ignores such a condition. */
function dateIn(headers: Headers, name: string): number | undefined {
  const parsed = Date.parse(headers.get(name) ?? '')
  return Number.isNaN(parsed) ? undefined : parsed
}

type Verdict = { failed: string; kind: 'match' | 'none-match' }

/** If-Match overrules If-Unmodified-Since, If-None-Match overrules If-Modified-Since. */
function judge(headers: Headers, version: Version, prefix = ''): Verdict | undefined {
  const ifMatch = headers.get(`${prefix}if-match`)
  const ifNoneMatch = headers.get(`${prefix}if-none-match`)
  const unmodifiedSince = dateIn(headers, `${prefix}if-unmodified-since`)
  const modifiedSince = dateIn(headers, `${prefix}if-modified-since`)
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) return { failed: 'If-Match', kind: 'match' }
  } else if (unmodifiedSince !== undefined && version.modifiedMs > unmodifiedSince) {
    return { failed: 'If-Unmodified-Since', kind: 'match' }
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, version.etag)) return { failed: 'If-None-Match', kind: 'none-match' }
  } else if (modifiedSince !== undefined && version.modifiedMs <= modifiedSince) {
    return { failed: 'If-Modified-Since', kind: 'none-match' }
  }
  return undefined
}

function preconditionFailed(condition: string) {
  return refuse('PreconditionFailed', undefined, { details: { Condition: condition } })
}

/** True where the answer is 304; 412 is thrown. */
export function isNotModified(headers: Headers, version: Version): boolean {
  const verdict = judge(headers, version)
  if (verdict?.kind === 'match') throw preconditionFailed(verdict.failed)
  return verdict !== undefined
}

/** The conditions on a copy's source have no 304: every failure is a 412. */
export function requireCopySource(headers: Headers, version: Version): void {
  const verdict = judge(headers, version, 'x-amz-copy-source-')
  if (verdict) throw preconditionFailed(`x-amz-copy-source-${verdict.failed}`)
}

/** Holds a write's conditions against what is there now. */
export function requireWritable(call: Call, bucket: Bucket): void {
  const ifMatch = call.headers.get('if-match')
  const ifNoneMatch = call.headers.get('if-none-match')
  if (ifMatch === undefined && ifNoneMatch === undefined) return
  requireKnownCondition(bucket, ifMatch, ifNoneMatch)
  const version = current(bucket, call.key)
  if (ifNoneMatch !== undefined && version) throw preconditionFailed('If-None-Match')
  if (ifMatch === undefined) return
  if (!version) throw refuse('NoSuchKey', undefined, { details: { Key: call.key } })
  if (!matches(ifMatch, version.etag)) throw preconditionFailed('If-Match')
}

function requireKnownCondition(
  bucket: Bucket,
  ifMatch: string | undefined,
  ifNoneMatch: string | undefined,
): void {
  const { conditionalWrites } = bucket.dialect
  const header = ifNoneMatch === undefined ? 'If-Match' : 'If-None-Match'
  const known = conditionalWrites === 'all' || (conditionalWrites === 'create' && !ifMatch)
  const sound = ifNoneMatch === undefined || (ifNoneMatch === '*' && ifMatch === undefined)
  if (known && sound) return
  throw refuse('NotImplemented', undefined, {
    details: {
      Header: header,
      additionalMessage: 'We do not support this conditional header here',
    },
  })
}

/** `etag` is the If-Match of a DELETE, or the ETag element of one object in DeleteObjects. */
export function requireDeletable(bucket: Bucket, key: string, etag: string | undefined): void {
  if (etag === undefined) return
  requireKnownCondition(bucket, etag, undefined)
  const version = latest(bucket, key)
  if (!version) throw refuse('NoSuchKey', undefined, { details: { Key: key } })
  if (version.isMarker || !matches(etag, version.etag)) throw preconditionFailed('If-Match')
}

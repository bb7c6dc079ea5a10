// Listing, by V2's tokens or, where a look-alike pages by markers only, by the first version. Keys come
// URL-encoded, so that those XML cannot hold survive.

import type { CommonPrefix, _Object as Listed } from '@aws-sdk/client-s3'
import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { ListOptions, ListPage, ListedObject } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { compareUtf8 } from '../../keys.ts'
import type { S3Bucket } from './bucket.ts'
import { strangeAnswer } from './errors.ts'
import { bareEtag, toClass } from './fields.ts'
import type { S3Settings } from './settings.ts'

export function listObjects(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  return bucket.settings.row.quirks?.listV1
    ? listByMarker(bucket, options)
    : listByToken(bucket, options)
}

async function listByToken(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  const { prefix, delimiter, after, cursor, limit, signal } = options
  const input = {
    Bucket: bucket.Bucket,
    Prefix: prefix,
    Delimiter: delimiter,
    StartAfter: after,
    ContinuationToken: cursor,
    MaxKeys: limit,
    EncodingType: 'url' as const,
  }
  const output = await bucket.ask(signal, {}, (s3, call) =>
    s3.send(new ListObjectsV2Command(input), call),
  )
  const page = toPage(bucket.settings, output)
  if (!output.IsTruncated) return page
  // From a look-alike that pages by markers alone: half a listing must not pass for the whole.
  if (!output.NextContinuationToken) throw brokenOff(bucket.settings)
  return { ...page, cursor: output.NextContinuationToken }
}

function brokenOff({ name }: S3Settings): StorageError {
  const message = `${name} cut a listing short without saying where the next page begins; if it pages by markers alone, open it by its own provider's scheme.`
  return new StorageError('internal', message, { store: name })
}

async function listByMarker(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  const { prefix, delimiter, after, cursor, limit, signal } = options
  const input = {
    Bucket: bucket.Bucket,
    Prefix: prefix,
    Delimiter: delimiter,
    Marker: cursor ?? after,
    MaxKeys: limit,
    EncodingType: 'url' as const,
  }
  const output = await bucket.ask(signal, {}, (s3, call) =>
    s3.send(new ListObjectsCommand(input), call),
  )
  const page = toPage(bucket.settings, output)
  if (!output.IsTruncated) return page
  return { ...page, cursor: decodeKey(output.NextMarker, output.EncodingType) || lastOf(page) }
}

interface Answer {
  Contents?: Listed[] | undefined
  CommonPrefixes?: CommonPrefix[] | undefined
  EncodingType?: string | undefined
  Name?: string | undefined
}

function toPage(settings: S3Settings, answer: Answer): ListPage {
  const { Contents = [], CommonPrefixes = [], EncodingType, Name } = answer
  // An empty page made of somebody's home page would read as an empty bucket.
  if (Name === undefined) throw strangeAnswer(settings)
  return {
    objects: Contents.map((object) => toListed(settings, object, EncodingType)),
    prefixes: CommonPrefixes.map(({ Prefix }) => decodeKey(Prefix, EncodingType)),
  }
}

function toListed(
  settings: S3Settings,
  object: Listed,
  encoding: string | undefined,
): ListedObject {
  return {
    key: decodeKey(object.Key, encoding),
    size: object.Size ?? 0,
    etag: bareEtag(object.ETag),
    modified: object.LastModified ?? new Date(0),
    storageClass: toClass(settings, object.StorageClass),
  }
}

/** V1 names the next marker only beside a delimiter. */
function lastOf({ objects, prefixes }: ListPage): string | undefined {
  const ends = [objects.at(-1)?.key, prefixes.at(-1)].filter((end) => end !== undefined)
  return ends.toSorted(compareUtf8).at(-1)
}

/** As a form's values are encoded; not every look-alike does what it was asked, and then says so. */
export function decodeKey(text: string | undefined, encoding: string | undefined): string {
  if (text === undefined) return ''
  return encoding === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text
}

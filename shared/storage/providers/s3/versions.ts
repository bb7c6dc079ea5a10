// Every version of every key, delete markers among them.

import type { DeleteMarkerEntry, ObjectVersion as Listed } from '@aws-sdk/client-s3'
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import type { ObjectVersion, VersionsDriver } from '../../contract.ts'
import { compareUtf8 } from '../../keys.ts'
import type { S3Bucket } from './bucket.ts'
import { joinCursor, splitCursor } from './cursor.ts'
import { strangeAnswer } from './errors.ts'
import { bareEtag, toClass } from './fields.ts'
import { decodeKey } from './list.ts'
import type { S3Settings } from './settings.ts'

export function versionsGroup(bucket: S3Bucket): VersionsDriver {
  return {
    /** By key, the newest version first. An object from before versioning is the version `null`. */
    async list({ prefix, cursor, limit, signal }) {
      const [KeyMarker, VersionIdMarker] = splitCursor(cursor)
      const input = {
        Bucket: bucket.Bucket,
        Prefix: prefix,
        KeyMarker,
        VersionIdMarker,
        MaxKeys: limit,
        EncodingType: 'url' as const,
      }
      const output = await bucket.ask(signal, {}, (s3, call) =>
        s3.send(new ListObjectVersionsCommand(input), call),
      )
      if (output.Name === undefined) throw strangeAnswer(bucket.settings)
      const { Versions = [], DeleteMarkers = [], EncodingType } = output
      const versions = [...Versions, ...DeleteMarkers]
        .map((one) => toVersion(bucket.settings, one, EncodingType))
        .toSorted(byKeyAndAge)
      if (!output.IsTruncated) return { versions }
      const nextKey = decodeKey(output.NextKeyMarker, EncodingType)
      return { versions, cursor: joinCursor(nextKey, output.NextVersionIdMarker) }
    },
  }
}

function toVersion(
  settings: S3Settings,
  one: Listed | DeleteMarkerEntry,
  encoding: string | undefined,
): ObjectVersion {
  const deleted = !('ETag' in one)
  const { Size, ETag, StorageClass }: Listed = deleted ? {} : one
  return {
    key: decodeKey(one.Key, encoding),
    version: one.VersionId ?? 'null',
    latest: one.IsLatest ?? false,
    deleted,
    size: Size ?? 0,
    etag: bareEtag(ETag),
    modified: one.LastModified ?? new Date(0),
    storageClass: deleted ? undefined : toClass(settings, StorageClass),
  }
}

/** The SDK hands versions and delete markers in two lists and so loses their common order. */
function byKeyAndAge(a: ObjectVersion, b: ObjectVersion): number {
  return (
    compareUtf8(a.key, b.key) ||
    Number(b.latest) - Number(a.latest) ||
    b.modified.getTime() - a.modified.getTime()
  )
}

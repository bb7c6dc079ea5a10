// Every version of every key, delete markers among them.

import { elementsAmong, textOf } from '#shared/wire/xml.ts'
import type { ObjectVersion, VersionsDriver } from '../../contract.ts'
import { compareUtf8 } from '../../keys.ts'
import { strangeAnswer } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { joinCursor, splitCursor } from './cursor.ts'
import { bareEtag } from './digests.ts'
import { dateIn, toClass } from './fields.ts'
import { keyReader } from './list.ts'
import type { S3Settings } from './settings.ts'

export function versionsGroup({ requests, settings }: S3Bucket): VersionsDriver {
  return {
    /** By key, the newest version first. An object from before versioning is the version `null`. */
    async list({ prefix, cursor, limit, signal }) {
      const [keyMarker, versionMarker] = splitCursor(cursor)
      const query = {
        versions: '',
        prefix,
        'key-marker': keyMarker,
        'version-id-marker': versionMarker,
        'max-keys': limit?.toString(),
        'encoding-type': 'url',
      }
      const { xml } = await requests.xml({ method: 'GET', query, signal })
      if (textOf(xml, 'Name') === undefined) throw strangeAnswer(settings.name)
      const keyIn = keyReader(xml)
      const versions = elementsAmong(xml, ['Version', 'DeleteMarker'])
        .map(({ name, inside }) =>
          toVersion(settings, inside, keyIn(inside, 'Key'), name === 'DeleteMarker'),
        )
        .toSorted(byKeyAndAge)
      if (textOf(xml, 'IsTruncated') !== 'true') return { versions }
      const next = joinCursor(keyIn(xml, 'NextKeyMarker'), textOf(xml, 'NextVersionIdMarker'))
      return { versions, cursor: next }
    },
  }
}

function toVersion(
  settings: S3Settings,
  one: string,
  key: string,
  deleted: boolean,
): ObjectVersion {
  return {
    key,
    version: textOf(one, 'VersionId') || 'null',
    latest: textOf(one, 'IsLatest') === 'true',
    deleted,
    size: Number(textOf(one, 'Size') ?? 0),
    etag: bareEtag(textOf(one, 'ETag')),
    modified: dateIn(one, 'LastModified') ?? new Date(0),
    storageClass: deleted ? undefined : toClass(settings, textOf(one, 'StorageClass')),
  }
}

/** Not every look-alike has delete markers among the versions. Those of one second stay as they were listed. */
function byKeyAndAge(a: ObjectVersion, b: ObjectVersion): number {
  return (
    compareUtf8(a.key, b.key) ||
    Number(b.latest) - Number(a.latest) ||
    b.modified.getTime() - a.modified.getTime()
  )
}

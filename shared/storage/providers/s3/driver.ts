// Amazon S3 and everything that speaks its wire, by requests of our own. What a look-alike does differently
// comes from its row: this code asks for quirks and capabilities, never for a provider's name. Runs in a
// process and in a Worker alike.

import type { Driver } from '../../contract.ts'
import { openBucket } from './bucket.ts'
import { copyObject, pullPart } from './copy.ts'
import { deleteObjects } from './delete.ts'
import { classesGroup, retentionGroup, tagsGroup } from './groups.ts'
import { listObjects } from './list.ts'
import { multipartGroup } from './multipart.ts'
import { get, head, put } from './objects.ts'
import type { S3Settings } from './settings.ts'
import { versionsGroup } from './versions.ts'

export function createS3Driver(settings: S3Settings): Driver {
  const { capabilities } = settings
  const bucket = openBucket(settings)
  return {
    capabilities,
    head: (key, options) => head(bucket, key, options),
    get: (key, options) => get(bucket, key, options),
    put: (key, content, options) => put(bucket, key, content, options),
    delete: (targets, options) => deleteObjects(bucket, targets, options),
    list: (options) => listObjects(bucket, options),
    copy: (from, key, options) => copyObject(bucket, from, key, options),
    ...(capabilities.multipart && {
      multipart: {
        ...multipartGroup(bucket),
        pull: (key, uploadId, partNumber, source, { signal }) =>
          pullPart(bucket, { key, uploadId, partNumber }, source, signal),
      },
    }),
    ...(capabilities.versions && { versions: versionsGroup(bucket) }),
    ...(capabilities.classes.length > 1 && { classes: classesGroup(bucket) }),
    ...(capabilities.tags && { tags: tagsGroup(bucket) }),
    ...(capabilities.retention && { retention: retentionGroup(bucket) }),
  }
}

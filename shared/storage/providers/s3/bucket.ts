// What the driver's files share: how the bucket is spoken to, and what is known of it.

import { fitsHostName } from './place.ts'
import type { Requests } from './requests.ts'
import { createRequests } from './requests.ts'
import type { S3Settings } from './settings.ts'

export interface S3Bucket {
  readonly settings: S3Settings
  readonly requests: Requests
}

export function openBucket(settings: S3Settings): S3Bucket {
  return { settings, requests: createRequests(settings) }
}

/** Another bucket at the same place, by the same credentials. */
export function neighbour(bucket: S3Bucket, name: string | undefined): S3Bucket {
  const { settings } = bucket
  if (name === undefined || name === settings.bucket) return bucket
  const pathStyle = settings.pathStyle || !fitsHostName(name, settings.endpoint)
  return openBucket({ ...settings, bucket: name, pathStyle })
}

// The versions of a bucket's objects: finding, adding and removing them as the bucket's versioning says.

import { randomBytes } from 'node:crypto'
import { refuse } from './errors.ts'
import { clockOf, stampOf } from './state.ts'
import type { Attributes, Bucket, State, Version } from './state.ts'
import { emptyContent } from './content.ts'

/** The newest version, delete marker or not. */
export function latest(bucket: Bucket, key: string): Version | undefined {
  return bucket.objects.get(key)?.[0]
}

/** The current object, when there is one to see. */
export function current(bucket: Bucket, key: string): Version | undefined {
  const version = latest(bucket, key)
  return version?.isMarker ? undefined : version
}

/** The version a request means; refused as S3 does where there is none or where it is a marker. */
export function requireVersion(
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Version {
  if (versionId !== undefined) return requireNamed(bucket, key, versionId)
  const version = latest(bucket, key)
  if (version && !version.isMarker) return version
  throw refuse('NoSuchKey', undefined, {
    details: { Key: key },
    headers: version ? versionHeaders(bucket, version) : {},
  })
}

function requireNamed(bucket: Bucket, key: string, versionId: string): Version {
  const version = findVersion(bucket, key, versionId)
  if (!version) {
    throw refuse('NoSuchVersion', undefined, { details: { Key: key, VersionId: versionId } })
  }
  if (!version.isMarker) return version
  throw refuse('MethodNotAllowed', undefined, {
    details: { Method: 'GET', ResourceType: 'DeleteMarker' },
    headers: {
      ...versionHeaders(bucket, version),
      'last-modified': new Date(version.modifiedMs).toUTCString(),
      allow: 'DELETE',
    },
  })
}

export function findVersion(bucket: Bucket, key: string, versionId: string): Version | undefined {
  if (versionId !== 'null' && !/^[\w.-]{32}$/.test(versionId)) {
    throw refuse('InvalidArgument', 'Invalid version id specified', {
      details: { ArgumentName: 'versionId', ArgumentValue: versionId },
    })
  }
  return bucket.objects.get(key)?.find((version) => version.versionId === versionId)
}

/** Which version an answer speaks of; nothing where the bucket never had versions. */
export function versionHeaders(bucket: Bucket, version: Version): Record<string, string> {
  const marker: Record<string, string> = version.isMarker ? { 'x-amz-delete-marker': 'true' } : {}
  return bucket.versioning === 'Off' ? marker : { ...marker, 'x-amz-version-id': version.versionId }
}

type NewVersion = Attributes & Pick<Version, 'key' | 'etag' | 'content' | 'checksum' | 'parts'>

export function addVersion(state: State, bucket: Bucket, fresh: NewVersion): Version {
  const version: Version = {
    ...fresh,
    versionId: bucket.versioning === 'Enabled' ? createVersionId() : 'null',
    isMarker: false,
    modifiedMs: stampOf(state),
    restore: undefined,
  }
  push(state, bucket, version)
  return version
}

export function addMarker(state: State, bucket: Bucket, key: string): Version {
  const marker: Version = {
    key,
    etag: '',
    content: emptyContent,
    checksum: undefined,
    parts: [],
    contentHeaders: {},
    metadata: {},
    storageClass: 'STANDARD',
    tags: [],
    encryption: { algorithm: 'AES256' },
    lock: {},
    versionId: bucket.versioning === 'Enabled' ? createVersionId() : 'null',
    isMarker: true,
    modifiedMs: stampOf(state),
    restore: undefined,
  }
  push(state, bucket, marker)
  return marker
}

function createVersionId(): string {
  return randomBytes(24).toString('base64url')
}

/** A version called null takes the place of the one that was called so. */
function push(state: State, bucket: Bucket, version: Version): void {
  const before = bucket.objects.get(version.key)
  if (!before) {
    bucket.objects.set(version.key, [version])
    bucket.keys.add(version.key)
    return
  }
  if (version.versionId === 'null') {
    const replaced = before.findIndex((one) => one.versionId === 'null')
    const old = before[replaced]
    if (old) {
      requireUnlocked(state, old, false)
      before.splice(replaced, 1)
    }
  }
  before.unshift(version)
}

export function removeVersion(bucket: Bucket, version: Version): void {
  const versions = bucket.objects.get(version.key) ?? []
  const left = versions.filter((one) => one !== version)
  if (left.length > 0) {
    bucket.objects.set(version.key, left)
  } else if (bucket.objects.delete(version.key)) {
    bucket.keys.remove(version.key)
  }
}

/** Refuses to destroy a version under retention or legal hold. */
export function requireUnlocked(state: State, version: Version, bypassGovernance: boolean): void {
  const { mode, retainUntilMs = 0, legalHold } = version.lock
  const retained = retainUntilMs > clockOf(state) && !(mode === 'GOVERNANCE' && bypassGovernance)
  if (!retained && !legalHold) return
  throw refuse('AccessDenied', 'Access Denied because object protected by object lock.')
}

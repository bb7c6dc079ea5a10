/**
 * What a bucket does with object versions: finding, writing, changing and removing them
 * under preconditions, versioning, holds and retention. Both APIs write through here.
 */
import type { Digested } from './content.ts'
import { denied, noSuchObject, rateLimited } from './errors.ts'
import { checkObjectName, checkStorageClass } from './object-resource.ts'
import type { Preconditions } from './preconditions.ts'
import { requireConditions } from './preconditions.ts'
import type { Bucket, ObjectAttributes, ObjectVersion, State } from './state.ts'
import { nextGeneration } from './state.ts'

export interface NewObject {
  readonly name: string
  readonly digested: Digested
  readonly attributes: ObjectAttributes
  readonly storageClass?: unknown
  readonly componentCount?: number
  readonly conditions: Preconditions
}

export function liveVersion(bucket: Bucket, name: string): ObjectVersion | undefined {
  const newest = bucket.versions.get(name)?.at(-1)
  return newest?.deletedAtMs === undefined ? newest : undefined
}

/** The live version, or the one of that generation. */
export function findVersion(bucket: Bucket, name: string, generation?: number): ObjectVersion {
  const version =
    generation === undefined
      ? liveVersion(bucket, name)
      : bucket.versions.get(name)?.find((one) => one.generation === generation)
  if (!version) throw noSuchObject(bucket.name, name)
  return version
}

/** Checks and stores in one turn of the event loop: a write is atomic. */
export function writeObject(state: State, bucket: Bucket, written: NewObject): ObjectVersion {
  checkObjectName(written.name)
  const live = liveVersion(bucket, written.name)
  requireConditions(written.conditions, live)
  limitRate(state, bucket, written.name)
  if (live) retire(state, bucket, live)
  const version = makeVersion(state, bucket, written)
  const versions = bucket.versions.get(written.name)
  if (versions) versions.push(version)
  else {
    bucket.versions.set(written.name, [version])
    bucket.sortedNames = undefined
  }
  return version
}

function makeVersion(state: State, bucket: Bucket, written: NewObject): ObjectVersion {
  const { digested, attributes } = written
  const now = state.now()
  const holdByDefault = bucket.resource['defaultEventBasedHold'] === true
  return {
    bucket: bucket.name,
    name: written.name,
    generation: nextGeneration(state),
    metageneration: 1,
    content: digested.content,
    crc32c: digested.crc32c,
    md5: digested.md5,
    componentCount: written.componentCount,
    storageClass: checkStorageClass(written.storageClass ?? bucket.resource['storageClass']),
    attributes: holdByDefault ? { eventBasedHold: true, ...attributes } : attributes,
    createdAtMs: now,
    updatedAtMs: now,
  }
}

export function deleteObject(
  state: State,
  bucket: Bucket,
  name: string,
  generation: number | undefined,
  conditions: Preconditions,
): void {
  if (generation === undefined) {
    requireConditions(conditions, liveVersion(bucket, name))
    const live = findVersion(bucket, name)
    limitRate(state, bucket, name)
    retire(state, bucket, live)
    return
  }
  const version = findVersion(bucket, name, generation)
  requireConditions(conditions, version)
  protect(state, bucket, version)
  remove(bucket, version)
}

/** The live version goes: it becomes noncurrent where versions are kept. */
function retire(state: State, bucket: Bucket, live: ObjectVersion): void {
  if (keepsVersions(bucket)) {
    protectFromHold(live)
    live.deletedAtMs = state.now()
    return
  }
  protect(state, bucket, live)
  remove(bucket, live)
}

function remove(bucket: Bucket, version: ObjectVersion): void {
  const left = (bucket.versions.get(version.name) ?? []).filter((one) => one !== version)
  if (left.length > 0) bucket.versions.set(version.name, left)
  else {
    bucket.versions.delete(version.name)
    bucket.sortedNames = undefined
  }
}

export function keepsVersions(bucket: Bucket): boolean {
  const versioning = bucket.resource['versioning']
  return typeof versioning === 'object' && versioning !== null && 'enabled' in versioning
    ? versioning.enabled === true
    : false
}

function protect(state: State, bucket: Bucket, version: ObjectVersion): void {
  protectFromHold(version)
  const until = retainedUntil(bucket, version)
  if (until > state.now()) {
    const when = new Date(until).toISOString()
    throw denied(
      `Object '${version.bucket}/${version.name}' is subject to bucket's retention policy or ` +
        `object retention and cannot be deleted or overwritten until ${when}`,
      'RetentionPolicyNotMet',
      'retentionPolicyNotMet',
    )
  }
}

function protectFromHold(version: ObjectVersion): void {
  const { temporaryHold, eventBasedHold } = version.attributes
  if (!temporaryHold && !eventBasedHold) return
  const kind = temporaryHold ? 'Temporary' : 'Event-Based'
  throw denied(
    `Object '${version.bucket}/${version.name}' is under active ${kind} hold and cannot be ` +
      'deleted, overwritten or archived until hold is removed.',
    'ObjectUnderActiveHold',
    'objectUnderActiveHold',
  )
}

function retainedUntil(bucket: Bucket, version: ObjectVersion): number {
  const policy = bucket.resource['retentionPolicy']
  const period =
    typeof policy === 'object' && policy !== null && 'retentionPeriod' in policy
      ? Number(policy.retentionPeriod)
      : 0
  const byPolicy = period > 0 ? version.createdAtMs + period * 1000 : 0
  const byObject = Date.parse(version.attributes.retention?.retainUntilTime ?? '') || 0
  return Math.max(byPolicy, byObject)
}

export function changeAttributes(
  state: State,
  bucket: Bucket,
  version: ObjectVersion,
  attributes: ObjectAttributes,
): void {
  limitRate(state, bucket, version.name)
  version.attributes = attributes
  version.metageneration += 1
  version.updatedAtMs = state.now()
}

/** https://cloud.google.com/storage/quotas#objects: about one update a second for one name. */
function limitRate(state: State, bucket: Bucket, name: string): void {
  if (!bucket.settings.limitUpdateRate) return
  const key = `${bucket.name}/${name}`
  const last = state.lastUpdateMs.get(key)
  if (last !== undefined && state.now() - last < 1000) throw rateLimited(bucket.name, name)
  state.lastUpdateMs.set(key, state.now())
}

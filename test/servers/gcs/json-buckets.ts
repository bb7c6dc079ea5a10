/**
 * The JSON API's buckets: insert, get, list, patch, update, delete and the retention lock.
 * Lifecycle and soft delete are kept as policies and never acted upon.
 * https://cloud.google.com/storage/docs/json_api/v1/buckets
 */
import type { Answer, Call, JsonObject } from './call.ts'
import { empty, isObject, json, readJson, textOf, wholeNumber } from './call.ts'
import { conditionNotMet, conflict, denied, invalid, required } from './errors.ts'
import { merge, pageSize } from './json-objects.ts'
import { compareUtf8 } from './listing.ts'
import { checkStorageClass } from './object-resource.ts'
import { selectFields } from './partial-response.ts'
import { queryPreconditions, requireReadConditions } from './preconditions.ts'
import type { Bucket, State } from './state.ts'
import { createBucket, findBucket } from './state.ts'

const COMPUTED = [
  'kind',
  'id',
  'selfLink',
  'projectNumber',
  'name',
  'metageneration',
  'etag',
  'timeCreated',
  'updated',
  'locationType',
]
const LIFECYCLE_ACTIONS = ['Delete', 'SetStorageClass', 'AbortIncompleteMultipartUpload']

export function newBucketResource(given: JsonObject = {}): JsonObject {
  return checkResource({
    location: 'US',
    storageClass: 'STANDARD',
    iamConfiguration: {
      uniformBucketLevelAccess: { enabled: true },
      publicAccessPrevention: 'inherited',
    },
    softDeletePolicy: { retentionDurationSeconds: '604800' },
    ...given,
  })
}

export function bucketResource(bucket: Bucket, origin: string): JsonObject {
  return {
    kind: 'storage#bucket',
    id: bucket.name,
    selfLink: `${origin}/storage/v1/b/${bucket.name}`,
    name: bucket.name,
    projectNumber: '123456789012',
    metageneration: String(bucket.metageneration),
    etag: bucketEtag(bucket),
    timeCreated: new Date(bucket.createdAtMs).toISOString(),
    updated: new Date(bucket.updatedAtMs).toISOString(),
    ...bucket.resource,
  }
}

function bucketEtag(bucket: Bucket): string {
  return Buffer.from(`bucket${bucket.metageneration}`).toString('base64')
}

export async function insertBucket(state: State, call: Call): Promise<Answer> {
  if (!call.query.get('project')) throw required('Required parameter: project')
  const { name, ...given } = await readJson(call.body)
  if (typeof name !== 'string') throw required('Required: name')
  if (state.buckets.has(name)) throw alreadyOwned()
  const retention =
    call.query.get('enableObjectRetention') === 'true'
      ? { objectRetention: { mode: 'Enabled' } }
      : {}
  const bucket = createBucket(state, name, newBucketResource({ ...given, ...retention }))
  return answerBucket(call, bucket)
}

export function alreadyOwned() {
  const text = 'Your previous request to create the named bucket succeeded and you already own it.'
  return conflict(text, 'BucketAlreadyOwnedByYou')
}

function answerBucket(call: Call, bucket: Bucket): Answer {
  const resource = selectFields(bucketResource(bucket, call.origin), call.query.get('fields'))
  return json(200, resource, { etag: bucketEtag(bucket) })
}

export function getBucket(state: State, call: Call, name: string): Answer {
  const bucket = findBucket(state, name)
  requireMetageneration(call, bucket)
  return answerBucket(call, bucket)
}

function requireMetageneration(call: Call, bucket: Bucket): void {
  const numbers = { generation: 1, metageneration: bucket.metageneration }
  requireReadConditions(queryPreconditions(call.query), numbers, { etag: bucketEtag(bucket) })
}

export function listBuckets(state: State, call: Call): Answer {
  const { query } = call
  if (!query.get('project')) throw required('Required parameter: project')
  const prefix = query.get('prefix') ?? ''
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64url').toString('utf8')
  const names = [...state.buckets.keys()].toSorted(compareUtf8)
  const left = names.filter((name) => name.startsWith(prefix) && compareUtf8(name, after) > 0)
  const size = pageSize(query)
  const shown = left.slice(0, size)
  const last = Buffer.from(shown.at(-1) ?? '').toString('base64url')
  const listing = {
    kind: 'storage#buckets',
    ...(left.length > size ? { nextPageToken: last } : {}),
    items: shown.map((name) => bucketResource(findBucket(state, name), call.origin)),
  }
  return json(200, selectFields(listing, query.get('fields')))
}

export async function changeBucket(state: State, call: Call, name: string): Promise<Answer> {
  const change = await readJson(call.body)
  const bucket = findBucket(state, name)
  requireMetageneration(call, bucket)
  const writable = Object.entries(change).filter(([field]) => !COMPUTED.includes(field))
  const given = Object.fromEntries(writable)
  checkLocation(bucket, given)
  checkRetentionLock(bucket, given)
  bucket.resource =
    call.method === 'PATCH'
      ? checkResource(merge(bucket.resource, given))
      : newBucketResource({ location: bucket.resource['location'], ...given })
  touch(state, bucket)
  return answerBucket(call, bucket)
}

function touch(state: State, bucket: Bucket): void {
  bucket.metageneration += 1
  bucket.updatedAtMs = state.now()
}

function checkLocation(bucket: Bucket, given: JsonObject): void {
  const { location } = given
  if (location === undefined || location === bucket.resource['location']) return
  throw invalid('The location of a bucket cannot be changed.')
}

function checkRetentionLock(bucket: Bucket, given: JsonObject): void {
  const before = bucket.resource['retentionPolicy']
  if (!isObject(before) || before['isLocked'] !== true || !('retentionPolicy' in given)) return
  const next = given['retentionPolicy']
  const period = isObject(next) ? Number(next['retentionPeriod']) : 0
  if (period >= Number(before['retentionPeriod'])) return
  throw denied('Cannot reduce retention duration of a locked Retention Policy for bucket.')
}

function checkResource(resource: JsonObject): JsonObject {
  const checked = { ...resource, storageClass: checkStorageClass(resource['storageClass']) }
  const { location, cors, lifecycle, retentionPolicy, softDeletePolicy } = resource
  if (typeof location !== 'string' || !/^[A-Za-z0-9-]+$/.test(location)) {
    throw invalid('The specified location constraint is not valid.', 'InvalidLocationConstraint')
  }
  if (cors !== undefined) checkCors(cors)
  if (lifecycle !== undefined) checkLifecycle(lifecycle)
  if (softDeletePolicy !== undefined) checkSoftDelete(softDeletePolicy)
  const policy = isObject(retentionPolicy) ? { retentionPolicy: checkPeriod(retentionPolicy) } : {}
  return { ...checked, location: location.toUpperCase(), ...policy }
}

function checkCors(cors: unknown): void {
  if (!Array.isArray(cors) || !cors.every(isCorsRule)) throw invalid('Invalid value for cors.')
}

function isCorsRule(rule: unknown): boolean {
  if (!isObject(rule)) return false
  return [rule['origin'], rule['method'], rule['responseHeader']].every(
    (list) =>
      list === undefined || (Array.isArray(list) && list.every((one) => typeof one === 'string')),
  )
}

function checkLifecycle(lifecycle: unknown): void {
  const rules: unknown = isObject(lifecycle) ? (lifecycle['rule'] ?? []) : undefined
  if (!Array.isArray(rules) || rules.length > 100 || !rules.every(isLifecycleRule)) {
    throw invalid('Invalid value for lifecycle: each rule needs a known action and a condition.')
  }
}

function isLifecycleRule(rule: unknown): boolean {
  if (!isObject(rule) || !isObject(rule['condition']) || !isObject(rule['action'])) return false
  const hasCondition = Object.keys(rule['condition']).length > 0
  return hasCondition && LIFECYCLE_ACTIONS.includes(textOf(rule['action']['type']))
}

/** Off, or from 7 to 90 days. */
function checkSoftDelete(policy: unknown): void {
  const seconds = isObject(policy) ? Number(policy['retentionDurationSeconds']) : Number.NaN
  const days = seconds / 86_400
  if (seconds === 0 || (days >= 7 && days <= 90)) return
  throw invalid('Soft delete policy retention duration must be 0 or from 7 to 90 days.')
}

function checkPeriod(policy: JsonObject): JsonObject {
  const period = Number(policy['retentionPeriod'])
  if (!Number.isInteger(period) || period <= 0) throw invalid('Invalid value for retentionPeriod.')
  return { effectiveTime: new Date(0).toISOString(), ...policy, retentionPeriod: String(period) }
}

export function removeBucket(state: State, call: Call, name: string): Answer {
  const bucket = findBucket(state, name)
  requireMetageneration(call, bucket)
  if (bucket.versions.size > 0) {
    throw conflict('The bucket you tried to delete is not empty.', 'BucketNotEmpty')
  }
  state.buckets.delete(name)
  return empty(204)
}

export function lockRetention(state: State, call: Call, name: string): Answer {
  const bucket = findBucket(state, name)
  const match = wholeNumber('ifMetagenerationMatch', call.query.get('ifMetagenerationMatch'))
  if (match === undefined) throw required('Required parameter: ifMetagenerationMatch')
  if (match !== bucket.metageneration) throw conditionNotMet('ifMetagenerationMatch')
  const policy = bucket.resource['retentionPolicy']
  if (!isObject(policy)) throw invalid('The bucket has no retention policy to lock.')
  bucket.resource = { ...bucket.resource, retentionPolicy: { ...policy, isLocked: true } }
  touch(state, bucket)
  return answerBucket(call, bucket)
}

/** Every account may do everything here. */
export function testPermissions(state: State, call: Call, name: string): Answer {
  findBucket(state, name)
  const permissions = call.query.getAll('permissions')
  return json(200, { kind: 'storage#testIamPermissionsResponse', permissions })
}

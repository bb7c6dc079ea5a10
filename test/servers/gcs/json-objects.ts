/**
 * The JSON API's objects: get, download, list, patch, update and delete.
 * https://cloud.google.com/storage/docs/json_api/v1/objects
 */
import type { Answer, Call, JsonObject } from './call.ts'
import { empty, isObject, json, readJson, wholeNumber } from './call.ts'
import { denied, invalid } from './errors.ts'
import { decodeToken, encodeToken, listVersions } from './listing.ts'
import { jsonEtag, objectResource, readAttributes } from './object-resource.ts'
import { changeAttributes, deleteObject, findVersion } from './objects.ts'
import { selectFields } from './partial-response.ts'
import { queryPreconditions, requireConditions, requireReadConditions } from './preconditions.ts'
import { readObject } from './reading.ts'
import type { Bucket, ObjectAttributes, ObjectVersion, State } from './state.ts'
import { findBucket } from './state.ts'

export function generationOf(call: Call): number | undefined {
  return wholeNumber('generation', call.query.get('generation'))
}

export function answerObject(call: Call, version: ObjectVersion): Answer {
  const resource = selectFields(objectResource(version, call.origin), call.query.get('fields'))
  return json(200, resource, { etag: jsonEtag(version) })
}

export function getObject(state: State, call: Call, bucketName: string, name: string): Answer {
  const version = findReadable(state, call, bucketName, name)
  return answerObject(call, version)
}

export function downloadObject(state: State, call: Call, bucketName: string, name: string): Answer {
  return readObject(call, findReadable(state, call, bucketName, name))
}

function findReadable(state: State, call: Call, bucketName: string, name: string): ObjectVersion {
  const version = findVersion(findBucket(state, bucketName), name, generationOf(call))
  const headers = { etag: jsonEtag(version) }
  requireReadConditions(queryPreconditions(call.query), version, headers)
  return version
}

export function removeObject(state: State, call: Call, bucketName: string, name: string): Answer {
  const bucket = findBucket(state, bucketName)
  deleteObject(state, bucket, name, generationOf(call), queryPreconditions(call.query))
  return empty(204)
}

/** PATCH merges what it names, and null removes; PUT replaces every writable field. */
export async function changeObject(
  state: State,
  call: Call,
  bucketName: string,
  name: string,
): Promise<Answer> {
  const change = await readJson(call.body)
  const bucket = findBucket(state, bucketName)
  const conditions = queryPreconditions(call.query)
  const version = findVersion(bucket, name, generationOf(call))
  requireConditions(conditions, version)
  const before = call.method === 'PATCH' ? version.attributes : {}
  const after = readAttributes(merge({ ...before }, change))
  checkFixedFields(version, change)
  checkCustomTime(version, after)
  checkRetention(state, call, bucket, version, after)
  changeAttributes(state, bucket, version, after)
  return answerObject(call, version)
}

/** https://www.rfc-editor.org/rfc/rfc7396 */
export function merge(target: JsonObject, change: JsonObject): JsonObject {
  const merged = { ...target }
  for (const [name, value] of Object.entries(change)) {
    const before = merged[name]
    if (value === null) delete merged[name]
    else if (isObject(value)) merged[name] = merge(isObject(before) ? before : {}, value)
    else merged[name] = value
  }
  return merged
}

function checkFixedFields(version: ObjectVersion, change: JsonObject): void {
  const { storageClass } = change
  if (storageClass === undefined || storageClass === version.storageClass) return
  throw invalid('The storage class of an existing object can be changed only by a rewrite.')
}

function checkCustomTime(version: ObjectVersion, after: ObjectAttributes): void {
  const before = version.attributes.customTime
  if (before === undefined) return
  const isEarlier = after.customTime === undefined || after.customTime < before
  if (isEarlier) throw invalid('customTime cannot be removed or set to an earlier time.')
}

function checkRetention(
  state: State,
  call: Call,
  bucket: Bucket,
  version: ObjectVersion,
  after: ObjectAttributes,
): void {
  const before = version.attributes.retention
  const next = after.retention
  if (next && !isObject(bucket.resource['objectRetention'])) {
    throw invalid('Object retention is not enabled for the bucket.')
  }
  if (!before || Date.parse(before.retainUntilTime) <= state.now()) return
  const isWeaker =
    !next ||
    next.retainUntilTime < before.retainUntilTime ||
    (before.mode === 'Locked' && next.mode !== 'Locked')
  const mayWeaken =
    before.mode === 'Unlocked' && call.query.get('overrideUnlockedRetention') === 'true'
  if (isWeaker && !mayWeaken) {
    const text = 'The retention of this object cannot be reduced or removed.'
    throw denied(text, 'RetentionPolicyNotMet', 'forbidden')
  }
}

export function listObjects(state: State, call: Call, bucketName: string): Answer {
  const { query } = call
  const bucket = findBucket(state, bucketName)
  const page = listVersions(bucket, {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    includeTrailingDelimiter: query.get('includeTrailingDelimiter') === 'true',
    startOffset: query.get('startOffset') ?? '',
    endOffset: query.get('endOffset') ?? '',
    after: decodeToken(query.get('pageToken')),
    maxResults: pageSize(query),
    versions: query.get('versions') === 'true',
  })
  const listing = {
    kind: 'storage#objects',
    ...(page.next ? { nextPageToken: encodeToken(page.next) } : {}),
    ...(page.prefixes.length > 0 ? { prefixes: page.prefixes } : {}),
    ...(page.versions.length > 0
      ? { items: page.versions.map((version) => objectResource(version, call.origin)) }
      : {}),
  }
  return json(200, selectFields(listing, query.get('fields')))
}

/** More than 1,000 is taken for 1,000. */
export function pageSize(query: URLSearchParams): number {
  const wanted = wholeNumber('maxResults', query.get('maxResults')) ?? 1000
  if (wanted < 1) throw invalid('Invalid value for maxResults: it must be at least 1.')
  return Math.min(wanted, 1000)
}

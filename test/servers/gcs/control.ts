/**
 * The server's own control plane, for tests only: buckets with easier limits, faults, silent
 * corruption and the request log.
 */
import type { Answer, Call, JsonObject } from './call.ts'
import { empty, isObject, json, parseJson, readAll, readJson } from './call.ts'
import { concatenate, contentOf, flipByte, sliceContent } from './content.ts'
import type { Content } from './content.ts'
import { invalid, notFound } from './errors.ts'
import { readFaultRule } from './faults.ts'
import { newBucketResource } from './json-buckets.ts'
import { findVersion } from './objects.ts'
import type { BucketSettings, State } from './state.ts'
import { createBucket, findBucket } from './state.ts'

export async function answerControl(state: State, call: Call): Promise<Answer> {
  switch (`${call.method} ${call.path}`) {
    case 'POST /__control/buckets':
      return makeControlledBucket(state, await readJson(call.body))
    case 'POST /__control/faults':
      return addFaults(state, await readAll(call.body))
    case 'DELETE /__control/faults':
      return clear(state.faults, bucketOf(call))
    case 'GET /__control/requests':
      return showLog(state, bucketOf(call))
    case 'DELETE /__control/requests':
      return clear(state.log, bucketOf(call))
    case 'POST /__control/corrupt':
      return corrupt(state, await readJson(call.body))
    default:
      throw notFound('There is no such control.')
  }
}

function bucketOf(call: Call): string | undefined {
  return call.query.get('bucket') ?? undefined
}

/** Makes the bucket, or changes the settings of one that is there. */
function makeControlledBucket(state: State, body: JsonObject): Answer {
  const { name, versioning, resource } = body
  if (typeof name !== 'string') throw invalid('The bucket needs a name.')
  const enabled = typeof versioning === 'boolean' ? { versioning: { enabled: versioning } } : {}
  const given = { ...enabled, ...(isObject(resource) ? resource : {}) }
  const known = state.buckets.get(name)
  const bucket = known ?? createBucket(state, name, newBucketResource(given))
  if (known) bucket.resource = { ...bucket.resource, ...given }
  bucket.settings = { ...bucket.settings, ...readSettings(body) }
  return json(200, { name, ...bucket.settings })
}

function readSettings(body: JsonObject): Partial<BucketSettings> {
  const { minPartBytes, rewriteBytesPerCall, limitUpdateRate } = body
  return {
    ...(typeof minPartBytes === 'number' ? { minPartBytes } : {}),
    ...(typeof rewriteBytesPerCall === 'number' ? { rewriteBytesPerCall } : {}),
    ...(typeof limitUpdateRate === 'boolean' ? { limitUpdateRate } : {}),
  }
}

function addFaults(state: State, body: Buffer): Answer {
  const { rules } = parseJson(`{"rules":${body.toString('utf8')}}`)
  if (!Array.isArray(rules)) throw invalid('An array of fault rules is expected.')
  state.faults.push(...rules.map(readFaultRule))
  return empty(204)
}

function clear(list: { readonly bucket: string }[], bucket: string | undefined): Answer {
  const kept = bucket === undefined ? [] : list.filter((one) => one.bucket !== bucket)
  list.splice(0, list.length, ...kept)
  return empty(204)
}

function showLog(state: State, bucket: string | undefined): Answer {
  const requests = state.log.filter((one) => bucket === undefined || one.bucket === bucket)
  const counts: Record<string, number> = {}
  for (const { operation } of requests) counts[operation] = (counts[operation] ?? 0) + 1
  return json(200, { count: requests.length, counts, requests })
}

/** Changes stored bytes while every digest and time stays as it was. */
function corrupt(state: State, body: JsonObject): Answer {
  const { bucket, key, flipByteAt, truncateTo, append } = body
  const version = findVersion(findBucket(state, String(bucket)), String(key))
  if (typeof flipByteAt === 'number') {
    if (flipByteAt >= version.content.size) throw invalid('The object has no such byte.')
    version.content = flipByte(version.content, flipByteAt)
  } else if (typeof truncateTo === 'number') {
    version.content = truncate(version.content, truncateTo)
  } else if (typeof append === 'string') {
    version.content = concatenate([version.content, contentOf(append).content])
  } else throw invalid('Name one of flipByteAt, truncateTo and append.')
  return empty(204)
}

function truncate(content: Content, size: number): Content {
  return { chunks: [...sliceContent(content, 0, size)], size: Math.min(size, content.size) }
}

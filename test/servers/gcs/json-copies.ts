/**
 * The JSON API's copies inside Cloud Storage: rewrite, in as many calls as it takes, copy,
 * and compose.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
 * https://cloud.google.com/storage/docs/json_api/v1/objects/compose
 */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Answer, Call, JsonObject } from './call.ts'
import { isObject, json, readJson, wholeNumber } from './call.ts'
import { concatenate } from './content.ts'
import { combineCrc32c } from './crc32c.ts'
import { conditionNotMet, invalid, required } from './errors.ts'
import { answerObject, generationOf } from './json-objects.ts'
import { checkObjectName, objectResource, readAttributes } from './object-resource.ts'
import { findVersion, liveVersion, writeObject } from './objects.ts'
import { selectFields } from './partial-response.ts'
import type { Preconditions } from './preconditions.ts'
import { isEmpty, queryPreconditions, requireConditions } from './preconditions.ts'
import type { ObjectAttributes, ObjectVersion, Rewrite, State } from './state.ts'
import { findBucket } from './state.ts'

const MIB = 1024 * 1024
const MAX_SOURCES = 32

export interface CopyNames {
  readonly sourceBucket: string
  readonly source: string
  readonly bucket: string
  readonly name: string
}

export async function copyObject(state: State, call: Call, names: CopyNames): Promise<Answer> {
  const resource = await readJson(call.body)
  const source = findSource(state, call, names)
  const conditions = queryPreconditions(call.query)
  return answerObject(call, writeCopy(state, names, source, resource, conditions))
}

function findSource(state: State, call: Call, names: CopyNames): ObjectVersion {
  const generation = wholeNumber('sourceGeneration', call.query.get('sourceGeneration'))
  const source = findVersion(findBucket(state, names.sourceBucket), names.source, generation)
  requireConditions(queryPreconditions(call.query, 'ifSource'), source)
  return source
}

/** A destination resource replaces the source's attributes; without one they travel. */
function writeCopy(
  state: State,
  names: CopyNames,
  source: ObjectVersion,
  resource: JsonObject,
  conditions: Preconditions,
): ObjectVersion {
  return writeObject(state, findBucket(state, names.bucket), {
    name: names.name,
    digested: { content: source.content, crc32c: source.crc32c, md5: source.md5 },
    attributes: isGiven(resource) ? readAttributes(resource) : travelling(source),
    storageClass: resource['storageClass'],
    ...(source.componentCount === undefined ? {} : { componentCount: source.componentCount }),
    conditions,
  })
}

/** The official client repeats its token in the body, where it is no field of the resource. */
function isGiven(resource: JsonObject): boolean {
  return Object.keys(resource).some((field) => field !== 'token')
}

/** Holds and retention stay behind. */
export function travelling(source: ObjectVersion): ObjectAttributes {
  const { temporaryHold: _t, eventBasedHold: _e, retention: _r, ...rest } = source.attributes
  return rest
}

export async function rewriteObject(state: State, call: Call, names: CopyNames): Promise<Answer> {
  const given = await readJson(call.body)
  const source = findSource(state, call, names)
  checkObjectName(names.name)
  const bucket = findBucket(state, names.bucket)
  const token = call.query.get('rewriteToken')
  const rewrite = token
    ? resume(state, token, { call, names, given, source })
    : begin({ call, names, given, source })
  requireConditions(rewrite.conditions, liveVersion(bucket, names.name))
  rewrite.bytesDone = Math.min(
    rewrite.bytesDone + bytesPerCall(call, bucket.settings.rewriteBytesPerCall),
    source.content.size,
  )
  if (rewrite.bytesDone < source.content.size) return unfinished(state, token, rewrite)
  if (token) state.rewrites.delete(token)
  const { resource, conditions } = rewrite
  return finished(call, writeCopy(state, names, source, resource, conditions))
}

interface RewriteRequest {
  readonly call: Call
  readonly names: CopyNames
  readonly given: JsonObject
  readonly source: ObjectVersion
}

function begin({ call, names, given, source }: RewriteRequest): Rewrite {
  const conditions = queryPreconditions(call.query)
  return { names: JSON.stringify(names), resource: given, conditions, source, bytesDone: 0 }
}

/**
 * A token stands for one request about one generation of the source. Later calls may leave
 * out the resource and the preconditions; what they do name must be what the first call named.
 */
function resume(state: State, token: string, request: RewriteRequest): Rewrite {
  const rewrite = state.rewrites.get(token)
  const { call, given, source } = request
  if (!rewrite || rewrite.names !== JSON.stringify(request.names)) throw foreignToken()
  if (isGiven(given) && !isDeepStrictEqual(given, rewrite.resource)) throw foreignToken()
  const conditions = queryPreconditions(call.query)
  if (!isEmpty(conditions) && !isDeepStrictEqual(conditions, rewrite.conditions)) {
    throw foreignToken()
  }
  if (rewrite.source !== source) {
    state.rewrites.delete(token)
    throw invalid('The source object has changed since the rewrite token was given.')
  }
  return rewrite
}

function foreignToken() {
  return invalid('The rewrite token does not belong to this request.')
}

function bytesPerCall(call: Call, setting: number | undefined): number {
  const name = 'maxBytesRewrittenPerCall'
  const asked = wholeNumber(name, call.query.get(name))
  if (asked !== undefined && (asked < MIB || asked % MIB !== 0)) {
    throw invalid(`${name} must be a positive multiple of 1 MiB (${MIB}).`)
  }
  return Math.min(asked ?? Number.POSITIVE_INFINITY, setting ?? Number.POSITIVE_INFINITY)
}

function unfinished(state: State, token: string | null, rewrite: Rewrite): Answer {
  const rewriteToken = token ?? randomBytes(18).toString('base64url')
  state.rewrites.set(rewriteToken, rewrite)
  return json(200, {
    kind: 'storage#rewriteResponse',
    totalBytesRewritten: String(rewrite.bytesDone),
    objectSize: String(rewrite.source.content.size),
    done: false,
    rewriteToken,
  })
}

function finished(call: Call, written: ObjectVersion): Answer {
  const size = String(written.content.size)
  const response = {
    kind: 'storage#rewriteResponse',
    totalBytesRewritten: size,
    objectSize: size,
    done: true,
    resource: objectResource(written, call.origin),
  }
  return json(200, selectFields(response, call.query.get('fields')))
}

export async function composeObject(
  state: State,
  call: Call,
  bucketName: string,
  name: string,
): Promise<Answer> {
  const body = await readJson(call.body)
  if (generationOf(call) !== undefined) throw invalid('compose makes a new generation.')
  const bucket = findBucket(state, bucketName)
  const listed = body['sourceObjects']
  if (!Array.isArray(listed) || listed.length === 0) {
    throw required('You must provide at least one source component.')
  }
  if (listed.length > MAX_SOURCES) {
    const text = `The number of source components provided (${listed.length}) exceeds the maximum (32)`
    throw invalid(text)
  }
  const sources = listed.map((one: unknown) => findComponent(state, bucketName, one))
  const destination = isObject(body['destination']) ? body['destination'] : {}
  const storageClass = oneClass(sources, destination['storageClass'])
  const written = writeObject(state, bucket, {
    name,
    digested: {
      content: concatenate(sources.map((source) => source.content)),
      crc32c: sources.reduce((crc, one) => combineCrc32c(crc, one.crc32c, one.content.size), 0),
      md5: undefined,
    },
    attributes: readAttributes(destination),
    storageClass,
    componentCount: sources.reduce((sum, source) => sum + (source.componentCount ?? 1), 0),
    conditions: queryPreconditions(call.query),
  })
  return answerObject(call, written)
}

function findComponent(state: State, bucketName: string, listed: unknown): ObjectVersion {
  if (!isObject(listed) || typeof listed['name'] !== 'string') {
    throw required('Each source component needs a name.')
  }
  const { name, generation, objectPreconditions } = listed
  const version = findVersion(
    findBucket(state, bucketName),
    name,
    generation === undefined ? undefined : Number(generation),
  )
  if (isObject(objectPreconditions)) {
    const wanted = objectPreconditions['ifGenerationMatch']
    if (wanted !== undefined && Number(wanted) !== version.generation) {
      throw conditionNotMet('ifGenerationMatch')
    }
  }
  return version
}

function oneClass(sources: readonly ObjectVersion[], wanted: unknown): string {
  const [first] = sources
  const storageClass = typeof wanted === 'string' ? wanted : first?.storageClass
  if (storageClass === undefined) throw required('You must provide at least one source component.')
  if (sources.some((source) => source.storageClass !== storageClass)) {
    throw invalid('All source components must have the storage class of the result.')
  }
  return storageClass
}

/**
 * Uploads through the JSON API: media, multipart and the start of a resumable session.
 * https://cloud.google.com/storage/docs/uploads-downloads
 */
import type { Answer, Call, JsonObject } from './call.ts'
import { parseJson, readAll, readJson } from './call.ts'
import type { Digested } from './content.ts'
import { declaredDigests, intake, verifyDeclared, refuseCustomerKeys } from './body-checks.ts'
import { invalid, required } from './errors.ts'
import { answerObject } from './json-objects.ts'
import { boundaryOf, readParts } from './multipart-body.ts'
import { checkObjectName, readAttributes } from './object-resource.ts'
import { writeObject } from './objects.ts'
import { queryPreconditions } from './preconditions.ts'
import { startSession } from './resumable.ts'
import type { State } from './state.ts'
import { findBucket } from './state.ts'

export async function insertObject(state: State, call: Call, bucket: string): Promise<Answer> {
  findBucket(state, bucket)
  refuseCustomerKeys(call)
  switch (call.query.get('uploadType')) {
    case 'media':
      return insertMedia(state, call, bucket)
    case 'multipart':
      return insertMultipart(state, call, bucket)
    case 'resumable':
      return insertResumable(state, call, bucket)
    default:
      throw invalid('Invalid value for uploadType: media, multipart or resumable is expected.')
  }
}

async function insertMedia(state: State, call: Call, bucket: string): Promise<Answer> {
  const name = objectName(call, {})
  const digested = await intake(call.body)
  const contentType = call.headers['content-type']
  const resource = contentType === undefined ? {} : { contentType }
  return store(state, call, bucket, name, resource, digested)
}

async function insertMultipart(state: State, call: Call, bucket: string): Promise<Answer> {
  const contentType = call.headers['content-type']
  if (!/^multipart\/related/i.test(contentType ?? '')) {
    throw invalid('A multipart upload needs the content type multipart/related.')
  }
  const parts = readParts(call.body, boundaryOf(contentType))[Symbol.asyncIterator]()
  const first = await parts.next()
  if (first.done) throw badParts()
  const resource = parseJson((await readAll(first.value.body)).toString('utf8'))
  const second = await parts.next()
  if (second.done) throw badParts()
  const digested = await intake(second.value.body)
  if (!(await parts.next()).done) throw badParts()
  const partType = second.value.headers['content-type']
  const withType = partType === undefined ? resource : { contentType: partType, ...resource }
  return store(state, call, bucket, objectName(call, resource), withType, digested)
}

function badParts() {
  return invalid('Malformed multipart body: a JSON part and a media part are expected.')
}

async function insertResumable(state: State, call: Call, bucket: string): Promise<Answer> {
  const resource = await readJson(call.body)
  const name = objectName(call, resource)
  const contentType = call.headers['x-upload-content-type']
  return startSession(state, call, {
    api: 'json',
    bucket,
    name,
    resource: contentType === undefined ? resource : { contentType, ...resource },
    conditions: queryPreconditions(call.query),
    // The JSON API lets every origin in; the session then belongs to this one.
    corsOrigin: call.headers['origin'],
  })
}

function objectName(call: Call, resource: JsonObject): string {
  const name = call.query.get('name') ?? resource['name']
  if (typeof name !== 'string' || name === '') throw required('Required: name')
  checkObjectName(name)
  return name
}

function store(
  state: State,
  call: Call,
  bucketName: string,
  name: string,
  resource: JsonObject,
  digested: Digested,
): Answer {
  verifyDeclared(digested, declaredDigests(call, resource))
  const { storageClass } = resource
  const version = writeObject(state, findBucket(state, bucketName), {
    name,
    digested,
    attributes: readAttributes(withEncoding(call, resource)),
    storageClass,
    conditions: queryPreconditions(call.query),
  })
  return answerObject(call, version)
}

function withEncoding(call: Call, resource: JsonObject): JsonObject {
  const contentEncoding = call.query.get('contentEncoding')
  return contentEncoding === null ? resource : { contentEncoding, ...resource }
}

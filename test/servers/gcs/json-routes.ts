/**
 * The JSON API's paths: which operation a request asks for, on which bucket and object. The
 * caller's token is checked here, before any handler runs.
 */
import type { Answer, Call, Route } from './call.ts'
import { notFound } from './errors.ts'
import {
  changeBucket,
  getBucket,
  insertBucket,
  listBuckets,
  lockRetention,
  removeBucket,
  testPermissions,
} from './json-buckets.ts'
import { composeObject, copyObject, rewriteObject } from './json-copies.ts'
import {
  changeObject,
  downloadObject,
  getObject,
  listObjects,
  removeObject,
} from './json-objects.ts'
import { decode } from './percent.ts'
import { useSession } from './resumable.ts'
import type { State } from './state.ts'
import { authenticateBearer, requireScope } from './tokens.ts'
import { insertObject } from './upload.ts'

const JSON_PATH = /^(?:\/(upload|download))?\/storage\/v1\/b(?:\/|$)(.*)$/

interface Target {
  readonly operation: string
  readonly access: 'read' | 'write' | 'session'
  readonly run: (call: Call) => Promise<Answer> | Answer
}

export function routeJson(state: State, call: Call): Route | undefined {
  const match = JSON_PATH.exec(call.path)
  if (!match) return undefined
  const segments = (match[2] ?? '')
    .split('/')
    .filter((one, at) => one !== '' || at > 0)
    .map(decode)
  const [bucket = '', , key = call.query.get('name') ?? ''] = segments
  const target = findTarget(state, call, match[1], segments)
  if (!target) {
    return { api: 'json', operation: 'unknown', bucket, key, run: refuse }
  }
  const run = (given: Call) => {
    authorize(state, given, target)
    return target.run(given)
  }
  return { api: 'json', operation: target.operation, bucket, key, run }
}

function refuse(): never {
  throw notFound()
}

function authorize(state: State, call: Call, target: Target): void {
  if (target.access !== 'session') requireScope(authenticateBearer(state, call), target.access)
}

function findTarget(
  state: State,
  call: Call,
  service: string | undefined,
  segments: readonly string[],
): Target | undefined {
  if (service === 'upload') return uploadTarget(state, call, segments)
  if (segments.length === 0) return bucketsTarget(state, call)
  if (segments.length === 1) return bucketTarget(state, call, segments[0] ?? '')
  const [bucket = '', collection, key, ...more] = segments
  if (collection === 'o') return objectsTarget(state, call, bucket, key, more)
  return bucketExtras(state, call, bucket, segments.slice(1).join('/'))
}

function uploadTarget(state: State, call: Call, segments: readonly string[]): Target | undefined {
  const [bucket = '', collection, ...more] = segments
  if (collection !== 'o' || more.length > 0) return undefined
  const id = call.query.get('upload_id')
  if (id) {
    const run = (given: Call) => useSession(state, given, id)
    return { operation: sessionOperation(call), access: 'session', run }
  }
  if (call.method !== 'POST') return undefined
  const resumable = call.query.get('uploadType') === 'resumable'
  return {
    operation: resumable ? 'resumable.start' : 'objects.insert',
    access: 'write',
    run: (given) => insertObject(state, given, bucket),
  }
}

export function sessionOperation(call: Call): string {
  if (call.method === 'DELETE') return 'resumable.cancel'
  const isQuery = call.headers['content-range']?.startsWith('bytes */')
  return isQuery ? 'resumable.status' : 'resumable.put'
}

function bucketsTarget(state: State, call: Call): Target | undefined {
  if (call.method === 'GET') {
    return { operation: 'buckets.list', access: 'read', run: (given) => listBuckets(state, given) }
  }
  if (call.method !== 'POST') return undefined
  return {
    operation: 'buckets.insert',
    access: 'write',
    run: (given) => insertBucket(state, given),
  }
}

function bucketTarget(state: State, call: Call, bucket: string): Target | undefined {
  const change = (given: Call) => changeBucket(state, given, bucket)
  const targets: Record<string, Target> = {
    GET: {
      operation: 'buckets.get',
      access: 'read',
      run: (given) => getBucket(state, given, bucket),
    },
    PATCH: { operation: 'buckets.patch', access: 'write', run: change },
    PUT: { operation: 'buckets.update', access: 'write', run: change },
    DELETE: {
      operation: 'buckets.delete',
      access: 'write',
      run: (given) => removeBucket(state, given, bucket),
    },
  }
  return targets[call.method]
}

function bucketExtras(state: State, call: Call, bucket: string, rest: string): Target | undefined {
  if (call.method === 'POST' && rest === 'lockRetentionPolicy') {
    const run = (given: Call) => lockRetention(state, given, bucket)
    return { operation: 'buckets.lockRetentionPolicy', access: 'write', run }
  }
  if (call.method === 'GET' && rest === 'iam/testPermissions') {
    const run = (given: Call) => testPermissions(state, given, bucket)
    return { operation: 'buckets.testIamPermissions', access: 'read', run }
  }
  return undefined
}

function objectsTarget(
  state: State,
  call: Call,
  bucket: string,
  key: string | undefined,
  more: readonly string[],
): Target | undefined {
  if (key === undefined || key === '') {
    if (call.method !== 'GET') return undefined
    const run = (given: Call) => listObjects(state, given, bucket)
    return { operation: 'objects.list', access: 'read', run }
  }
  if (more.length > 0) return copyTarget(state, call, bucket, key, more)
  return objectTarget(state, call, bucket, key)
}

function objectTarget(state: State, call: Call, bucket: string, key: string): Target | undefined {
  const change = (given: Call) => changeObject(state, given, bucket, key)
  const isMedia = call.query.get('alt') === 'media'
  const read = isMedia ? downloadObject : getObject
  const targets: Record<string, Target> = {
    GET: {
      operation: isMedia ? 'objects.download' : 'objects.get',
      access: 'read',
      run: (given) => read(state, given, bucket, key),
    },
    PATCH: { operation: 'objects.patch', access: 'write', run: change },
    PUT: { operation: 'objects.update', access: 'write', run: change },
    DELETE: {
      operation: 'objects.delete',
      access: 'write',
      run: (given) => removeObject(state, given, bucket, key),
    },
  }
  return targets[call.method]
}

function copyTarget(
  state: State,
  call: Call,
  bucket: string,
  key: string,
  more: readonly string[],
): Target | undefined {
  const [verb, b, toBucket = '', o, toKey = '', ...rest] = more
  if (call.method !== 'POST') return undefined
  if (verb === 'compose' && more.length === 1) {
    const run = (given: Call) => composeObject(state, given, bucket, key)
    return { operation: 'objects.compose', access: 'write', run }
  }
  if (b !== 'b' || o !== 'o' || toKey === '' || rest.length > 0) return undefined
  const names = { sourceBucket: bucket, source: key, bucket: toBucket, name: toKey }
  if (verb === 'rewriteTo') {
    const run = (given: Call) => rewriteObject(state, given, names)
    return { operation: 'objects.rewrite', access: 'write', run }
  }
  if (verb !== 'copyTo') return undefined
  const run = (given: Call) => copyObject(state, given, names)
  return { operation: 'objects.copy', access: 'write', run }
}

/**
 * The XML API's requests: which operation they ask for, path style or virtual-hosted, and who
 * asks. A session's own URL needs no credential; everything else needs a token or a signature.
 * https://cloud.google.com/storage/docs/xml-api/overview
 */
import { createHash } from 'node:crypto'
import type { Answer, Call, Route } from './call.ts'
import { denied, GcsError, invalid, notImplemented } from './errors.ts'
import { sessionOperation } from './json-routes.ts'
import { decode } from './percent.ts'
import { postObject } from './policy.ts'
import { useSession } from './resumable.ts'
import { findSignature, verifySignature } from './signature.ts'
import type { State } from './state.ts'
import { authenticateBearer, requireScope } from './tokens.ts'
import {
  headBucket,
  listAllBuckets,
  listBucketXml,
  makeBucket,
  unmakeBucket,
} from './xml-buckets.ts'
import {
  abortMultipart,
  completeMultipart,
  listMultiparts,
  listParts,
  putPart,
  startMultipart,
} from './xml-multipart.ts'
import {
  copyFromSource,
  deleteObjectXml,
  getObjectXml,
  putObject,
  startResumableXml,
} from './xml-objects.ts'

const UNSUPPORTED = [
  'acl',
  'billing',
  'compose',
  'cors',
  'defaultObjectAcl',
  'delete',
  'encryption',
  'lifecycle',
  'location',
  'logging',
  'notification',
  'policy',
  'retention',
  'tagging',
  'versioning',
  'website',
]

interface Target {
  readonly operation: string
  readonly run: (call: Call) => Promise<Answer> | Answer
  /** The request proves itself: by a session id or a signed policy in its body. */
  readonly isSelfProving?: boolean
}

export function routeXml(state: State, call: Call): Route {
  const { bucket, key } = locate(call)
  const target = findTarget(state, call, bucket, key)
  const run = (given: Call) => {
    if (!target) throw methodNotAllowed()
    return target.run(target.isSelfProving ? given : authenticate(state, given))
  }
  return { api: 'xml', operation: target?.operation ?? 'unknown', bucket, key, run }
}

function locate(call: Call): { bucket: string; key: string } {
  const host = (call.headers['host'] ?? '').replace(/:\d+$/, '')
  const virtual = /^(.+?)\.(?:storage\.googleapis\.com|storage\.localhost|localhost)$/.exec(host)
  const path = call.path.slice(1)
  if (virtual?.[1] && virtual[1] !== 'storage') return { bucket: virtual[1], key: decode(path) }
  const slash = path.indexOf('/')
  if (slash < 0) return { bucket: decode(path), key: '' }
  return { bucket: decode(path.slice(0, slash)), key: decode(path.slice(slash + 1)) }
}

function methodNotAllowed(): GcsError {
  const message = 'The specified method is not allowed against this resource.'
  return new GcsError({
    status: 405,
    reason: 'methodNotAllowed',
    code: 'MethodNotAllowed',
    message,
  })
}

function findTarget(state: State, call: Call, bucket: string, key: string): Target | undefined {
  if (bucket === '') return serviceTarget(state, call)
  const unsupported = UNSUPPORTED.find((name) => call.query.has(name))
  if (unsupported) {
    const run = () => {
      throw notImplemented(`The sub-resource ${unsupported}`)
    }
    return { operation: `xml.${unsupported}`, run }
  }
  if (key === '') return bucketTarget(state, call, bucket)
  const id = call.query.get('upload_id')
  if (id) {
    const run = (given: Call) => useSession(state, given, id)
    return { operation: sessionOperation(call), run, isSelfProving: true }
  }
  return multipartTarget(state, call, bucket, key) ?? objectTarget(state, call, bucket, key)
}

function serviceTarget(state: State, call: Call): Target | undefined {
  if (call.method !== 'GET') return undefined
  return { operation: 'buckets.list', run: () => listAllBuckets(state) }
}

function bucketTarget(state: State, call: Call, bucket: string): Target | undefined {
  const isForm = /^multipart\/form-data/i.test(call.headers['content-type'] ?? '')
  const list = (given: Call) => listBucketXml(state, given, bucket)
  const uploads = (given: Call) => listMultiparts(state, given, bucket)
  const targets: Record<string, Target | undefined> = {
    GET: call.query.has('uploads')
      ? { operation: 'multipart.list', run: uploads }
      : { operation: 'objects.list', run: list },
    HEAD: { operation: 'buckets.get', run: () => headBucket(state, bucket) },
    PUT: { operation: 'buckets.insert', run: (given) => makeBucket(state, given, bucket) },
    DELETE: { operation: 'buckets.delete', run: () => unmakeBucket(state, bucket) },
    POST: isForm
      ? {
          operation: 'objects.post',
          run: (given) => postObject(state, given, bucket),
          isSelfProving: true,
        }
      : undefined,
  }
  return targets[call.method]
}

function multipartTarget(
  state: State,
  call: Call,
  bucket: string,
  key: string,
): Target | undefined {
  const target = { bucket, key }
  if (call.query.has('uploads') && call.method === 'POST') {
    return { operation: 'multipart.start', run: (given) => startMultipart(state, given, target) }
  }
  if (!call.query.has('uploadId')) return undefined
  const targets: Record<string, Target> = {
    PUT: { operation: 'multipart.part', run: (given) => putPart(state, given, target) },
    POST: {
      operation: 'multipart.complete',
      run: (given) => completeMultipart(state, given, target),
    },
    GET: { operation: 'multipart.parts', run: (given) => listParts(state, given, target) },
    DELETE: { operation: 'multipart.abort', run: (given) => abortMultipart(state, given, target) },
  }
  return targets[call.method]
}

function objectTarget(state: State, call: Call, bucket: string, key: string): Target | undefined {
  const isCopy = call.headers['x-goog-copy-source'] ?? call.headers['x-amz-copy-source']
  const read = (given: Call) => getObjectXml(state, given, bucket, key)
  const targets: Record<string, Target | undefined> = {
    GET: { operation: 'objects.download', run: read },
    HEAD: { operation: 'objects.head', run: read },
    PUT: isCopy
      ? { operation: 'objects.copy', run: (given) => copyFromSource(state, given, bucket, key) }
      : { operation: 'objects.insert', run: (given) => putObject(state, given, bucket, key) },
    DELETE: {
      operation: 'objects.delete',
      run: (given) => deleteObjectXml(state, given, bucket, key),
    },
    POST: call.headers['x-goog-resumable']
      ? {
          operation: 'resumable.start',
          run: (given) => startResumableXml(state, given, bucket, key),
        }
      : undefined,
  }
  return targets[call.method]
}

/** Proves the caller; gives the call that the handler sees, its body checked where signed. */
function authenticate(state: State, call: Call): Call {
  const signed = findSignature(call)
  if (!signed) {
    if (call.query.has('GoogleAccessId')) throw denied('V2 signatures are not accepted.')
    if (call.headers['authorization'] === undefined) throw anonymousXml()
    const isRead = call.method === 'GET' || call.method === 'HEAD'
    requireScope(authenticateBearer(state, call), isRead ? 'read' : 'write')
    return call
  }
  const { bodySha256 } = verifySignature(state, call, signed)
  const body = bodySha256 === undefined ? call.body : checkedBody(call.body, bodySha256)
  return { ...call, headers: googleNames(call), body }
}

function anonymousXml(): GcsError {
  return new GcsError({
    status: 403,
    reason: 'forbidden',
    code: 'AccessDenied',
    message: 'Access denied.',
    details: 'Anonymous caller does not have storage access to the Google Cloud Storage resource.',
  })
}

async function* checkedBody(body: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') === expected) return
  throw invalid('The provided SHA-256 of the payload does not match its bytes.', 'BadDigest')
}

/** Signed the Amazon way, a request may use Amazon's header names, but never both kinds. */
function googleNames(call: Call): Call['headers'] {
  const amazon = Object.entries(call.headers).filter(([name]) => name.startsWith('x-amz-'))
  if (amazon.length === 0) return call.headers
  if (Object.keys(call.headers).some((name) => name.startsWith('x-goog-'))) {
    throw invalid('A request may use x-goog- or x-amz- headers, not both.', 'InvalidArgument')
  }
  const renamed = amazon.map(([name, value]) => [name.replace('x-amz-', 'x-goog-'), value] as const)
  return { ...call.headers, ...Object.fromEntries(renamed) }
}

// Which operation a request is: by its method, its subresource in the query, and for copies a header.
// The first row that fits is meant.

import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './buckets.ts'
import type { Answer, Call, Handler } from './call.ts'
import {
  deleteConfiguration,
  getBucketVersioning,
  getConfiguration,
  putBucketVersioning,
  putConfiguration,
} from './configurations.ts'
import { completeMultipartUpload } from './complete.ts'
import { copyObject } from './copy-object.ts'
import { deleteObjects } from './delete-objects.ts'
import { refuse } from './errors.ts'
import { listObjects, listObjectsV2, listObjectVersions } from './listing.ts'
import {
  abortMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from './multipart.ts'
import { listMultipartUploads, listParts } from './multipart-listing.ts'
import {
  deleteObjectTagging,
  getObjectLegalHold,
  getObjectRetention,
  getObjectTagging,
  putObjectLegalHold,
  putObjectRetention,
  putObjectTagging,
} from './object-subresources.ts'
import { getObject, getObjectAttributes, headObject } from './read-object.ts'
import type { Target } from './target.ts'
import { deleteObject, putObject, restoreObject } from './write-object.ts'

type Route = {
  operation: string
  method: string
  /** Query parameters that must be there, valueless or not. */
  query?: readonly string[]
  header?: string
  handle: Handler
}

const copySource = 'x-amz-copy-source'

const bucketRoutes: readonly Route[] = [
  route('GetBucketCors', 'GET', getConfiguration('cors'), ['cors']),
  route('PutBucketCors', 'PUT', putConfiguration('cors'), ['cors']),
  route('DeleteBucketCors', 'DELETE', deleteConfiguration('cors'), ['cors']),
  route('GetBucketLifecycleConfiguration', 'GET', getConfiguration('lifecycle'), ['lifecycle']),
  route('PutBucketLifecycleConfiguration', 'PUT', putConfiguration('lifecycle'), ['lifecycle']),
  route('DeleteBucketLifecycle', 'DELETE', deleteConfiguration('lifecycle'), ['lifecycle']),
  route('GetBucketEncryption', 'GET', getConfiguration('encryption'), ['encryption']),
  route('PutBucketEncryption', 'PUT', putConfiguration('encryption'), ['encryption']),
  route('DeleteBucketEncryption', 'DELETE', deleteConfiguration('encryption'), ['encryption']),
  route('GetBucketNotificationConfiguration', 'GET', getConfiguration('notification'), [
    'notification',
  ]),
  route('PutBucketNotificationConfiguration', 'PUT', putConfiguration('notification'), [
    'notification',
  ]),
  route('GetBucketTagging', 'GET', getConfiguration('tagging'), ['tagging']),
  route('PutBucketTagging', 'PUT', putConfiguration('tagging'), ['tagging']),
  route('DeleteBucketTagging', 'DELETE', deleteConfiguration('tagging'), ['tagging']),
  route('GetObjectLockConfiguration', 'GET', getConfiguration('object-lock'), ['object-lock']),
  route('PutObjectLockConfiguration', 'PUT', putConfiguration('object-lock'), ['object-lock']),
  route('GetBucketVersioning', 'GET', getBucketVersioning, ['versioning']),
  route('PutBucketVersioning', 'PUT', putBucketVersioning, ['versioning']),
  route('GetBucketLocation', 'GET', getBucketLocation, ['location']),
  route('ListObjectVersions', 'GET', listObjectVersions, ['versions']),
  route('ListMultipartUploads', 'GET', listMultipartUploads, ['uploads']),
  route('DeleteObjects', 'POST', deleteObjects, ['delete']),
  route('ListObjectsV2', 'GET', listObjectsV2, ['list-type']),
  route('ListObjects', 'GET', listObjects),
  route('HeadBucket', 'HEAD', headBucket),
  route('DeleteBucket', 'DELETE', deleteBucket),
]

const objectRoutes: readonly Route[] = [
  { ...route('UploadPartCopy', 'PUT', uploadPartCopy, ['uploadId']), header: copySource },
  route('UploadPart', 'PUT', uploadPart, ['uploadId']),
  route('CreateMultipartUpload', 'POST', createMultipartUpload, ['uploads']),
  route('CompleteMultipartUpload', 'POST', completeMultipartUpload, ['uploadId']),
  route('AbortMultipartUpload', 'DELETE', abortMultipartUpload, ['uploadId']),
  route('ListParts', 'GET', listParts, ['uploadId']),
  route('GetObjectTagging', 'GET', getObjectTagging, ['tagging']),
  route('PutObjectTagging', 'PUT', putObjectTagging, ['tagging']),
  route('DeleteObjectTagging', 'DELETE', deleteObjectTagging, ['tagging']),
  route('GetObjectRetention', 'GET', getObjectRetention, ['retention']),
  route('PutObjectRetention', 'PUT', putObjectRetention, ['retention']),
  route('GetObjectLegalHold', 'GET', getObjectLegalHold, ['legal-hold']),
  route('PutObjectLegalHold', 'PUT', putObjectLegalHold, ['legal-hold']),
  route('GetObjectAttributes', 'GET', getObjectAttributes, ['attributes']),
  route('RestoreObject', 'POST', restoreObject, ['restore']),
  { ...route('CopyObject', 'PUT', copyObject), header: copySource },
  route('PutObject', 'PUT', putObject),
  route('GetObject', 'GET', getObject),
  route('HeadObject', 'HEAD', headObject),
  route('DeleteObject', 'DELETE', deleteObject),
]

function route(
  operation: string,
  method: string,
  handle: Handler,
  query: readonly string[] = [],
): Route {
  return { operation, method, query, handle }
}

/** Subresources of S3 that this server has not: refused, never taken for the plain operation. */
const foreign = [
  'accelerate',
  'acl',
  'analytics',
  'intelligent-tiering',
  'inventory',
  'logging',
  'metrics',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'select',
  'torrent',
  'website',
]

export type Operation =
  | { name: string; kind: 'service'; handle: (call: Call) => Answer | Promise<Answer> }
  | { name: string; kind: 'bucket'; handle: Handler }
  | { name: 'PostObject' | 'Preflight'; kind: 'anonymous' }

export function findOperation(target: Target): Operation {
  const { method, bucketName, key, query } = target
  if (method === 'OPTIONS') return { name: 'Preflight', kind: 'anonymous' }
  if (bucketName === '') {
    if (method !== 'GET') throw refuse('MethodNotAllowed')
    return { name: 'ListBuckets', kind: 'service', handle: listBuckets }
  }
  const unknown = foreign.find((name) => query.has(name))
  if (unknown) throw refuse('NotImplemented', `The ${unknown} subresource is not implemented.`)
  if (key === '' && method === 'POST' && isForm(target)) {
    return { name: 'PostObject', kind: 'anonymous' }
  }
  const routes = key === '' ? bucketRoutes : objectRoutes
  const found = routes.find((one) => fits(one, target))
  if (found) return { name: found.operation, kind: 'bucket', handle: found.handle }
  if (key !== '' || method !== 'PUT' || hasSubresource(target)) throw refuse('MethodNotAllowed')
  return { name: 'CreateBucket', kind: 'service', handle: createBucket }
}

function isForm(target: Target): boolean {
  return (target.headers.get('content-type') ?? '').startsWith('multipart/form-data')
}

/** What makes another operation of a request: never passed over for the plain one. */
const subresources = new Set([...bucketRoutes, ...objectRoutes].flatMap(({ query = [] }) => query))

function fits(one: Route, target: Target): boolean {
  if (one.method !== target.method) return false
  if (one.header !== undefined && !target.headers.has(one.header)) return false
  const { query = [] } = one
  if (query.length > 0) return query.every((name) => target.query.has(name))
  const partOfNothing = target.method === 'PUT' && target.query.has('partNumber')
  return !partOfNothing && !hasSubresource(target)
}

function hasSubresource(target: Target): boolean {
  return [...target.query.keys()].some((name) => subresources.has(name))
}

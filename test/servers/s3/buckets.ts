// ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation, and the making of a bucket.

import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { amazon } from './dialect.ts'
import type { Dialect } from './dialect.ts'
import { refuse } from './errors.ts'
import { compareUtf8, createKeyIndex } from './key-index.ts'
import { receiveXml } from './receive.ts'
import { stampOf } from './state.ts'
import type { Bucket, State, Versioning } from './state.ts'
import { element, s3Document } from './xml.ts'
import { readXml, textOf } from './xml-read.ts'

export type BucketOptions = {
  dialect?: Partial<Dialect>
  versioning?: Versioning
  objectLock?: boolean
}

export function makeBucket(state: State, name: string, options: BucketOptions = {}): Bucket {
  const dialect = { ...amazon, ...options.dialect }
  const versioned = dialect.versioning === 'always' || options.objectLock === true
  const bucket: Bucket = {
    name,
    region: dialect.regions[0] ?? state.region,
    createdMs: stampOf(state),
    dialect,
    versioning: versioned ? 'Enabled' : (options.versioning ?? 'Off'),
    objectLock: options.objectLock ?? false,
    objects: new Map(),
    keys: createKeyIndex(),
    uploads: new Map(),
    completions: new Map(),
    configurations: new Map(),
  }
  state.buckets.set(name, bucket)
  return bucket
}

export function requireBucket(state: State, name: string): Bucket {
  const bucket = state.buckets.get(name)
  if (bucket) return bucket
  throw refuse('NoSuchBucket', undefined, { details: { BucketName: name } })
}

/** The regions that a signature for this bucket may name. */
export function regionsOf(state: State, bucket: Bucket | undefined): readonly string[] {
  if (!bucket || bucket.dialect.regions.length === 0) return [state.region]
  return bucket.dialect.regions
}

export function listBuckets(call: Call): Answer {
  const buckets = [...call.state.buckets.values()].toSorted((a, b) => compareUtf8(a.name, b.name))
  return xmlAnswer(
    s3Document(
      'ListAllMyBucketsResult',
      element('Owner', element('ID', call.identity.accessKeyId)),
      element(
        'Buckets',
        buckets.map((bucket) =>
          element(
            'Bucket',
            element('Name', bucket.name),
            element('CreationDate', new Date(bucket.createdMs).toISOString()),
            element('BucketRegion', bucket.region),
          ),
        ),
      ),
    ),
  )
}

const validName = /^(?!xn--)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/

export async function createBucket(call: Call): Promise<Answer> {
  const { state, bucketName } = call
  if (!validName.test(bucketName)) {
    throw refuse('InvalidBucketName', undefined, { details: { BucketName: bucketName } })
  }
  const text = call.headers.get('content-length') === '0' ? '' : await receiveXml(call, amazon)
  requireLocation(state, text)
  if (state.buckets.has(bucketName)) {
    throw refuse('BucketAlreadyOwnedByYou', undefined, { details: { BucketName: bucketName } })
  }
  const objectLock = call.headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true'
  makeBucket(state, bucketName, { objectLock })
  return { status: 200, headers: { location: `/${bucketName}` } }
}

/** Where the bucket shall be must be where this endpoint is; us-east-1 is said by silence. */
function requireLocation(state: State, text: string): void {
  const asked =
    text === '' ? '' : textOf(readXml(text, 'CreateBucketConfiguration'), 'LocationConstraint')
  const expected = state.region === 'us-east-1' ? '' : state.region
  if ((asked ?? '') === expected) return
  throw refuse(
    'IllegalLocationConstraintException',
    `The ${asked || 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

export function headBucket(_call: Call, bucket: Bucket): Answer {
  return { status: 200, headers: { 'x-amz-bucket-region': bucket.region } }
}

export function deleteBucket(call: Call, bucket: Bucket): Answer {
  if (bucket.objects.size > 0) {
    throw refuse('BucketNotEmpty', undefined, { details: { BucketName: bucket.name } })
  }
  call.state.buckets.delete(bucket.name)
  return { status: 204 }
}

export function getBucketLocation(_call: Call, bucket: Bucket): Answer {
  const location = bucket.region === 'us-east-1' ? '' : bucket.region
  return xmlAnswer(s3Document('LocationConstraint', location))
}

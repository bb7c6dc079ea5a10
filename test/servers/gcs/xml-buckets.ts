/**
 * The XML API's buckets: the list of buckets, HEAD, PUT, DELETE, and listings of objects in
 * both versions of the protocol.
 * https://cloud.google.com/storage/docs/xml-api/get-bucket-list
 */
import type { Answer, Call } from './call.ts'
import { empty, wholeNumber, xml } from './call.ts'
import { conflict, escapeXml, invalid } from './errors.ts'
import { alreadyOwned, newBucketResource } from './json-buckets.ts'
import type { Page, Position } from './listing.ts'
import { compareUtf8, decodeToken, encodeToken, listVersions } from './listing.ts'
import { xmlEtag } from './object-resource.ts'
import type { ObjectVersion, State } from './state.ts'
import { createBucket, findBucket } from './state.ts'

const NAMESPACE = 'http://doc.s3.amazonaws.com/2006-03-01'

function element(name: string, inner: string | number): string {
  return `<${name}>${inner}</${name}>`
}

export function listAllBuckets(state: State): Answer {
  const names = [...state.buckets.keys()].toSorted(compareUtf8)
  const buckets = names.map((name) => {
    const created = new Date(findBucket(state, name).createdAtMs).toISOString()
    return element('Bucket', element('Name', name) + element('CreationDate', created))
  })
  const owner = element('Owner', element('ID', state.projectId))
  const inner = owner + element('Buckets', buckets.join(''))
  return xml(200, `<ListAllMyBucketsResult xmlns='${NAMESPACE}'>${inner}</ListAllMyBucketsResult>`)
}

export function headBucket(state: State, name: string): Answer {
  const bucket = findBucket(state, name)
  return empty(200, {
    'x-goog-metageneration': String(bucket.metageneration),
    'x-goog-storage-class': String(bucket.resource['storageClass']),
    'x-goog-bucket-location': String(bucket.resource['location']),
  })
}

export function makeBucket(state: State, call: Call, name: string): Answer {
  if (state.buckets.has(name)) throw alreadyOwned()
  const storageClass = call.headers['x-goog-storage-class']
  createBucket(state, name, newBucketResource(storageClass ? { storageClass } : {}))
  return empty(200)
}

export function unmakeBucket(state: State, name: string): Answer {
  if (findBucket(state, name).versions.size > 0) {
    throw conflict('The bucket you tried to delete is not empty.', 'BucketNotEmpty')
  }
  state.buckets.delete(name)
  return empty(204)
}

export function listBucketXml(state: State, call: Call, name: string): Answer {
  const { query } = call
  const bucket = findBucket(state, name)
  const isV2 = query.get('list-type') === '2'
  const limit = Math.min(wholeNumber('max-keys', query.get('max-keys')) ?? 1000, 1000)
  const encodingType = query.get('encoding-type')
  if (encodingType !== null && encodingType !== 'url') throw invalid('Invalid Encoding Method.')
  const page: Page =
    limit === 0
      ? { versions: [], prefixes: [], next: undefined }
      : listVersions(bucket, {
          prefix: query.get('prefix') ?? '',
          delimiter: query.get('delimiter') ?? '',
          includeTrailingDelimiter: false,
          startOffset: '',
          endOffset: '',
          after: readMarker(query, isV2),
          maxResults: limit,
          versions: false,
        })
  const text = encodingType === 'url' ? encodeURIComponent : escapeXml
  const echoed = [
    element('Name', name),
    element('Prefix', text(query.get('prefix') ?? '')),
    query.has('delimiter') ? element('Delimiter', text(query.get('delimiter') ?? '')) : '',
    encodingType === null ? '' : element('EncodingType', encodingType),
    element('MaxKeys', limit),
    element('IsTruncated', String(page.next !== undefined)),
    isV2 ? positionV2(query, page) : positionV1(query, page, text),
  ]
  const contents = page.versions.map((version) => describe(version, text))
  const prefixes = page.prefixes.map((one) =>
    element('CommonPrefixes', element('Prefix', text(one))),
  )
  const inner = [...echoed, ...contents, ...prefixes].join('')
  return xml(200, `<ListBucketResult xmlns='${NAMESPACE}'>${inner}</ListBucketResult>`)
}

function readMarker(query: URLSearchParams, isV2: boolean): Position | undefined {
  if (isV2) {
    const token = decodeToken(query.get('continuation-token'))
    if (token) return token
  }
  const name = query.get(isV2 ? 'start-after' : 'marker')
  return name ? { name, generation: Number.MAX_SAFE_INTEGER } : undefined
}

function positionV2(query: URLSearchParams, page: Page): string {
  const token = query.get('continuation-token')
  return [
    element('KeyCount', page.versions.length + page.prefixes.length),
    token === null ? '' : element('ContinuationToken', escapeXml(token)),
    page.next ? element('NextContinuationToken', encodeToken(page.next)) : '',
  ].join('')
}

function positionV1(query: URLSearchParams, page: Page, text: (name: string) => string): string {
  const marker = element('Marker', text(query.get('marker') ?? ''))
  return page.next ? marker + element('NextMarker', text(page.next.name)) : marker
}

function describe(version: ObjectVersion, text: (name: string) => string): string {
  return element(
    'Contents',
    element('Key', text(version.name)) +
      element('Generation', version.generation) +
      element('MetaGeneration', version.metageneration) +
      element('LastModified', new Date(version.updatedAtMs).toISOString()) +
      element('ETag', escapeXml(xmlEtag(version))) +
      element('Size', version.content.size) +
      element('StorageClass', version.storageClass),
  )
}

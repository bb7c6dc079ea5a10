// ListObjectsV2, ListObjects and ListObjectVersions.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { refuse } from './errors.ts'
import type { Bucket, Version } from './state.ts'
import { findVersion } from './versions.ts'
import { walk } from './walk.ts'
import type { Entry } from './walk.ts'
import { element, optional, s3Document } from './xml.ts'
import type { Xml } from './xml.ts'

const ownerElement = element(
  'Owner',
  element('ID', '75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a'),
)

type Encode = (text: string) => string

type Listing = { prefix: string; delimiter: string; limit: number; encode: Encode; echo: Xml[] }

function readListing(call: Call, bucket: Bucket): Listing {
  const prefix = call.query.get('prefix') ?? ''
  const delimiter = call.query.get('delimiter') ?? ''
  const encodingType = call.query.get('encoding-type')
  if (encodingType !== undefined && encodingType !== 'url') {
    throw refuse('InvalidArgument', 'Invalid Encoding Method specified in Request')
  }
  const encode: Encode = encodingType === 'url' ? encodeUrl : (text) => text
  const limit = readLimit(call.query.get('max-keys'), 'max-keys')
  const echo = [
    element('Name', bucket.name),
    element('Prefix', encode(prefix)),
    element('MaxKeys', limit),
    ...(delimiter === '' ? [] : [element('Delimiter', encode(delimiter))]),
    ...(encodingType === undefined ? [] : [element('EncodingType', encodingType)]),
  ]
  return { prefix, delimiter, limit, encode, echo }
}

export function readLimit(text: string | undefined, name: string): number {
  if (text === undefined || text === '') return 1000
  if (/^\d{1,10}$/.test(text) && Number(text) <= 2_147_483_647) return Math.min(Number(text), 1000)
  throw refuse('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
    details: { ArgumentName: name, ArgumentValue: text },
  })
}

/** As Java's URLEncoder writes, with the slash left as it is. */
export function encodeUrl(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

type Page = { objects: Version[]; prefixes: string[]; isTruncated: boolean; last: string }

function collect(bucket: Bucket, listing: Listing, after: string): Page {
  const page: Page = { objects: [], prefixes: [], isTruncated: false, last: '' }
  if (listing.limit === 0) return page
  for (const entry of walk(bucket, { ...listing, after, withMarkers: false })) {
    if (page.objects.length + page.prefixes.length === listing.limit) {
      return { ...page, isTruncated: true }
    }
    page.last = addEntry(page, entry)
  }
  return page
}

function addEntry(page: Page, entry: Entry): string {
  if (entry.kind === 'prefix') {
    page.prefixes.push(entry.prefix)
    return entry.prefix
  }
  const [version] = entry.versions
  if (version) page.objects.push(version)
  return entry.key
}

function pageElements(page: Page, encode: Encode, withOwner: boolean): Xml[] {
  return [
    element('IsTruncated', page.isTruncated),
    ...page.objects.map((version) =>
      element('Contents', element('Key', encode(version.key)), summary(version, withOwner)),
    ),
    ...page.prefixes.map((prefix) => element('CommonPrefixes', element('Prefix', encode(prefix)))),
  ]
}

function summary(version: Version, withOwner: boolean): Xml[] {
  return [
    element('LastModified', new Date(version.modifiedMs).toISOString()),
    element('ETag', `"${version.etag}"`),
    ...(version.checksum
      ? [
          element('ChecksumAlgorithm', version.checksum.algorithm.toUpperCase()),
          element('ChecksumType', version.checksum.type),
        ]
      : []),
    element('Size', version.content.size),
    element('StorageClass', version.storageClass),
    ...(withOwner ? [ownerElement] : []),
  ]
}

export function listObjectsV2(call: Call, bucket: Bucket): Answer {
  const listing = readListing(call, bucket)
  const pages = bucket.dialect.listV2Paging
  const startAfter = call.query.get('start-after')
  const token = pages ? call.query.get('continuation-token') : undefined
  const after = token === undefined ? (startAfter ?? '') : openToken(token)
  const page = collect(bucket, listing, after)
  const withOwner = call.query.get('fetch-owner') === 'true'
  return xmlAnswer(
    s3Document(
      'ListBucketResult',
      listing.echo,
      element('KeyCount', page.objects.length + page.prefixes.length),
      optional('ContinuationToken', token),
      optional(
        'NextContinuationToken',
        page.isTruncated && pages ? sealToken(page.last) : undefined,
      ),
      optional('StartAfter', startAfter === undefined ? undefined : listing.encode(startAfter)),
      pageElements(page, listing.encode, withOwner),
    ),
  )
}

/** Opaque to clients; nobody may pass a key where a token belongs. */
function sealToken(last: string): string {
  return Buffer.from(`v1:${last}`).toString('base64')
}

function openToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8')
  if (text.startsWith('v1:')) return text.slice(3)
  throw refuse('InvalidArgument', 'The continuation token provided is incorrect', {
    details: { ArgumentName: 'continuation-token' },
  })
}

export function listObjects(call: Call, bucket: Bucket): Answer {
  const listing = readListing(call, bucket)
  const marker = call.query.get('marker') ?? ''
  const page = collect(bucket, listing, marker)
  const next = page.isTruncated && listing.delimiter !== '' ? page.last : undefined
  return xmlAnswer(
    s3Document(
      'ListBucketResult',
      listing.echo,
      element('Marker', listing.encode(marker)),
      optional('NextMarker', next === undefined ? undefined : listing.encode(next)),
      pageElements(page, listing.encode, true),
    ),
  )
}

type VersionPage = {
  entries: Xml[]
  next: { key: string; versionId: string | undefined } | undefined
}

export function listObjectVersions(call: Call, bucket: Bucket): Answer {
  if (bucket.dialect.versioning === 'off') {
    throw refuse('NotImplemented', 'ListObjectVersions is not implemented.')
  }
  const listing = readListing(call, bucket)
  const keyMarker = call.query.get('key-marker') ?? ''
  const versionIdMarker = call.query.get('version-id-marker') ?? ''
  if (versionIdMarker !== '' && keyMarker === '') {
    throw refuse('InvalidArgument', 'A version-id marker cannot be specified without a key marker.')
  }
  const { entries, next } = collectVersions(bucket, listing, keyMarker, versionIdMarker)
  return xmlAnswer(
    s3Document(
      'ListVersionsResult',
      listing.echo,
      element('KeyMarker', listing.encode(keyMarker)),
      element('VersionIdMarker', versionIdMarker),
      optional('NextKeyMarker', next && listing.encode(next.key)),
      optional('NextVersionIdMarker', next?.versionId),
      element('IsTruncated', next !== undefined),
      entries,
    ),
  )
}

function collectVersions(
  bucket: Bucket,
  listing: Listing,
  keyMarker: string,
  versionIdMarker: string,
): VersionPage {
  const page: VersionPage = { entries: [], next: undefined }
  let last: VersionPage['next']
  if (listing.limit === 0) return page
  for (const found of versionsAfter(bucket, listing, keyMarker, versionIdMarker)) {
    if (page.entries.length === listing.limit) return { ...page, next: last }
    if (typeof found === 'string') {
      page.entries.push(element('CommonPrefixes', element('Prefix', listing.encode(found))))
      last = { key: found, versionId: undefined }
    } else {
      page.entries.push(describeVersion(bucket, found, listing.encode))
      last = { key: found.key, versionId: found.versionId }
    }
  }
  return page
}

/** Versions, and rolled-up prefixes as plain strings, in the order of the listing. */
function* versionsAfter(
  bucket: Bucket,
  listing: Listing,
  keyMarker: string,
  versionIdMarker: string,
): Generator<Version | string> {
  if (versionIdMarker !== '') yield* olderThan(bucket, keyMarker, versionIdMarker)
  const options = { ...listing, after: keyMarker, withMarkers: true }
  for (const entry of walk(bucket, options)) {
    if (entry.kind === 'prefix') yield entry.prefix
    else yield* entry.versions
  }
}

function olderThan(bucket: Bucket, key: string, versionId: string): readonly Version[] {
  const marker = findVersion(bucket, key, versionId)
  const versions = bucket.objects.get(key) ?? []
  return marker ? versions.slice(versions.indexOf(marker) + 1) : []
}

function describeVersion(bucket: Bucket, version: Version, encode: Encode): Xml {
  const isLatest = bucket.objects.get(version.key)?.[0] === version
  const identity = [
    element('Key', encode(version.key)),
    element('VersionId', version.versionId),
    element('IsLatest', isLatest),
  ]
  if (version.isMarker) {
    const modified = element('LastModified', new Date(version.modifiedMs).toISOString())
    return element('DeleteMarker', identity, modified, ownerElement)
  }
  return element('Version', identity, summary(version, true))
}

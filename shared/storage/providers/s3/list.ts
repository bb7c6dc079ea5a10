// Listing, by V2's tokens or, where a look-alike pages by markers only, by the first version. Keys come
// URL-encoded, so that those XML cannot hold survive.

import { elementsOf, textOf } from '#shared/wire/xml.ts'
import type { ListOptions, ListPage, ListedObject } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { compareUtf8 } from '../../keys.ts'
import { strangeAnswer } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { bareEtag } from './digests.ts'
import { dateIn, toClass } from './fields.ts'
import type { S3Settings } from './settings.ts'

export function listObjects(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  return bucket.settings.row.quirks?.listV1
    ? listByMarker(bucket, options)
    : listByToken(bucket, options)
}

async function listByToken(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  const { after, cursor } = options
  const version = { 'list-type': '2', 'start-after': after, 'continuation-token': cursor }
  const { page, xml, more } = await askPage(bucket, options, version)
  if (!more) return page
  const next = textOf(xml, 'NextContinuationToken')
  // From a look-alike that pages by markers alone: half a listing must not pass for the whole.
  if (!next) throw brokenOff(bucket.settings)
  return { ...page, cursor: next }
}

function brokenOff({ name }: S3Settings): StorageError {
  const message = `${name} cut a listing short without saying where the next page begins; if it pages by markers alone, open it by its own provider's scheme.`
  return new StorageError('internal', message, { store: name })
}

async function listByMarker(bucket: S3Bucket, options: ListOptions): Promise<ListPage> {
  const { after, cursor } = options
  const { page, xml, more } = await askPage(bucket, options, { marker: cursor ?? after })
  return more ? { ...page, cursor: keyReader(xml)(xml, 'NextMarker') || lastOf(page) } : page
}

async function askPage(
  { requests, settings }: S3Bucket,
  { prefix, delimiter, limit, signal }: ListOptions,
  from: Record<string, string | undefined>,
): Promise<{ page: ListPage; xml: string; more: boolean }> {
  const query = {
    ...from,
    prefix,
    delimiter,
    'max-keys': limit?.toString(),
    'encoding-type': 'url',
  }
  const { xml } = await requests.xml({ method: 'GET', query, signal })
  // An empty page made of somebody's home page would read as an empty bucket.
  if (textOf(xml, 'Name') === undefined) throw strangeAnswer(settings.name)
  const keyIn = keyReader(xml)
  const page = {
    objects: elementsOf(xml, 'Contents').map((one) => toListed(settings, one, keyIn(one, 'Key'))),
    prefixes: elementsOf(xml, 'CommonPrefixes').map((one) => keyIn(one, 'Prefix')),
  }
  return { page, xml, more: textOf(xml, 'IsTruncated') === 'true' }
}

function toListed(settings: S3Settings, one: string, key: string): ListedObject {
  return {
    key,
    size: Number(textOf(one, 'Size') ?? 0),
    etag: bareEtag(textOf(one, 'ETag')),
    modified: dateIn(one, 'LastModified') ?? new Date(0),
    storageClass: toClass(settings, textOf(one, 'StorageClass')),
  }
}

/** V1 names the next marker only beside a delimiter. */
function lastOf({ objects, prefixes }: ListPage): string | undefined {
  const ends = [objects.at(-1)?.key, prefixes.at(-1)].filter((end) => end !== undefined)
  return ends.toSorted(compareUtf8).at(-1)
}

/** Keys are encoded as a form's values; not every look-alike does what it was asked, and then its answer says so. */
export function keyReader(answer: string): (xml: string, name: string) => string {
  const encoded = textOf(answer, 'EncodingType') === 'url'
  return (xml, name) => {
    const text = textOf(xml, name) ?? ''
    return encoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text
  }
}

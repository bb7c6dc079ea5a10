// The contract's words in S3's, and back: headers, metadata, classes, names of copies.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import { encodePath, encodeUri } from '#shared/wire/sigv4.ts'
import { textOf } from '#shared/wire/xml.ts'
import type { ObjectInfo, ObjectProperties } from '../../contract.ts'
import { decodeMetadataValue } from '../../metadata.ts'
import { requireEtag, toDigests } from './digests.ts'
import type { S3Settings } from './settings.ts'

export function quotedEtag(etag: string): string {
  return `"${etag}"`
}

/** What a HEAD or a GET tells of the whole object. */
export function toInfo(settings: S3Settings, key: string, headers: AnswerHeaders): ObjectInfo {
  const told = (name: string): string | undefined => headers.get(name) ?? undefined
  const storageClass = told('x-amz-storage-class')
  const restore = told('x-amz-restore')
  const restored = restore?.includes('ongoing-request="false"')
  const etag = requireEtag(settings, key, told('etag'))
  return {
    key,
    size: wholeSize(headers),
    etag,
    modified: toDate(told('last-modified')) ?? new Date(0),
    storageClass: toClass(settings, storageClass),
    version: told('x-amz-version-id'),
    contentType: told('content-type'),
    contentEncoding: told('content-encoding'),
    contentDisposition: told('content-disposition'),
    contentLanguage: told('content-language'),
    cacheControl: told('cache-control'),
    metadata: toMetadata(settings, headers),
    ...toDigests(headers, etag),
    ...(settings.capabilities.tags && { tagCount: Number(told('x-amz-tagging-count') ?? 0) }),
    archived: (isArchived(storageClass, headers) && !restored) || undefined,
    restoring: restore?.includes('ongoing-request="true"') || undefined,
  }
}

/** What is known of an object that was just written, but for the name that the answer gave it. */
export function toWritten(
  settings: S3Settings,
  key: string,
  size: number,
  properties: ObjectProperties,
): Omit<ObjectInfo, 'etag'> {
  const { tags: _, metadata, storageClass, ...headers } = properties
  return {
    ...headers,
    key,
    size,
    modified: new Date(settings.now()),
    storageClass: toClass(settings, storageClass),
    metadata: { ...metadata },
    checksums: {},
  }
}

/** S3 names every class but its usual one. */
export function toClass(
  { capabilities }: S3Settings,
  named: string | undefined,
): string | undefined {
  return capabilities.classes.length === 0 ? undefined : named || 'STANDARD'
}

const META = 'x-amz-meta-'

/** Portable names have no hyphen, so one that comes back was an underscore. */
function toMetadata({ row }: S3Settings, headers: AnswerHeaders): Record<string, string> {
  const hyphens = row.quirks?.hyphenatedMetadata !== undefined
  const metadata: Record<string, string> = {}
  for (const [header, value] of headers) {
    if (!header.startsWith(META)) continue
    const name = header.slice(META.length)
    metadata[hyphens ? name.replaceAll('-', '_') : name] = decodeMetadataValue(value)
  }
  return metadata
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html */
function isArchived(storageClass: string | undefined, headers: AnswerHeaders): boolean {
  const asleep = headers.has('x-amz-archive-status')
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE' || asleep
}

function wholeSize(headers: AnswerHeaders): number {
  const total = headers.get('content-range')?.split('/')[1]
  return Number(total ?? headers.get('content-length') ?? 0)
}

/** The key as a copy's source names it. */
export function toCopySource(bucket: string, key: string, version: string | undefined): string {
  const path = `${bucket}/${encodePath(key)}`
  return version === undefined ? path : `${path}?versionId=${encodeUri(version)}`
}

export function dateIn(xml: string, name: string): Date | undefined {
  return toDate(textOf(xml, name))
}

function toDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}

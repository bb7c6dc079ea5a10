// The contract's words in S3's, and back: content headers, metadata, tags, digests, ETags.

import { Buffer } from 'node:buffer'
import type {
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import type {
  Checksum,
  ChecksumAlgorithm,
  ObjectInfo,
  ObjectProperties,
  PutMode,
} from '../../contract.ts'
import { decodeMetadataValue, encodeMetadataValue } from '../../metadata.ts'
import { strangeAnswer } from './errors.ts'
import type { S3Settings } from './settings.ts'

const CHECKSUM_FIELDS = {
  crc32: 'ChecksumCRC32',
  crc32c: 'ChecksumCRC32C',
  crc64nvme: 'ChecksumCRC64NVME',
  sha1: 'ChecksumSHA1',
  sha256: 'ChecksumSHA256',
} as const

type CarriedAlgorithm = keyof typeof CHECKSUM_FIELDS
type ChecksumFields = { [Field in (typeof CHECKSUM_FIELDS)[CarriedAlgorithm]]?: string | undefined }
const CARRIED = Object.keys(CHECKSUM_FIELDS) as CarriedAlgorithm[]

/** The ETag as the contract has it: without quotes. Empty where there is none. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^(W\/)?"|"$/g, '')
}

/** The same of an answer that cannot be S3's without one. */
export function requireEtag(settings: S3Settings, key: string, etag: string | undefined): string {
  const bare = bareEtag(etag)
  if (bare === '') throw strangeAnswer(settings, key)
  return bare
}

export function quotedEtag(etag: string): string {
  return `"${etag}"`
}

/** The conditions of a write. */
export function toConditions(
  mode: PutMode,
  { row }: S3Settings,
): { IfNoneMatch?: string; IfMatch?: string } {
  if (mode === 'overwrite') return {}
  if (mode === 'create') return { IfNoneMatch: '*' }
  return { IfMatch: row.quirks?.bareIfMatch ? mode.ifMatch : quotedEtag(mode.ifMatch) }
}

/** A digest that the store shall check: Content-MD5, or the header of its algorithm. */
export function toChecksumFields(
  checksum: Checksum | undefined,
): ChecksumFields & { ContentMD5?: string } {
  if (checksum === undefined) return {}
  const { algorithm, value } = checksum
  return algorithm === 'md5' ? { ContentMD5: value } : { [CHECKSUM_FIELDS[algorithm]]: value }
}

type PropertyFields = Pick<
  PutObjectCommandInput,
  | 'ContentType'
  | 'ContentEncoding'
  | 'ContentDisposition'
  | 'ContentLanguage'
  | 'CacheControl'
  | 'Metadata'
  | 'StorageClass'
  | 'Tagging'
>

export function toPropertyFields(properties: ObjectProperties): PropertyFields {
  const { metadata, storageClass, tags } = properties
  return {
    ContentType: properties.contentType,
    ContentEncoding: properties.contentEncoding,
    ContentDisposition: properties.contentDisposition,
    ContentLanguage: properties.contentLanguage,
    CacheControl: properties.cacheControl,
    Metadata: metadata && encodeValues(metadata),
    StorageClass: storageClass as PropertyFields['StorageClass'],
    Tagging: tags && Object.keys(tags).length > 0 ? toTagging(tags) : undefined,
  }
}

/** As a query string, where a space must be %20 for every look-alike to read it. */
function toTagging(tags: Record<string, string>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
}

/** What a HEAD or a GET tells of the whole object. */
export function toInfo(
  settings: S3Settings,
  key: string,
  output: HeadObjectCommandOutput | GetObjectCommandOutput,
): ObjectInfo {
  const { StorageClass, Restore } = output
  const restoring = Restore?.includes('ongoing-request="true"')
  const restored = Restore?.includes('ongoing-request="false"')
  return {
    key,
    size: wholeSize(output),
    etag: requireEtag(settings, key, output.ETag),
    modified: output.LastModified ?? new Date(0),
    storageClass: toClass(settings, StorageClass),
    version: output.VersionId,
    contentType: output.ContentType,
    contentEncoding: output.ContentEncoding,
    contentDisposition: output.ContentDisposition,
    contentLanguage: output.ContentLanguage,
    cacheControl: output.CacheControl,
    metadata: toMetadata(settings, output.Metadata ?? {}),
    ...toDigests(output),
    ...(settings.capabilities.tags && { tagCount: output.TagCount ?? 0 }),
    archived: (isArchiveClass(output) && !restored) || undefined,
    restoring: restoring || undefined,
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
  return capabilities.classes.length === 0 ? undefined : (named ?? 'STANDARD')
}

/** Portable names have no hyphen, so one that comes back was an underscore. */
function toMetadata({ row }: S3Settings, carried: Record<string, string>): Record<string, string> {
  const hyphens = row.quirks?.hyphenatedMetadata !== undefined
  const entries = Object.entries(carried).map(([name, value]) => [
    hyphens ? name.replaceAll('-', '_') : name,
    decodeMetadataValue(value),
  ])
  return Object.fromEntries(entries) as Record<string, string>
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html */
function isArchiveClass(output: HeadObjectCommandOutput | GetObjectCommandOutput): boolean {
  const { StorageClass } = output
  const asleep = 'ArchiveStatus' in output && output.ArchiveStatus !== undefined
  return StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE' || asleep
}

function wholeSize({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
  const total = ContentRange?.split('/')[1]
  return total === undefined ? (ContentLength ?? 0) : Number(total)
}

interface Digested extends ChecksumFields {
  ETag?: string | undefined
  ChecksumType?: string | undefined
  ServerSideEncryption?: string | undefined
  SSECustomerAlgorithm?: string | undefined
}

/** Digests of the whole content apart from those over the digests of parts. */
export function toDigests(output: Digested): Pick<ObjectInfo, 'checksums' | 'composite'> {
  const checksums: Partial<Record<ChecksumAlgorithm, string>> = {}
  let composite: ObjectInfo['composite']
  for (const algorithm of CARRIED) {
    const [value, parts] = output[CHECKSUM_FIELDS[algorithm]]?.split('-') ?? []
    if (value === undefined) continue
    if (output.ChecksumType === 'COMPOSITE' || parts !== undefined) {
      composite = { algorithm, value, parts: Number(parts ?? bareEtag(output.ETag).split('-')[1]) }
    } else {
      checksums[algorithm] = value
    }
  }
  const md5 = md5OfEtag(output)
  if (md5) checksums.md5 = md5
  return composite ? { checksums, composite } : { checksums }
}

/** An ETag is the MD5 of the content for a plain write under no key of the customer's or KMS's. */
function md5OfEtag(output: Digested): string | undefined {
  const etag = bareEtag(output.ETag)
  const keyed = output.ServerSideEncryption?.startsWith('aws:') || output.SSECustomerAlgorithm
  if (keyed || !/^[0-9a-f]{32}$/.test(etag)) return undefined
  return Buffer.from(etag, 'hex').toString('base64')
}

/** The digest that came with a part. */
export function toPartChecksum(output: ChecksumFields): Checksum | undefined {
  for (const algorithm of CARRIED) {
    const value = output[CHECKSUM_FIELDS[algorithm]]
    if (value !== undefined) return { algorithm, value }
  }
  return undefined
}

/** The key as a copy's source names it. */
export function toCopySource(bucket: string, key: string, version: string | undefined): string {
  const path = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
  return version === undefined ? path : `${path}?versionId=${encodeURIComponent(version)}`
}

function encodeValues(metadata: Record<string, string>): Record<string, string> {
  const entries = Object.entries(metadata).map(([name, value]) => [
    name,
    encodeMetadataValue(value),
  ])
  return Object.fromEntries(entries) as Record<string, string>
}

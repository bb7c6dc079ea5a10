// What Azure tells of a blob, in the contract's words.

import { Buffer } from 'node:buffer'
import type { BlobItem } from '@azure/storage-blob'
import type { ListedObject, ObjectInfo } from '../../contract.ts'
import { decodeMetadataValue } from '../../metadata.ts'
import { toKey } from './names.ts'

/** The part that answers to a HEAD and to a GET have in common. */
export interface BlobProperties {
  etag?: string | undefined
  lastModified?: Date | undefined
  contentType?: string | undefined
  contentEncoding?: string | undefined
  contentDisposition?: string | undefined
  contentLanguage?: string | undefined
  cacheControl?: string | undefined
  metadata?: Record<string, string> | undefined
  contentMD5?: Uint8Array | undefined
  versionId?: string | undefined
  accessTier?: string | undefined
  archiveStatus?: string | undefined
  tagCount?: number | undefined
}

/** `md5` is the whole blob's, where the answer's own may be of a range. */
export function toObjectInfo(
  key: string,
  size: number,
  blob: BlobProperties,
  md5 = blob.contentMD5,
): ObjectInfo {
  return {
    key,
    size,
    etag: unquote(blob.etag),
    modified: blob.lastModified ?? new Date(0),
    contentType: blob.contentType,
    contentEncoding: blob.contentEncoding,
    contentDisposition: blob.contentDisposition,
    contentLanguage: blob.contentLanguage,
    cacheControl: blob.cacheControl,
    metadata: decodeMetadata(blob.metadata),
    checksums: md5Of(md5),
    version: blob.versionId,
    storageClass: blob.accessTier,
    tagCount: blob.tagCount ?? 0,
    archived: blob.accessTier === 'Archive' || undefined,
    restoring: blob.archiveStatus?.startsWith('rehydrate-pending') || undefined,
  }
}

export function toListedObject({ name, versionId, properties }: BlobItem): ListedObject {
  return {
    key: toKey(name),
    size: properties.contentLength ?? 0,
    etag: unquote(properties.etag),
    modified: properties.lastModified,
    storageClass: properties.accessTier,
    checksums: md5Of(properties.contentMD5),
    version: versionId,
  }
}

export function unquote(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '')
}

/** Only where the blob has one: written in one go, or given at the commit of its parts. */
function md5Of(md5: Uint8Array | undefined): { md5?: string } {
  return md5 === undefined || md5.length === 0 ? {} : { md5: Buffer.from(md5).toString('base64') }
}

/** Headers have no case, so a foreign name's capitals are lost on the way; ours have none. */
function decodeMetadata(metadata: Record<string, string> = {}): Record<string, string> {
  const decoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata)) decoded[name] = decodeMetadataValue(value)
  return decoded
}

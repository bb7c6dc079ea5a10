// What Azure tells of a blob, in the contract's words.

import type { ListedObject, ObjectInfo } from '../../contract.ts'
import { decodeMetadataValue } from '../../metadata.ts'
import type { BlobItem } from './list-answer.ts'
import { toKey } from './names.ts'

/** The part that answers to a HEAD, to a GET and to a write have in common. */
export interface BlobProperties {
  etag?: string | undefined
  lastModified?: Date | undefined
  contentType?: string | undefined
  contentEncoding?: string | undefined
  contentDisposition?: string | undefined
  contentLanguage?: string | undefined
  cacheControl?: string | undefined
  metadata?: Record<string, string> | undefined
  /** In base64; only where the blob has one: written in one go, or given at the commit of its parts. */
  md5?: string | undefined
  versionId?: string | undefined
  accessTier?: string | undefined
  archiveStatus?: string | undefined
  tagCount?: number | undefined
}

export function toObjectInfo(key: string, size: number, blob: BlobProperties): ObjectInfo {
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
    checksums: checksumsOf(blob),
    version: blob.versionId,
    storageClass: blob.accessTier,
    tagCount: blob.tagCount ?? 0,
    archived: blob.accessTier === 'Archive' || undefined,
    restoring: blob.archiveStatus?.startsWith('rehydrate-pending') || undefined,
  }
}

export function toListedObject(item: BlobItem): ListedObject {
  return {
    key: toKey(item.name),
    size: item.size,
    etag: unquote(item.etag),
    modified: item.lastModified,
    storageClass: item.accessTier,
    checksums: checksumsOf(item),
    version: item.versionId,
  }
}

function unquote(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '')
}

function checksumsOf({ md5 }: { md5?: string | undefined }): { md5?: string } {
  return md5 ? { md5 } : {}
}

/** Headers have no case, so a foreign name's capitals are lost on the way; ours have none. */
function decodeMetadata(metadata: Record<string, string> = {}): Record<string, string> {
  const decoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata)) decoded[name] = decodeMetadataValue(value)
  return decoded
}

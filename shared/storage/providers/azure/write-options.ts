// What travels with a write, in the SDK's words: headers, metadata, conditions and digests.

import { Buffer } from 'node:buffer'
import type { BlobHTTPHeaders } from '@azure/storage-blob'
import type { Checksum, ObjectProperties, PutMode } from '../../contract.ts'
import { encodeMetadataValue } from '../../metadata.ts'

export function contentHeaders(properties: ObjectProperties, checksum?: Checksum): BlobHTTPHeaders {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } =
    properties
  return {
    ...(contentType !== undefined && { blobContentType: contentType }),
    ...(contentEncoding !== undefined && { blobContentEncoding: contentEncoding }),
    ...(contentDisposition !== undefined && { blobContentDisposition: contentDisposition }),
    ...(contentLanguage !== undefined && { blobContentLanguage: contentLanguage }),
    ...(cacheControl !== undefined && { blobCacheControl: cacheControl }),
    ...(checksum?.algorithm === 'md5' && { blobContentMD5: Buffer.from(checksum.value, 'base64') }),
  }
}

/** All that a write sets beside the content and its headers. */
export function blobProperties({ metadata, tags, storageClass }: ObjectProperties) {
  return {
    ...(metadata && { metadata: encodeMetadata(metadata) }),
    ...(tags && Object.keys(tags).length > 0 && { tags }),
    ...(storageClass !== undefined && { tier: storageClass }),
  }
}

export function encodeMetadata(metadata: Record<string, string>): Record<string, string> {
  const encoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata)) encoded[name] = encodeMetadataValue(value)
  return encoded
}

export function writeConditions(mode: PutMode): { ifNoneMatch?: string; ifMatch?: string } {
  if (mode === 'overwrite') return {}
  return mode === 'create' ? { ifNoneMatch: '*' } : matching(mode.ifMatch)
}

/** The same as headers. */
export function conditionHeaders(mode: PutMode): Record<string, string> {
  const { ifNoneMatch, ifMatch } = writeConditions(mode)
  return {
    ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
  }
}

export function matching(etag: string | undefined): { ifMatch?: string } {
  return etag === undefined ? {} : { ifMatch: `"${etag}"` }
}

/** Azure writes the digest of CRC-64/NVME with its bytes the other way round. */
export function azureCrc64(value: string): Buffer {
  return Buffer.from(Buffer.from(value, 'base64').toReversed())
}

/** The digest that Azure checks the body of one request against. */
export function digestHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum?.algorithm === 'md5') return { 'content-md5': checksum.value }
  if (checksum?.algorithm === 'crc64nvme') {
    return { 'x-ms-content-crc64': azureCrc64(checksum.value).toString('base64') }
  }
  return {}
}

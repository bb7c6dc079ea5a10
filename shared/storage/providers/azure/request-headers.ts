// What a write carries in its headers beside the bytes. A SAS binds none of them: with a signed URL they are
// handed to whoever uploads, and looked at again when the upload is complete.

import type { ObjectProperties } from '../../contract.ts'
import { encodeMetadataValue } from '../../metadata.ts'
import type { SignPut } from '../../signer.ts'
import { encodeQuery } from './names.ts'

/** https://learn.microsoft.com/rest/api/storageservices/put-blob */
export function uploadHeaders(request: SignPut): Record<string, string> {
  const headers = propertyHeaders(request)
  headers['x-ms-blob-type'] = 'BlockBlob'
  if (request.contentLength !== undefined) headers['content-length'] = String(request.contentLength)
  if (request.mode === 'create') headers['if-none-match'] = '*'
  return headers
}

/** In the words that Put Blob and Put Block List have in common. */
export function propertyHeaders(properties: ObjectProperties): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [property, header] of CONTENT_HEADERS) {
    const value = properties[property]
    if (value !== undefined) headers[header] = value
  }
  const { storageClass, metadata, tags } = properties
  if (storageClass !== undefined) headers['x-ms-access-tier'] = storageClass
  for (const name in metadata) {
    headers[`x-ms-meta-${name}`] = encodeMetadataValue(metadata[name] ?? '')
  }
  if (tags && hasTags(properties)) headers['x-ms-tags'] = encodeQuery(tags)
  return headers
}

/** For a SAS that is to let it in. */
export function writePermissions(properties: ObjectProperties): string {
  return hasTags(properties) ? 'cwt' : 'cw'
}

export function hasTags({ tags }: ObjectProperties): boolean {
  return tags !== undefined && Object.keys(tags).length > 0
}

const CONTENT_HEADERS = [
  ['contentType', 'x-ms-blob-content-type'],
  ['contentEncoding', 'x-ms-blob-content-encoding'],
  ['contentDisposition', 'x-ms-blob-content-disposition'],
  ['contentLanguage', 'x-ms-blob-content-language'],
  ['cacheControl', 'x-ms-blob-cache-control'],
] as const

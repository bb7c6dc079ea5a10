// What an upload through a signed URL carries in its headers. A SAS binds none of them: they are handed to
// whoever uploads, and looked at again when the upload is complete.

import { encodeMetadataValue } from '../../metadata.ts'
import type { SignPut } from '../../signer.ts'

/** https://learn.microsoft.com/rest/api/storageservices/put-blob */
export function uploadHeaders(request: SignPut): Record<string, string> {
  const headers: Record<string, string> = { 'x-ms-blob-type': 'BlockBlob' }
  if (request.contentLength !== undefined) headers['content-length'] = String(request.contentLength)
  if (request.mode === 'create') headers['if-none-match'] = '*'
  for (const [property, header] of CONTENT_HEADERS) {
    const value = request[property]
    if (value !== undefined) headers[header] = value
  }
  if (request.storageClass !== undefined) headers['x-ms-access-tier'] = request.storageClass
  for (const name in request.metadata) {
    headers[`x-ms-meta-${name}`] = encodeMetadataValue(request.metadata[name] ?? '')
  }
  if (hasTags(request)) headers['x-ms-tags'] = new URLSearchParams(request.tags).toString()
  return headers
}

export function hasTags({ tags }: SignPut): boolean {
  return tags !== undefined && Object.keys(tags).length > 0
}

const CONTENT_HEADERS = [
  ['contentType', 'x-ms-blob-content-type'],
  ['contentEncoding', 'x-ms-blob-content-encoding'],
  ['contentDisposition', 'x-ms-blob-content-disposition'],
  ['contentLanguage', 'x-ms-blob-content-language'],
  ['cacheControl', 'x-ms-blob-cache-control'],
] as const

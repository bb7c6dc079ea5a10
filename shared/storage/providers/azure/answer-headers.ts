// A blob as the headers of an answer describe it.
// https://learn.microsoft.com/rest/api/storageservices/get-blob#response-headers

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { BlobProperties } from './object-info.ts'

const META = 'x-ms-meta-'

export function readHeaders(headers: AnswerHeaders): BlobProperties & { size: number } {
  const text = (name: string): string | undefined => headers.get(name) ?? undefined
  const modified = text('last-modified')
  const whole = text('content-range')?.split('/')[1]
  return {
    size: Number(whole ?? text('content-length') ?? 0),
    etag: text('etag'),
    lastModified: modified === undefined ? undefined : new Date(modified),
    contentType: text('content-type'),
    contentEncoding: text('content-encoding'),
    contentDisposition: text('content-disposition'),
    contentLanguage: text('content-language'),
    cacheControl: text('cache-control'),
    metadata: metadataOf(headers),
    // The answer's own MD5 is that of the range.
    md5: text('x-ms-blob-content-md5') ?? (whole === undefined ? text('content-md5') : undefined),
    versionId: text('x-ms-version-id'),
    accessTier: text('x-ms-access-tier'),
    archiveStatus: text('x-ms-archive-status'),
    tagCount: Number(text('x-ms-tag-count') ?? 0),
  }
}

function metadataOf(headers: AnswerHeaders): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (name.startsWith(META)) metadata[name.slice(META.length)] = value
  }
  return metadata
}

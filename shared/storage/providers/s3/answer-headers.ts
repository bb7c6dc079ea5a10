// An object as the headers of an answer describe it, in the words that the SDK would have made of them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_ResponseSyntax

import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'

const META = 'x-amz-meta-'

export function readHeaders(headers: Headers): GetObjectCommandOutput {
  const text = (name: string): string | undefined => headers.get(name) ?? undefined
  const modified = text('last-modified')
  return {
    $metadata: {},
    ETag: text('etag'),
    VersionId: text('x-amz-version-id'),
    LastModified: modified === undefined ? undefined : new Date(modified),
    ContentLength: Number(text('content-length') ?? 0),
    ContentRange: text('content-range'),
    ContentType: text('content-type'),
    ContentEncoding: text('content-encoding'),
    ContentDisposition: text('content-disposition'),
    ContentLanguage: text('content-language'),
    CacheControl: text('cache-control'),
    StorageClass: text('x-amz-storage-class') as GetObjectCommandOutput['StorageClass'],
    Restore: text('x-amz-restore'),
    ServerSideEncryption: text(
      'x-amz-server-side-encryption',
    ) as GetObjectCommandOutput['ServerSideEncryption'],
    SSECustomerAlgorithm: text('x-amz-server-side-encryption-customer-algorithm'),
    TagCount: Number(text('x-amz-tagging-count') ?? 0),
    Metadata: metadataOf(headers),
    ChecksumType: text('x-amz-checksum-type') as GetObjectCommandOutput['ChecksumType'],
    ChecksumCRC32: text('x-amz-checksum-crc32'),
    ChecksumCRC32C: text('x-amz-checksum-crc32c'),
    ChecksumCRC64NVME: text('x-amz-checksum-crc64nvme'),
    ChecksumSHA1: text('x-amz-checksum-sha1'),
    ChecksumSHA256: text('x-amz-checksum-sha256'),
  }
}

function metadataOf(headers: Headers): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (name.startsWith(META)) metadata[name.slice(META.length)] = value
  }
  return metadata
}

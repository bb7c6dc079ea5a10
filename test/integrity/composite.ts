// Objects as older SDKs upload large ones: with a CRC of each part, and of the whole only one of these.

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { inject } from 'vitest'
import type { Store } from '#shared/storage/store.ts'

export async function putComposite(
  store: Store,
  key: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  const { url, accessKeyId, secretAccessKey } = inject('servers').s3
  const credentials = { accessKeyId, secretAccessKey }
  const options = { endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials }
  const client = new S3Client(options)
  const target = { Bucket: store.bucket, Key: store.fullKey(key) }
  const kind = { ChecksumAlgorithm: 'CRC32C', ChecksumType: 'COMPOSITE' } as const
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...kind }))
  const Parts = []
  for (const [index, Body] of parts.entries()) {
    const { ChecksumAlgorithm } = kind
    const part = { ...target, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm }
    const sent = await client.send(new UploadPartCommand(part))
    Parts.push({ PartNumber: index + 1, ETag: sent.ETag, ChecksumCRC32C: sent.ChecksumCRC32C })
  }
  const MultipartUpload = { Parts }
  await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }))
  client.destroy()
}

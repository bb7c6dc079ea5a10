// The stores that copies are tested between: every wire, with parts and thresholds so small that a few hundred
// kilobytes are a large object, and two look-alikes of S3 that lack what copies like to lean on.

import type { Servers } from '../harness/servers.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

export const KiB = 1024
export const PART_BYTES = 64 * KiB
export const THRESHOLD_BYTES = 160 * KiB

export const SMALL = {
  transfer: { partSizeBytes: PART_BYTES, multipartThresholdBytes: THRESHOLD_BYTES, concurrency: 3 },
}

const minPartBytes = PART_BYTES

/** With a destination of its own parts' size. */
function lowered(description: StoreDescription): StoreDescription {
  const { capabilities } = description.options ?? {}
  const multipart = { ...capabilities?.multipart, minPartBytes }
  return {
    ...description,
    options: { ...description.options, ...SMALL, capabilities: { ...capabilities, multipart } },
  }
}

export async function s3Store(servers: Servers, name = 's3'): Promise<StoreDescription> {
  const dialect = { like: 'amazon', minPartBytes }
  const parameters = { region: 'us-east-1' }
  return lowered(await describeS3(servers, { name, row: 's3', parameters, dialect }))
}

export async function gcsStore(servers: Servers, name = 'gcs'): Promise<StoreDescription> {
  const description = await describeGcs(servers)
  const { url, bucket } = description.control!
  const body = JSON.stringify({ name: bucket, minPartBytes })
  await fetch(`${url}/__control/buckets`, { method: 'POST', body })
  return lowered({ ...description, name })
}

export async function azureStore(servers: Servers, name = 'azure'): Promise<StoreDescription> {
  return lowered({ ...(await describeAzurite(servers)), name })
}

/** No conditional writes, no digests but MD5. */
export async function b2Store(servers: Servers, name = 'b2'): Promise<StoreDescription> {
  const dialect = { like: 'b2', minPartBytes }
  const parameters = { region: 'us-west-004' }
  return lowered(await describeS3(servers, { name, scheme: 'b2://', dialect, parameters }))
}

/** Parts of one size, no conditional commit, no tags. */
export async function r2Store(servers: Servers, name = 'r2'): Promise<StoreDescription> {
  const dialect = { like: 'r2', minPartBytes }
  return lowered(await describeS3(servers, { name, scheme: 'r2://account/', dialect }))
}

/** Its parts are as small as R2 lets them be. */
export function bindingStore(binding: string): StoreDescription {
  const bytes = 5 * KiB * KiB
  return {
    name: `r2 ${binding}`,
    uri: `r2://account/bucket/{place}?binding=${binding}`,
    options: {
      credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' },
      transfer: { partSizeBytes: bytes, multipartThresholdBytes: bytes, concurrency: 2 },
    },
  }
}

export function folderStore(description: StoreDescription, name = 'folder'): StoreDescription {
  return lowered({ ...description, name, storeName: `${name}-{place}` })
}

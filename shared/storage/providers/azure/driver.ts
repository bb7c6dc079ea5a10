// The driver for Azure Blob Storage. Loaded on the first transfer.

import type { Driver } from '../../contract.ts'
import { createBlocks } from './blocks.ts'
import { createAzureClient } from './client.ts'
import { copyBlob, pullBlock } from './copy.ts'
import { deleteBlobs } from './delete.ts'
import { createClasses, createRetention, createTags, createVersions } from './groups.ts'
import { listBlobs } from './list.ts'
import { putBlob } from './put.ts'
import { getBlob, headBlob } from './read.ts'
import type { AzureSettings } from './settings.ts'

export function createAzureDriver(settings: AzureSettings): Driver {
  const client = createAzureClient(settings)
  return {
    capabilities: settings.capabilities,
    head: (key, options) => headBlob(client, key, options),
    get: (key, options) => getBlob(client, key, options),
    put: (key, content, options) => putBlob(client, key, content, options),
    delete: (targets, options) => deleteBlobs(client, targets, options),
    list: (options) => listBlobs(client, options),
    copy: (from, key, options) => copyBlob(client, from, key, options),
    multipart: {
      ...createBlocks(client),
      pull: (key, uploadId, partNumber, source, { signal }) =>
        pullBlock(client, { key, uploadId, partNumber }, source, signal),
    },
    versions: createVersions(client),
    classes: createClasses(client),
    tags: createTags(client),
    retention: createRetention(client),
  }
}

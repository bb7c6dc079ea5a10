// Deleting blobs, many in one request. A blob goes with its snapshots; where the account keeps versions,
// it becomes one.
// https://learn.microsoft.com/rest/api/storageservices/blob-batch

import type { BlockBlobClient } from '@azure/storage-blob'
import type { Call, DeleteResult, DeleteTarget } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import type { AzureClient } from './client.ts'
import { refusal } from './errors.ts'
import { matching } from './write-options.ts'

export async function deleteBlobs(
  client: AzureClient,
  targets: DeleteTarget[],
  options: Call,
): Promise<DeleteResult[]> {
  const [first] = targets
  if (!first) return []
  return targets.length === 1
    ? [await deleteOne(client, first, options)]
    : deleteMany(client, targets, options)
}

/** Throws what another try may mend; a refusal for good is the result. */
async function deleteOne(
  client: AzureClient,
  target: DeleteTarget,
  { signal }: Call,
): Promise<DeleteResult> {
  const { key } = target
  try {
    await client.run({ key, signal }, () =>
      client.blob(key, target.version).delete({ abortSignal: signal, ...deleteOptions(target) }),
    )
    return { key }
  } catch (error) {
    if (!(error instanceof StorageError) || error.retry !== 'never') throw error
    return isGone(error.kind, error.key) ? { key } : { key, error }
  }
}

async function deleteMany(
  client: AzureClient,
  targets: DeleteTarget[],
  { signal }: Call,
): Promise<DeleteResult[]> {
  const batches = client.container.getBlobBatchClient()
  const batch = batches.createBatch()
  for (const target of targets) {
    const blob: BlockBlobClient = client.blob(target.key, target.version)
    await batch.deleteBlob(blob, deleteOptions(target))
  }
  const answer = await client.run({ signal }, () =>
    batches.submitBatch(batch, { abortSignal: signal }),
  )
  return targets.map(({ key }, index) => {
    const one = answer.subResponses[index]
    if (one && one.status < 300) return { key }
    const error = refusal(
      client.settings,
      { key, signal },
      { status: one?.status ?? 500, code: one?.errorCode },
    )
    return isGone(error.kind, error.key) ? { key } : { key, error }
  })
}

/** A missing container names no key and is no success. */
function isGone(kind: string, key: string | undefined): boolean {
  return kind === 'not-found' && key !== undefined
}

function deleteOptions({ version, ifMatch }: DeleteTarget) {
  return {
    conditions: matching(ifMatch),
    ...(version === undefined && { deleteSnapshots: 'include' as const }),
  }
}

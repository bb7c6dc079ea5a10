// Deleting blobs, many in one request. A blob goes with its snapshots; where the account keeps versions,
// it becomes one.
// https://learn.microsoft.com/rest/api/storageservices/delete-blob

import { randomUUID } from 'node:crypto'
import type { Call, DeleteResult, DeleteTarget } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { strangeAnswer } from '../refusals.ts'
import { readBatch, writeBatch } from './batch.ts'
import type { AzureClient } from './client.ts'
import { refusal } from './errors.ts'
import type { AzureRequest } from './requests.ts'
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
  { requests }: AzureClient,
  target: DeleteTarget,
  { signal }: Call,
): Promise<DeleteResult> {
  const { key } = target
  try {
    await requests.headers(deletion(target, signal))
    return { key }
  } catch (error) {
    if (!(error instanceof StorageError) || error.retry !== 'never') throw error
    return isGone(error.kind, error.key) ? { key } : { key, error }
  }
}

/** https://learn.microsoft.com/rest/api/storageservices/blob-batch */
async function deleteMany(
  { requests, settings }: AzureClient,
  targets: DeleteTarget[],
  { signal }: Call,
): Promise<DeleteResult[]> {
  const deletions = await Promise.all(
    targets.map((target) => requests.prepare(deletion(target, signal))),
  )
  const boundary = `batch_${randomUUID()}`
  const { headers, text } = await requests.read({
    method: 'POST',
    query: { restype: 'container', comp: 'batch' },
    headers: { 'content-type': `multipart/mixed; boundary=${boundary}` },
    content: { bytes: writeBatch('DELETE', deletions, boundary) },
    permissions: targets.some(({ version }) => version !== undefined) ? 'dx' : 'd',
    signal,
  })
  const answer = readBatch(text, headers.get('content-type') ?? '')
  if (!answer) throw strangeAnswer(settings.name)
  if (answer.refused) throw refusal(settings, { signal }, answer.refused)
  return targets.map(({ key }, index) => {
    const one = answer.each.get(index)
    if (one && one.status < 300) return { key }
    const error = refusal(settings, { key, signal }, one ?? { status: 500 })
    return isGone(error.kind, error.key) ? { key } : { key, error }
  })
}

function deletion({ key, version, ifMatch }: DeleteTarget, signal: AbortSignal): AzureRequest {
  return {
    method: 'DELETE',
    key,
    version,
    headers: {
      ...matching(ifMatch),
      ...(version === undefined && { 'x-ms-delete-snapshots': 'include' }),
    },
    permissions: version === undefined ? 'd' : 'x',
    signal,
  }
}

/** A missing container names no key and is no success. */
function isGone(kind: string, key: string | undefined): boolean {
  return kind === 'not-found' && key !== undefined
}

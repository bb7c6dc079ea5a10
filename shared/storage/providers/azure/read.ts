// Reading one blob: what it is, and its bytes as they are stored.

import type { ByteRange, GetOptions, GetResult, ObjectInfo, ReadOptions } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { checkRange } from '../refusals.ts'
import type { AzureClient } from './client.ts'
import { toWebBody } from './content.ts'
import { toObjectInfo } from './object-info.ts'
import { matching } from './write-options.ts'

export async function headBlob(
  client: AzureClient,
  key: string,
  { version, signal }: ReadOptions,
): Promise<ObjectInfo> {
  const properties = await client.run({ key, signal }, () =>
    client.blob(key, version).getProperties({ abortSignal: signal }),
  )
  return toObjectInfo(key, properties.contentLength ?? 0, properties)
}

export async function getBlob(
  client: AzureClient,
  key: string,
  { version, range, ifMatch, signal }: GetOptions,
): Promise<GetResult> {
  const { offset, count } = offsetOf(range)
  const answer = await client
    .run({ key, signal }, () =>
      client.blob(key, version).download(offset, count, {
        abortSignal: signal,
        conditions: matching(ifMatch),
        // `Store` resumes by itself.
        maxRetryRequests: 0,
      }),
    )
    .catch((error: unknown) => {
      throw pastTheEnd(error, client.settings.name, key, range)
    })
  const body = toWebBody(answer.readableStreamBody!)
  const size = totalSize(answer.contentRange) ?? answer.contentLength ?? 0
  try {
    // An open range of an empty blob is not sent as one.
    checkRange(client.settings.name, key, range, size)
  } catch (error) {
    await body.cancel()
    throw error
  }
  return { info: toObjectInfo(key, size, answer, answer.blobContentMD5), body }
}

function offsetOf(range: ByteRange | undefined): { offset: number; count: number | undefined } {
  const offset = range?.first ?? 0
  return { offset, count: range?.last === undefined ? undefined : range.last - offset + 1 }
}

/** `bytes 5-9/100`. */
function totalSize(contentRange: string | undefined): number | undefined {
  const total = contentRange === undefined ? undefined : /\/(\d+)$/.exec(contentRange)?.[1]
  return total === undefined ? undefined : Number(total)
}

function pastTheEnd(
  error: unknown,
  store: string,
  key: string,
  range: ByteRange | undefined,
): unknown {
  if (!(error instanceof StorageError) || error.status !== 416 || !range) return error
  const message = `The range of ${quoteKey(key)} begins at byte ${range.first}, past the end of what ${store} holds.`
  return new StorageError('invalid', message, { store, key, status: 416 })
}

// Reading one blob: what it is, and its bytes as they are stored.

import type { ByteRange, GetOptions, GetResult, ObjectInfo, ReadOptions } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { checkFirstByte, checkRange } from '../refusals.ts'
import { readHeaders } from './answer-headers.ts'
import type { AzureClient } from './client.ts'
import { toObjectInfo } from './object-info.ts'
import { matching } from './write-options.ts'

export async function headBlob(
  { requests }: AzureClient,
  key: string,
  { version, ifMatch, signal }: ReadOptions & { ifMatch?: string | undefined },
): Promise<ObjectInfo> {
  const headers = matching(ifMatch)
  const asked = { method: 'HEAD', key, version, headers, permissions: 'r', signal } as const
  const told = await requests.headers(asked)
  const blob = readHeaders(told)
  return toObjectInfo(key, blob.size, blob)
}

export async function getBlob(
  { requests, settings }: AzureClient,
  key: string,
  { version, range, ifMatch, signal }: GetOptions,
): Promise<GetResult> {
  const headers = {
    ...(range && { range: `bytes=${range.first}-${range.last ?? ''}` }),
    ...matching(ifMatch),
  }
  const { name } = settings
  const asked = { method: 'GET', key, version, headers, permissions: 'r', signal } as const
  const answer = await requests.send(asked).catch((error: unknown) => {
    throw pastTheEnd(error, name, key, range)
  })
  const blob = readHeaders(answer.headers)
  try {
    // An open range of an empty blob is answered as if none had been asked for.
    checkRange(name, key, range, blob.size)
    checkFirstByte(name, key, range, answer.headers.get('content-range'))
  } catch (error) {
    await answer.body.cancel()
    throw error
  }
  return { info: toObjectInfo(key, blob.size, blob), body: answer.body, framed: true }
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

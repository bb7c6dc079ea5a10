// Writing one blob in one request.

import { textOf } from '#shared/wire/exchange.ts'
import type { Checksum, Content, ObjectInfo, PutOptions } from '../../contract.ts'
import { readHeaders } from './answer-headers.ts'
import type { AzureClient } from './client.ts'
import { toObjectInfo } from './object-info.ts'
import { sizeOf } from './requests.ts'
import { conditionHeaders, digestHeaders } from './write-options.ts'

/** https://learn.microsoft.com/rest/api/storageservices/put-blob */
export async function putBlob(
  { requests, settings }: AzureClient,
  key: string,
  content: Content,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { mode, checksum, signal, ...properties } = options
  const answer = await requests.send({
    does: { action: 'put', key, ...properties },
    headers: { ...digestHeaders(checksum), ...keptMd5(checksum), ...conditionHeaders(mode) },
    content,
    creates: mode === 'create',
    signal,
  })
  await textOf(answer)
  return toObjectInfo(key, sizeOf(content, settings, key), readHeaders(answer.headers))
}

/** The one digest that Azure keeps. */
function keptMd5(checksum: Checksum | undefined): Record<string, string> {
  return checksum?.algorithm === 'md5' ? { 'x-ms-blob-content-md5': checksum.value } : {}
}

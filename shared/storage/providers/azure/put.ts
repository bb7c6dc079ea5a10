// Writing one blob in one request.

import type { Content, ObjectInfo, PutOptions } from '../../contract.ts'
import { readHeaders } from './answer-headers.ts'
import type { AzureClient } from './client.ts'
import { toObjectInfo } from './object-info.ts'
import { propertyHeaders, writePermissions } from './request-headers.ts'
import { sizeOf } from './requests.ts'
import { conditionHeaders, digestHeaders, keptMd5 } from './write-options.ts'

/** https://learn.microsoft.com/rest/api/storageservices/put-blob */
export async function putBlob(
  { requests, settings }: AzureClient,
  key: string,
  content: Content,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { mode, checksum, signal } = options
  const told = await requests.headers({
    method: 'PUT',
    key,
    headers: {
      'x-ms-blob-type': 'BlockBlob',
      ...propertyHeaders(options),
      ...digestHeaders(checksum),
      ...keptMd5(checksum),
      ...conditionHeaders(mode),
    },
    permissions: writePermissions(options),
    content,
    creates: mode === 'create',
    signal,
  })
  return toObjectInfo(key, sizeOf(content, settings, key), readHeaders(told))
}

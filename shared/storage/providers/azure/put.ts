// Writing one blob in one request.

import type { Content, ObjectInfo, PutOptions } from '../../contract.ts'
import type { AzureClient } from './client.ts'
import { withHeaders } from './client.ts'
import { sendContent } from './content.ts'
import { toObjectInfo } from './object-info.ts'
import { blobProperties, contentHeaders, digestHeaders, writeConditions } from './write-options.ts'

/** https://learn.microsoft.com/rest/api/storageservices/put-blob */
export function putBlob(
  client: AzureClient,
  key: string,
  content: Content,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { mode, checksum, signal } = options
  const blob = client.blob(key)
  return sendContent(client.settings, key, content, signal, (upload) =>
    client.run({ key, signal: upload.signal, creates: mode === 'create' }, async () => {
      const answer = await withHeaders(digestHeaders(checksum), () =>
        blob.upload(upload.body, upload.size, {
          abortSignal: upload.signal,
          conditions: writeConditions(mode),
          blobHTTPHeaders: contentHeaders(options, checksum),
          ...blobProperties(options),
        }),
      )
      return toObjectInfo(key, upload.size, answer)
    }),
  )
}

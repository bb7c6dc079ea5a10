// Google Cloud Storage through the contract. Objects are described, listed, copied and deleted by the JSON
// API; their bytes, and uploads in parts, go by the XML API, whose headers carry all there is to say in the
// same request. Conditions are generations on both.

import type { Driver } from '../../contract.ts'
import { copyObject, classesOf } from './copying.ts'
import { deleteObjects } from './deleting.ts'
import { multipartOf } from './multipart.ts'
import { getObject, headObject, listObjects, versionsOf } from './reading.ts'
import { retentionOf } from './retention.ts'
import type { GcsSettings } from './settings.ts'
import { createTransport } from './transport.ts'
import { putObject } from './writing.ts'

export function createGcsDriver(settings: GcsSettings): Driver {
  const transport = createTransport(settings)
  return {
    capabilities: settings.capabilities,
    head: (key, options) => headObject(transport, key, options),
    get: (key, options) => getObject(transport, key, options),
    put: (key, content, options) => putObject(transport, key, content, options),
    delete: (targets, options) => deleteObjects(transport, targets, options),
    list: (options) => listObjects(transport, options),
    copy: (from, key, options) => copyObject(transport, from, key, options),
    multipart: multipartOf(transport),
    versions: versionsOf(transport),
    classes: classesOf(transport),
    retention: retentionOf(transport),
  }
}

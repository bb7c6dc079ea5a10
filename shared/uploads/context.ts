// What all that works on one workspace's uploads shares, made once when the workspace is opened.

import type { Store } from '#shared/storage/store.ts'
import type { Policy } from './policy.ts'
import { createPolicy } from './policy.ts'
import type { Records } from './records.ts'
import { createRecords } from './records.ts'
import type { UploadsOptions } from './uploads.ts'

export interface UploadContext extends Omit<UploadsOptions, 'records'> {
  /** Where uploads go: the primary, as everybody sees it. */
  store: Store
  /** The same with Skein's own keys: staging, quarantine. */
  reserved: Store
  policy: Policy
  records: Records
}

export function createContext(options: UploadsOptions): UploadContext {
  const store = options.workspace.primary
  return {
    ...options,
    store,
    reserved: store.reserved(),
    policy: createPolicy(options.rules, store),
    records: createRecords(options.records, options.workspace.name),
  }
}

// A workspace as the program uses it: its stores, opened, and which of them is the truth.

import type { Store } from '#shared/storage/store.ts'
import type { DownloadRules } from './download-rules.ts'

export interface Workspace {
  name: string
  primary: Store
  /** In the order of the configuration. */
  replicas: readonly Store[]
  downloads: DownloadRules
}

/** Primary first. */
export function storesOf({ primary, replicas }: Workspace): readonly Store[] {
  return [primary, ...replicas]
}

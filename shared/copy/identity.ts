// Which content a key held: what must be the same for parts to belong together, and for a copy to be a copy of
// it. A version or generation where the provider has them, else the ETag with its time.

import type { ListedObject } from '#shared/storage/contract.ts'

/** What S3 calls every version that was written while it kept none. */
const NO_VERSION = 'null'

export function identityOf({ version, etag, modified }: ListedObject): string {
  if (version !== undefined && version !== NO_VERSION) return version
  return `${etag}@${modified.getTime()}`
}

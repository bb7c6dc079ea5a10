// Which content a key held: what must be the same for parts to belong together, and for a copy to be a copy of
// it. A version or generation where the provider has them, else the ETag with its time.

import type { ListedObject } from '#shared/storage/contract.ts'

export function identityOf({ version, etag, modified }: ListedObject): string {
  return version ?? `${etag}@${modified.getTime()}`
}

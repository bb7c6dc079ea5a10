// What is done to an object only if it is still the one that was seen.

import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'

/** False when somebody has put another in its place; true when it is gone, whoever did it. */
export async function removeIfSame(store: Store, key: string, etag: string): Promise<boolean> {
  const { match } = store.capabilities.delete
  // Without conditions there is a moment between the look and the deletion; a short one is all that can be had.
  const there = match ? undefined : await store.find(key)
  if (there && there.etag !== etag) return false
  const [result] = await store.delete([match ? { key, ifMatch: etag } : { key }])
  if (result?.error?.kind === 'precondition') return false
  if (result?.error && result.error.kind !== 'not-found') throw result.error
  return true
}

export function changedMeanwhile({ name }: Store, key: string): StorageError {
  const message = `${quoteKey(key)} in ${name} was changed by somebody else meanwhile; it is left to the next pass.`
  return new StorageError('precondition', message, { store: name, key })
}

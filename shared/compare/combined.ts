// The digest of a whole that a provider keeps only of parts: where it still tells the parts, their CRCs combine.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { combineDigests, isCrc } from '#shared/wire/digest.ts'
import type { Digests } from './digests.ts'

/** What the provider tells of the whole, and what follows from what it tells of the parts. One request, or none. */
export async function wholeDigestsOf(
  store: Store,
  key: string,
  { checksums, composite, size, version }: ObjectInfo,
  signal?: AbortSignal,
): Promise<Digests> {
  if (!composite || !isCrc(composite.algorithm)) return checksums
  const { algorithm } = composite
  const named = store.capabilities.versions ? { version } : {}
  const parts = await store.groups.multipart.partsOf(key, { ...named, signal })
  let whole: string | undefined
  let bytes = 0
  for (const part of parts) {
    if (part.checksum?.algorithm !== algorithm) return checksums
    const { value } = part.checksum
    whole = whole === undefined ? value : combineDigests(algorithm, whole, value, part.size)
    bytes += part.size
  }
  return whole === undefined || bytes !== size ? checksums : { ...checksums, [algorithm]: whole }
}

// Bytes kept aside: what was refused, or gave way, is moved to a key of Skein's own with the reason beside it.
// It is copied first and only then taken from its place, and only if it is still the same, so that nothing is
// ever lost here and nothing newer is taken away.

import { isStorageError } from '#shared/storage/errors.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import { encodeMetadataValue } from '#shared/storage/metadata.ts'
import type { Store } from '#shared/storage/store.ts'
import { copyWithin, propertiesOf } from './within.ts'

/** `quarantine`: refused. `conflict`: another version took its place. `repair`: wrong bytes. */
export type AsideReason = 'quarantine' | 'conflict' | 'repair'

export interface Aside {
  why: AsideReason
  /** Names it among those of its kind. */
  id: string
  /** The key that it was meant for. */
  key: string
  /** One sentence. */
  reason: string
}

/** `store` may hold `.skein/`. Gives the key where the bytes are now; undefined when they were gone, or replaced. */
export async function setAside(
  store: Store,
  info: ObjectInfo,
  aside: Aside,
): Promise<string | undefined> {
  const place = await keepAside(store, info, aside)
  if (place !== undefined) await removeSame(store, info)
  return place
}

/** The same, and it stays where it is: whoever overwrites it next does so on condition that it is still this one. */
export async function keepAside(
  store: Store,
  info: ObjectInfo,
  aside: Aside,
): Promise<string | undefined> {
  const place = `${RESERVED_PREFIX}${aside.why}/${aside.id}`
  const properties = { ...propertiesOf(info), metadata: metadataOf(store, info, aside) }
  try {
    await copyWithin(store, info, place, { properties })
  } catch (error) {
    if (isStorageError(error, 'not-found') || isStorageError(error, 'precondition'))
      return undefined
    throw error
  }
  return place
}

/** Deletes the object only if it is still the one that was seen; one that changed stays. */
export async function removeSame(store: Store, { key, etag }: ObjectInfo): Promise<void> {
  const { match } = store.capabilities.delete
  // Without conditions there is a moment between the look and the deletion; a short one is all that can be had.
  if (!match && (await store.find(key))?.etag !== etag) return
  const [result] = await store.delete([match ? { key, ifMatch: etag } : { key }])
  if (result?.error && !isStorageError(result.error, 'precondition')) throw result.error
}

/** What the object carried gives way when there is no room for both. */
function metadataOf(store: Store, { metadata }: ObjectInfo, { key, reason }: Aside) {
  const { maxBytes, maxPairs } = store.capabilities.metadata
  const own = { skein_key: key, skein_reason: reason.slice(0, 300) }
  const all = { ...metadata, ...own }
  const entries = Object.entries(all)
  const bytes = entries.reduce(
    (sum, [name, value]) => sum + name.length + encodeMetadataValue(value).length,
    0,
  )
  return bytes <= maxBytes && entries.length <= maxPairs ? all : own
}

// One object brought to where advice has it: a class changed in place, or a copy made where there was none. The
// bytes stay the same and are proven to; metadata and tags travel; and nothing is changed that is not as it was
// listed. At the primary the new object says of itself what it is a copy of, so that replicas stay copies of it.

import { copyObject } from '#shared/copy/copy.ts'
import type { MarkPlace } from '#shared/copy/mark.ts'
import { SOURCE_MARK, originOf, sealMark } from '#shared/copy/mark.ts'
import { copyWithin, propertiesOf } from '#shared/copy/within.ts'
import { compareDigests } from '#shared/compare/digests.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'

export interface ChangePlace {
  place: MarkPlace
  primary: Store
}

/** False where it is not in the class any more that it was to leave. */
export async function changeClass(
  { place, primary }: ChangePlace,
  store: Store,
  key: string,
  { from, to }: { from: string; to: string },
): Promise<boolean> {
  const before = await store.find(key)
  if (!before || classOf(store, before) !== from) return false
  try {
    if (store.row.wire === 'azure' || !store.capabilities.copy)
      await store.groups.classes.set(key, to)
    else await copiedOntoItself({ place, primary }, store, before, to)
  } catch (error) {
    // Somebody has written or deleted it since it was looked at.
    if (isStorageError(error, 'precondition') || isStorageError(error, 'not-found')) return false
    throw error
  }
  await proveSame(store, before, to)
  return true
}

/** On condition that it is still what was looked at, where the store can hold to that. */
async function copiedOntoItself(
  { place, primary }: ChangePlace,
  store: Store,
  before: ObjectInfo,
  storageClass: string,
): Promise<void> {
  const { key, etag } = before
  const mode = store.capabilities.copy?.match ? { ifMatch: etag } : ('overwrite' as const)
  if (store !== primary) {
    await copyWithin(store, before, key, { mode, storageClass })
    return
  }
  const { metadata, ...headers } = propertiesOf(before)
  const hasTags = store.capabilities.tags !== null && before.tagCount !== 0
  const tags = hasTags ? await store.groups.tags.get(key) : {}
  const marked = { ...metadata, [SOURCE_MARK]: markOf(place, store, before) }
  const properties = { ...headers, tags, metadata: marked }
  await copyWithin(store, before, key, { mode, storageClass, properties })
}

/** Its content is what it was, and so is where that was first written. */
function markOf(place: MarkPlace, { name }: Store, info: ObjectInfo): string {
  return sealMark(place, name, info, originOf(place, name, info))
}

async function proveSame(store: Store, before: ObjectInfo, to: string): Promise<void> {
  const after = await store.head(before.key)
  const digests = compareDigests(before.checksums, after.checksums)
  if (after.size === before.size && digests?.same !== false && classOf(store, after) === to) return
  const message = `${quoteKey(before.key)} in ${store.name} is not what it was to be after its class was changed to ${to}: look at it.`
  throw new StorageError('corrupt', message, { store: store.name, key: before.key })
}

/** False where there is one already. */
export async function makeCopy(
  { place, primary }: ChangePlace,
  store: Store,
  key: string,
  storageClass: string,
): Promise<boolean> {
  if (await store.find(key)) return false
  const own = (source: ObjectInfo) => ({
    [SOURCE_MARK]: sealMark(place, store.name, source, originOf(place, primary.name, source)),
  })
  const named = store.capabilities.classes.length > 0 ? { storageClass } : {}
  const mode = store.capabilities.put.create ? 'create' : 'overwrite'
  await copyObject({ from: primary, to: store, key, mode, own, ...named })
  return true
}

export function classOf({ capabilities }: Store, { storageClass }: ObjectInfo): string {
  return storageClass ?? capabilities.classes[0] ?? 'STANDARD'
}

// Wrong bytes kept before right ones take their place, whatever their size: at once where the provider copies them in
// one request, else in parts that the next step goes on from. They are wrong, so no digest of theirs is asked to hold.

import { createHash } from 'node:crypto'
import { keepAside } from '#shared/copy/aside.ts'
import { copyInParts } from '#shared/copy/in-parts.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'

const WHY = 'repair'

/** The key where they are; null when they are not there any more. Throws `CopyPaused` when the time is up. */
export async function putAside(
  to: Store,
  there: ObjectInfo,
  reason: string,
  limits: { mayGoOn?: () => boolean; signal: AbortSignal },
): Promise<string | null> {
  const text = JSON.stringify([to.name, there.key, there.etag, there.modified.getTime()])
  const id = createHash('sha256').update(text).digest('hex').slice(0, 32)
  const { key, size } = there
  const place = `${RESERVED_PREFIX}${WHY}/${id}`
  const canPull = to.home !== undefined && to.capabilities.multipart?.pulls != null
  if (!limits.mayGoOn || !canPull) {
    return (await keepAside(to, there, { why: WHY, id, key, reason })) ?? null
  }
  // The key names these very bytes: an earlier step was through with them.
  if ((await to.find(place))?.size === size) return place
  const own = () => ({ skein_key: key, skein_reason: reason.slice(0, 300) })
  const job = { from: to, to, key, toKey: place, mode: 'overwrite' as const, size, own, ...limits }
  try {
    await copyInParts(job, { ...there, checksums: {}, composite: undefined })
    return place
  } catch (error) {
    const isGone = isStorageError(error, 'not-found') || isStorageError(error, 'precondition')
    if (isGone) return null
    throw error
  }
}

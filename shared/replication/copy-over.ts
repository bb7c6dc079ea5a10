// The truth's content in the place of what was seen at the replica, marked as a copy, and only while what was
// seen is still there.

import { copyObject } from '#shared/copy/copy.ts'
import type { ObjectInfo, PutMode } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Change, Round } from './change.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { checkEpoch } from './epochs.ts'
import { SOURCE_MARK, originOf, sameOrigin, sealMark } from '#shared/copy/mark.ts'

/** Where the replica has nothing: the copy's own read tells whether there is a source at all. */
export async function createOver(context: ReplicationContext, change: Change): Promise<Round> {
  try {
    return await copyOver(context, change, undefined)
  } catch (error) {
    const gone = isStorageError(error, 'not-found') && error.store === change.from.name
    if (gone && error.key === change.key) return { became: 'absent' }
    throw error
  }
}

/** The source's content, whatever it is by then, in the place of `there`. */
export async function copyOver(
  context: ReplicationContext,
  change: Change,
  there: ObjectInfo | undefined,
): Promise<Round> {
  const { key, from, to, size, mayGoOn, share, signal } = change
  const place = markPlace(context)
  const mode = modeOver(to, there)
  const own = (source: ObjectInfo) => ({
    [SOURCE_MARK]: sealMark(place, to.name, source, originOf(place, from.name, source)),
  })
  const copied = await copyObject({ from, to, key, mode, size, own, mayGoOn, share, signal })
  // Nothing held the write to what was seen: whoever writes last looks whether the source has moved on.
  if (mode === 'overwrite') {
    await checkEpoch(context)
    const now = await from.find(key)
    const written = originOf(place, from.name, copied.source)
    if (!now || !sameOrigin(originOf(place, from.name, now), written)) return undefined
  }
  return { became: 'copied', copied }
}

export function modeOver(to: Store, there: ObjectInfo | undefined): PutMode {
  const { create, match } = to.capabilities.put
  if (there) return match ? { ifMatch: there.etag } : 'overwrite'
  return create ? 'create' : 'overwrite'
}

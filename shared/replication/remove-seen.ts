// Taking away one object that was seen, and nothing that has come in its place meanwhile.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { readMark } from '#shared/copy/mark.ts'

/** A provider without conditional deletes may keep as many old copies, each of which would show next. */
const MOST_VERSIONS = 100

/** False when it was not there any more as it had been seen. */
export async function removeSeen(
  context: ReplicationContext,
  to: Store,
  there: ObjectInfo,
): Promise<boolean> {
  const { key, etag, version } = there
  const { match } = to.capabilities.delete
  if (match) return removeOne(to, { key, ifMatch: etag })
  if (!to.capabilities.versions || version === undefined) {
    return (await to.find(key))?.etag === etag && removeOne(to, { key })
  }
  // Naming the version takes nothing newer away: B2 has no other condition.
  await removeOne(to, { key, version })
  return removeOlder(context, to, there)
}

/** Down to what is not Skein's own; false when something newer has come meanwhile. */
async function removeOlder(
  context: ReplicationContext,
  to: Store,
  { key, modified }: ObjectInfo,
): Promise<boolean> {
  for (let left = MOST_VERSIONS; left > 0; left--) {
    const next = await to.find(key)
    if (next && next.modified > modified) return false
    if (!next?.version || !readMark(markPlace(context), to.name, next)) return true
    await removeOne(to, { key, version: next.version })
  }
  return false
}

async function removeOne(
  to: Store,
  target: { key: string; version?: string; ifMatch?: string },
): Promise<boolean> {
  const [result] = await to.delete([target])
  if (isStorageError(result?.error, 'precondition')) return false
  if (result?.error) throw result.error
  return true
}

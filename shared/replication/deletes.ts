// A key that the truth does not hold and the replica does. The replica's object goes only for evidence that
// the very version it is a copy of, or a later one, was deleted; what has merely vanished is a finding, and
// what Skein did not put there is never touched.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Change, Round } from './change.ts'
import { mayDelete } from './brake.ts'
import { takeOver } from './conflict.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import type { Origin } from './mark.ts'
import { readMark, sameOrigin } from './mark.ts'
import { holdDelete, postponeDelete } from './postponed.ts'
import { readTombstone } from './tombstone.ts'

export async function agreeOnAbsence(
  context: ReplicationContext,
  change: Change,
  there: ObjectInfo,
): Promise<Round> {
  const { to, from, key } = change
  const { policy } = context.rules.deletes
  const origin = readMark(markPlace(context), to.name, there)
  if (!origin) return strange(context, change, there)
  if (policy === 'keep') return { became: 'kept' }
  const deletedAt = await evidence(context, change, origin)
  if (deletedAt === undefined) {
    const reason = `${quoteKey(key)} is gone from ${from.name}, and nothing tells that somebody deleted it; ${to.name} still has it`
    return { became: 'found', finding: 'bare-absence', reason }
  }
  const dueAt = deletedAt + context.rules.deletes.delaySeconds * 1000
  if (policy === 'delay' && !change.due && dueAt > context.now()) {
    await postponeDelete(context, change, { deletedAt, dueAt })
    return { became: 'postponed' }
  }
  if (!change.confirmed && !(await mayDelete(context, to.name))) {
    await holdDelete(context, change, deletedAt)
    return { became: 'postponed' }
  }
  if (!(await removeSeen(context, to, there))) return undefined
  // Nothing held the deletion to what was seen: what has come back meanwhile may have gone with it.
  if (!to.capabilities.delete.match && (await from.find(key))) return undefined
  return { became: 'deleted' }
}

/** Somebody else's object: where others may write to the replica, it is news. */
async function strange(
  context: ReplicationContext,
  change: Change,
  there: ObjectInfo,
): Promise<Round> {
  const { to, from, key } = change
  const tombstone = await readTombstone(context, key)
  const isNewer = tombstone === undefined || there.modified.getTime() > tombstone.at
  if (context.rules.conflict !== 'primary' && isNewer) return takeOver(context, change, { there })
  const reason = `${quoteKey(key)} is in ${to.name} and not in ${from.name}, and Skein did not put it there`
  return { became: 'found', finding: 'foreign', reason }
}

/** When it was deleted, if anything tells so of this version. */
async function evidence(
  context: ReplicationContext,
  { key, from, deletedAt }: Change,
  origin: Origin,
): Promise<number | undefined> {
  if (deletedAt !== undefined && isBefore(origin.modified, deletedAt)) return deletedAt
  const tombstone = await readTombstone(context, key)
  if (tombstone && isCovered(origin, tombstone)) return tombstone.at
  return (await deleteMarkerAt(from, key, origin)) ?? undefined
}

/** Within one tick of a store's clock, which may be a second, nobody knows what came first. */
function isBefore(modified: number, at: number): boolean {
  const isWholeSecond = modified % 1000 === 0
  return modified < (isWholeSecond ? at - (at % 1000) : at)
}

/** What was written again after the deletion, and then vanished, is not. */
function isCovered(origin: Origin, { of, at }: { of?: Origin | undefined; at: number }): boolean {
  if (of === undefined) return origin.modified < at
  return sameOrigin(of, origin) || origin.modified < of.modified
}

async function deleteMarkerAt(
  from: Store,
  key: string,
  origin: Origin,
): Promise<number | undefined> {
  if (!from.capabilities.versions) return undefined
  const { versions } = await from.groups.versions.list({ prefix: key, limit: 100 })
  const latest = versions.find((version) => version.key === key && version.latest)
  const at = latest?.modified.getTime()
  return latest?.deleted && at !== undefined && origin.modified <= at ? at : undefined
}

/** A provider without conditional deletes may keep as many old copies, each of which would show next. */
const MOST_VERSIONS = 100

/** False when it was not there any more as it had been seen. */
async function removeSeen(
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

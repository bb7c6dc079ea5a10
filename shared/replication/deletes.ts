// A key that the truth does not hold and the replica does. The replica's object goes only for evidence that
// the very version it is a copy of, or a later one, was deleted; what has merely vanished is a finding, and
// what Skein did not put there is never touched. What a store that was the truth before had been given, and
// nobody has taken over yet, is no copy too many: it is taken over.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Change, Round } from './change.ts'
import { mayDelete } from './brake.ts'
import { keepForConflict, takeOver } from './conflict.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { behind, checkEpoch, isOfAnEpoch } from './epochs.ts'
import type { Evidence } from './evidence.ts'
import { coverageBy, evidenceOf, isBefore } from './evidence.ts'
import type { Origin } from '#shared/copy/mark.ts'
import { originOf, readMark } from '#shared/copy/mark.ts'
import { holdDelete, postponeDelete } from './postponed.ts'
import { removeSeen } from './remove-seen.ts'
import { keepTombstone, readTombstone } from './tombstone.ts'

export async function agreeOnAbsence(
  context: ReplicationContext,
  change: Change,
  there: ObjectInfo,
): Promise<Round> {
  const { to, from, key, deletedAt: seenAt } = change
  const place = markPlace(context)
  const isOurs = readMark(place, to.name, there) || isOfAnEpoch(context, to, there)
  if (!isOurs) return strange(context, change, there)
  const { policy } = context.rules.deletes
  if (policy === 'keep') return { became: 'kept' }
  const origin = originOf(place, to.name, there)
  const lost = behind(context, origin.store)
  const copiedAt = there.modified.getTime()
  const asked = { key, store: from, deletedAt: seenAt, copiedAt }
  const evidence = await evidenceOf(context, asked, origin)
  if (!evidence) {
    await checkEpoch(context)
    return lost ? takeOver(context, change, there) : bareAbsence(change)
  }
  const { at: deletedAt } = evidence
  const dueAt = deletedAt + context.rules.deletes.delaySeconds * 1000
  if (policy === 'delay' && !change.due && dueAt > context.now()) {
    await postponeDelete(context, change, { deletedAt, dueAt })
    return { became: 'postponed' }
  }
  if (!change.confirmed && !(await mayDelete(context, to.name))) {
    await holdDelete(context, change, deletedAt)
    return { became: 'postponed' }
  }
  // Whoever deleted it did not see this version.
  if (lost && !evidence.known && !(await keepForConflict(to, there))) return undefined
  // As late as can be: made once the store is the truth, a deletion would be taken for somebody's.
  await checkEpoch(context)
  if (!(await removeSeen(context, to, there))) return undefined
  // Nothing held the deletion to what was seen: what has come back meanwhile may have gone with it.
  if (!to.capabilities.delete.match && (await from.find(key))) return undefined
  return { became: 'deleted' }
}

function bareAbsence({ key, from, to }: Change): Round {
  const reason = `${quoteKey(key)} is gone from ${from.name}, and nothing tells that somebody deleted it; ${to.name} still has it`
  return { became: 'found', finding: 'bare-absence', reason }
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
  if (context.rules.conflict !== 'primary' && isNewer) return takeOver(context, change, there)
  const reason = `${quoteKey(key)} is in ${to.name} and not in ${from.name}, and Skein did not put it there`
  return { became: 'found', finding: 'foreign', reason }
}

/**
 * A store that was the truth before lacks what the truth has: where it was deleted there, that deletion is a change
 * of its to take over. Undefined where nothing tells so.
 */
export async function takeOverDeletion(
  context: ReplicationContext,
  { key, from, to, deletedThereAt }: Change,
  source: ObjectInfo,
): Promise<Round> {
  const origin = originOf(markPlace(context), from.name, source)
  const copiedAt = source.modified.getTime()
  const evidence =
    origin.store === to.name
      ? await evidenceOf(context, { key, store: to, deletedAt: deletedThereAt, copiedAt }, origin)
      : await deletedUnseen(context, key, to.name, origin)
  if (!evidence) return undefined
  const { at, known } = evidence
  await checkEpoch(context)
  await keepTombstone(context, { key, of: origin, store: to.name, at })
  if (!known && !(await keepForConflict(from, source))) throw movedOn(from.name, key)
  if (!(await removeSeen(context, from, source))) throw movedOn(from.name, key)
  return { became: 'taken-over', keys: [key], deletedAt: at }
}

/** Deleted by somebody who could not know of this version, since it had not been copied. */
async function deletedUnseen(
  context: ReplicationContext,
  key: string,
  store: string,
  origin: Origin,
): Promise<Evidence | undefined> {
  const lost = behind(context, store)
  if (!lost || !isBefore(origin.modified, lost.since)) return undefined
  const tombstone = await readTombstone(context, key)
  if (tombstone?.store !== store || !coverageBy(tombstone, origin)) return undefined
  return { at: tombstone.at, known: false }
}

function movedOn(store: string, key: string): StorageError {
  const message = `${quoteKey(key)} in ${store} changed while its deletion was taken over.`
  return new StorageError('precondition', message, { store, key })
}

/** Of a key that was deleted: where the truth may move, it may hold a copy again that was on its way there. */
export function mayBeLate({ state }: ReplicationContext, { deletedAt, again }: Change): boolean {
  return state !== undefined && (again === true || deletedAt !== undefined)
}

/**
 * What the truth holds was on its way there when it was deleted, or lay in another store, from where it came back.
 * True where there was such a thing, and all has to be looked at anew.
 */
export async function removeLateCopy(
  context: ReplicationContext,
  change: Change,
  source: ObjectInfo,
): Promise<boolean> {
  if (!mayBeLate(context, change)) return false
  const { key, from } = change
  const place = markPlace(context)
  const origin = originOf(place, from.name, source)
  const tombstone = await readTombstone(context, key)
  const covered = tombstone && coverageBy(tombstone, origin)
  if (!covered) return false
  // What somebody put there himself is younger than a deletion there, whatever the clocks say.
  if (!readMark(place, from.name, source) && tombstone.store === from.name) return false
  await checkEpoch(context)
  if (covered === 'known' || (await keepForConflict(from, source))) {
    await removeSeen(context, from, source)
  }
  return true
}

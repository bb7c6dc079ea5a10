// Two versions of one key that nobody derived from each other: the truth's, and one that somebody else put at
// the replica. The rule says which one stays at the key; the other is kept aside or beside, never dropped.

import { createHash } from 'node:crypto'
import { compareDigests } from '#shared/compare/digests.ts'
import { keepAside } from '#shared/copy/aside.ts'
import { copyObject } from '#shared/copy/copy.ts'
import { identityOf } from '#shared/copy/identity.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Change, Round } from './change.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { copyOver, modeOver } from './copy-over.ts'
import { TIE_MILLISECONDS } from './epochs.ts'
import { SOURCE_MARK, originOf, sealMark } from '#shared/copy/mark.ts'

export interface Versions {
  source: ObjectInfo
  there: ObjectInfo
}

export async function settleConflict(
  context: ReplicationContext,
  change: Change,
  versions: Versions,
): Promise<Round> {
  const { source, there } = versions
  // Put there by another tool, perhaps before Skein was: the same bytes are no conflict.
  const same = compareDigests(source.checksums, there.checksums)?.same
  if (same && source.size === there.size) return { became: 'same' }
  const winner = winnerOf(context, versions)
  if (winner === 'replica') {
    const kept = await keepForConflict(change.from, source)
    return kept ? takeOver(context, change, there, source) : undefined
  }
  const beside = winner === 'both' ? await keepBeside(change, there) : undefined
  if (beside === undefined && !(await keepForConflict(change.to, there))) return undefined
  const copied = await copyOver(context, change, there)
  return copied && beside !== undefined ? { became: 'taken-over', keys: [beside] } : copied
}

function winnerOf(
  { rules: { conflict } }: ReplicationContext,
  { source, there }: Versions,
): 'truth' | 'replica' | 'both' {
  if (conflict === 'primary') return 'truth'
  const later = there.modified.getTime() - source.modified.getTime()
  if (conflict === 'keep-both' || Math.abs(later) <= TIE_MILLISECONDS) return 'both'
  return later > 0 ? 'replica' : 'truth'
}

/**
 * The version that was seen at the replica becomes the truth in place of `source`, as a copy that says whose it is.
 * What lies there by now may be a copy of what the truth had meanwhile, and has lost again by somebody's deletion.
 */
export async function takeOver(
  context: ReplicationContext,
  { key, from: truth, to: replica, mayGoOn, signal }: Change,
  there: ObjectInfo,
  source?: ObjectInfo,
): Promise<Round> {
  const place = markPlace(context)
  const own = (info: ObjectInfo) => {
    if (identityOf(info) !== identityOf(there)) throw replaced(replica.name, key)
    return { [SOURCE_MARK]: sealMark(place, truth.name, info, originOf(place, replica.name, info)) }
  }
  const mode = modeOver(truth, source)
  const { size } = there
  await copyObject({ from: replica, to: truth, key, mode, size, own, mayGoOn, signal })
  return { became: 'taken-over', keys: [key] }
}

function replaced(store: string, key: string): StorageError {
  const message = `${quoteKey(key)} in ${store} changed while it was taken over; it is looked at anew.`
  return new StorageError('precondition', message, { store, key })
}

/** False when it was gone, or replaced, by then. */
export async function keepForConflict(store: Store, info: ObjectInfo): Promise<boolean> {
  const id = shortId(store.name, info)
  const reason = `another version took the place of this one of ${info.modified.toISOString()}`
  const kept = await keepAside(store, info, { why: 'conflict', id, key: info.key, reason })
  return kept !== undefined
}

/** Under a key of its own at the truth, from where it reaches every replica. */
async function keepBeside(
  { from: truth, to: replica, mayGoOn, signal }: Change,
  there: ObjectInfo,
): Promise<string> {
  const { key, size } = there
  const toKey = keyBeside(there, replica.name)
  const mode = modeOver(truth, undefined)
  try {
    await copyObject({ from: replica, to: truth, key, toKey, mode, size, mayGoOn, signal })
  } catch (error) {
    // It is there since an earlier try.
    if (!isStorageError(error, 'exists')) throw error
  }
  return toKey
}

/** `report.pdf` becomes `report.conflict-west-1f3a9c02.pdf`. */
function keyBeside(info: ObjectInfo, store: string): string {
  const name = info.key.lastIndexOf('/') + 1
  const dot = info.key.lastIndexOf('.')
  const end = dot > name ? dot : info.key.length
  const id = shortId(store, info).slice(0, 8)
  return `${info.key.slice(0, end)}.conflict-${store}-${id}${info.key.slice(end)}`
}

/** The same for the same version, so that who tries again keeps no second one. */
function shortId(store: string, info: ObjectInfo): string {
  const text = JSON.stringify([store, info.key, identityOf(info)])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

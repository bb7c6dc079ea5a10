// "Key K changed" means: look at K where the truth is, look at the replica, and make the two agree. What is
// written there holds only while the replica is as it was seen, so that of any number who do this at once,
// late or twice, nobody puts older content over newer.

import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX, quoteKey } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { settleAcrossEpochs } from './across-epochs.ts'
import type { Agreement, Change, Round } from './change.ts'
import { settleConflict } from './conflict.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { copyOver, createOver } from './copy-over.ts'
import { agreeOnAbsence, mayBeLate, removeLateCopy, takeOverDeletion } from './deletes.ts'
import { behind } from './epochs.ts'
import { originOf, readMark, sameOrigin } from '#shared/copy/mark.ts'
import type { Selection } from './rules.ts'
import { selects, selectsKey, selectsTags } from './rules.ts'

const ROUNDS = 5
/** Up to here a GET that turns out to be needless costs less than looking first each time. */
const OFFERED_BYTES = 2 ** 20

export async function agree(context: ReplicationContext, change: Change): Promise<Agreement> {
  const { key, only } = change
  if (only && !selectsKey(only, key)) return { became: 'unwanted' }
  for (let round = 1; round <= ROUNDS; round++) {
    try {
      const agreement = await agreeOnce(context, change, round === 1)
      if (agreement) return agreement
    } catch (error) {
      if (!hasMovedOn(error, change)) throw error
    }
  }
  const message = `${quoteKey(key)} in ${change.to.name} could not be made to agree with ${change.from.name}, since one of them keeps changing.`
  throw new StorageError('unavailable', message, { store: change.to.name, key })
}

/** A write whose answer was lost is looked for as well. */
function hasMovedOn(error: unknown, { key }: Change): boolean {
  if (!isStorageError(error)) return false
  if (error.ambiguous || error.kind === 'exists' || error.kind === 'precondition') return true
  return error.kind === 'not-found' && error.key === key
}

async function agreeOnce(
  context: ReplicationContext,
  change: Change,
  first: boolean,
): Promise<Round> {
  const { key, from, to, only } = change
  if (first && isOffered(change) && !behind(context, to.name))
    return copyOver(context, change, undefined)
  // The replica first: what is read of the source after that is at least as new as what lies here.
  const there = await to.find(key)
  const lost = behind(context, to.name)
  if (!there && !lost && !mayBeLate(context, change) && !asksForMore(only))
    return createOver(context, change)
  const source = await from.find(key)
  if (source && (await removeLateCopy(context, change, source))) return undefined
  if (!source) return there ? agreeOnAbsence(context, change, there) : { became: 'absent' }
  if (!(await isWanted(only, from, source))) return { became: 'unwanted' }
  if (!there) {
    const taken = lost && (await takeOverDeletion(context, change, source))
    return taken ?? copyOver(context, { ...change, size: source.size }, undefined)
  }
  const place = markPlace(context)
  if (sameOrigin(originOf(place, from.name, source), originOf(place, to.name, there))) {
    return { became: 'same' }
  }
  const whole = { ...change, size: source.size }
  if (context.state) {
    if (key.startsWith(RESERVED_PREFIX)) return copyOver(context, whole, there)
    return settleAcrossEpochs(context, whole, { source, there })
  }
  const marked = readMark(place, to.name, there)
  return marked
    ? copyOver(context, whole, there)
    : settleConflict(context, whole, { source, there })
}

function isOffered({ fresh, size, only, to }: Change): boolean {
  if (!fresh || size === undefined || size > OFFERED_BYTES) return false
  return to.capabilities.put.create && !asksForMore(only)
}

/** More than the key tells. */
function asksForMore(only: Selection | undefined): boolean {
  if (only === undefined) return false
  const { minBytes, maxBytes, types, tags } = only
  const anySize = minBytes === 0 && maxBytes === Number.MAX_SAFE_INTEGER
  return !anySize || types !== undefined || tags !== undefined
}

async function isWanted(
  only: Selection | undefined,
  from: Store,
  source: ObjectInfo,
): Promise<boolean> {
  if (only === undefined) return true
  if (!selects(only, source)) return false
  if (only.tags === undefined) return true
  const has = from.capabilities.tags !== null && source.tagCount !== 0
  return selectsTags(only, has ? await from.groups.tags.get(source.key) : {})
}

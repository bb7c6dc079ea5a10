// Two versions of one key in a workspace whose truth has moved. Of one store's own versions the later one stands,
// wherever its copies are; of versions that two stores were given in different epochs, the later epoch's.
// Only what was given to both in one epoch is a conflict, and for that there is a rule.

import { compareDigests } from '#shared/compare/digests.ts'
import type { Change, Round } from './change.ts'
import type { Versions } from './conflict.ts'
import { keepForConflict, settleConflict, takeOver } from './conflict.ts'
import type { ReplicationContext } from './context.ts'
import { markPlace } from './context.ts'
import { copyOver } from './copy-over.ts'
import { behind, checkEpoch, isOfAnEpoch, isStranges } from './epochs.ts'
import { isBefore } from './evidence.ts'
import type { Origin } from '#shared/copy/mark.ts'
import { originOf, readMark } from '#shared/copy/mark.ts'

export async function settleAcrossEpochs(
  context: ReplicationContext,
  change: Change,
  versions: Versions,
): Promise<Round> {
  const { from, to } = change
  const { source, there } = versions
  const place = markPlace(context)
  const [first, other] = [originOf(place, from.name, source), originOf(place, to.name, there)]
  const isCopy = readMark(place, to.name, there) !== undefined
  const isOneStores = first.store === other.store
  // Whatever the epoch is, the later copy of one store's versions is no loss.
  if (isCopy && isOneStores && other.modified <= first.modified) {
    return copyOver(context, change, there)
  }
  await checkEpoch(context)
  if (isCopy) {
    const isAhead = isOneStores && first.store !== from.name
    return isAhead ? takeOver(context, change, there, source) : copyOver(context, change, there)
  }
  if (!isOfAnEpoch(context, to, there)) return settleConflict(context, change, versions)
  if (first.store === to.name) return followItsOwn(context, change, versions, first)
  return settleOwn(context, change, versions, first)
}

/** The truth holds a copy of another version of that very store's, which is an earlier one even within one tick of its clock. */
function followItsOwn(
  context: ReplicationContext,
  change: Change,
  { source, there }: Versions,
  copied: Origin,
): Promise<Round> {
  return there.modified.getTime() >= copied.modified
    ? takeOver(context, change, there, source)
    : copyOver(context, change, there)
}

/** Each store was given a version of its own. */
async function settleOwn(
  context: ReplicationContext,
  change: Change,
  versions: Versions,
  first: Origin,
): Promise<Round> {
  const { from, to } = change
  const { source, there } = versions
  const lost = behind(context, to.name)
  // All that the store had been given has been taken over, so it is what the truth has overwritten since.
  if (!lost) return copyOver(context, change, there)
  if (source.size === there.size && compareDigests(source.checksums, there.checksums)?.same) {
    return { became: 'same' }
  }
  const other = originOf(markPlace(context), to.name, there)
  const [isLater, isLate] = [first, other].map((one) => !isBefore(one.modified, lost.since))
  if (isLater && isLate) return settleConflict(context, change, versions)
  if (isLater || !beats(context, other, first)) {
    return (await keepForConflict(to, there)) ? copyOver(context, change, there) : undefined
  }
  return (await keepForConflict(from, source))
    ? takeOver(context, change, there, source)
    : undefined
}

/** The same order whichever store is the truth, since several that were may take turns in being looked at. */
function beats(context: ReplicationContext, one: Origin, other: Origin): boolean {
  const [a, b] = [one, other].map((origin) => isStranges(context, origin))
  const byTime = one.modified - other.modified
  if (a === b) return byTime > 0
  const isPrimarys = context.rules.conflict === 'primary'
  return isPrimarys || byTime === 0 ? b === true : byTime > 0
}

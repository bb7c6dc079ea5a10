// What it means for a change that the truth may move. Work goes by the state that it began with; what could not be
// undone is done only after the ledger has said that this still holds. A store that was the truth is no
// stranger: its own versions are changes to take over, until all of them have been, and old ones afterwards.

import type { Origin } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Behind, EpochChange } from '#shared/workspaces/state.ts'
import type { ReplicationContext } from './context.ts'

/** The truth has moved since the work began: it is to be begun anew. */
export class EpochMoved extends Error {
  constructor() {
    super('The truth of the workspace has moved meanwhile.')
    this.name = 'EpochMoved'
  }
}

/** Costs a workspace whose truth cannot move nothing. */
export async function checkEpoch({ state, states }: ReplicationContext): Promise<void> {
  if (!state || !states) return
  if ((await states.fresh()).epoch !== state.epoch) throw new EpochMoved()
}

export function behind({ state }: ReplicationContext, store: string): Behind | undefined {
  return state?.behind[store]
}

/** Whether it was written while that store was the truth, or by a URL that was signed then. */
export function isOfAnEpoch(context: ReplicationContext, store: Store, info: ObjectInfo): boolean {
  if (behind(context, store.name)) return true
  const until = context.state?.settled[store.name]
  return until !== undefined && info.modified.getTime() <= until
}

/** Times by two clocks that are this close say nothing of what came first. */
export const TIE_MILLISECONDS = 2000

/**
 * What was deleted there at that time was deleted by somebody who meant the key. A store that follows loses objects too,
 * by Skein's own hand and later than they were deleted: that tells nothing of what was written meanwhile.
 */
export function wasTruthAt({ home, state }: ReplicationContext, store: Store, at: number): boolean {
  const moves = (state?.changes ?? []).filter(isMove)
  if (moves.some((move) => Math.abs(move.at - at) <= TIE_MILLISECONDS)) return false
  const truth = moves.findLast((move) => move.at < at)?.to ?? moves[0]?.from ?? home
  return truth === store.name
}

function isMove({ what }: EpochChange): boolean {
  return what === 'failed-over' || what === 'failed-back'
}

/** Written before its store was ever the truth, as far as the changes that are kept tell. */
export function isStranges(
  { home, state }: ReplicationContext,
  { store, modified }: Origin,
): boolean {
  const moves = (state?.changes ?? []).filter(isMove)
  // The configuration may name another by now than the one that was the truth to begin with.
  if (store === home || store === moves[0]?.from) return false
  return !moves.some(({ to, at }) => to === store && at <= modified)
}

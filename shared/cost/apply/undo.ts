// Back to the class that an object was in. What has gone into an archive cannot be read, and stays; what was
// changed by somebody since stays too. Copies that were made are left: to delete is nobody's undoing.

import type { Part, Step } from '#shared/jobs/job.ts'
import { isStorageError } from '#shared/storage/errors.ts'

export interface Changed {
  key: string
  store: string
  from: string
  to: string
}

export async function undoStep(
  changed: AsyncIterable<Changed>,
  part: Pick<Part<unknown, number>, 'cursor' | 'mayGoOn' | 'note'>,
  undo: (one: Changed) => Promise<boolean>,
): Promise<Step<number>> {
  const { cursor: done = 0 } = part
  const tally = { undone: 0, 'left-archived': 0, 'left-changed': 0 }
  let at = 0
  for await (const one of changed) {
    if (at++ < done) continue
    try {
      if (await undo(one)) tally.undone++
      else tally['left-changed']++
    } catch (error) {
      // An archived object is refused as what it is: it has to be restored first.
      if (!isStorageError(error, 'invalid') && !isStorageError(error, 'denied')) throw error
      tally['left-archived']++
      part.note('left', one)
    }
    if (!part.mayGoOn()) return { tally, cursor: at }
  }
  return { tally }
}

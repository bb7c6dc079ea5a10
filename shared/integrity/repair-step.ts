// One step of mending what a sweep has found: the findings in their order, some at once; what is too large for one
// step by itself, over as many steps as it takes.

import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Job, Part, Step } from '#shared/jobs/job.ts'
import { readNotes } from '#shared/jobs/part.ts'
import type { SweepContext } from './context.ts'
import type { ReadPrice } from './costs.ts'
import { Counts } from './counts.ts'
import type { VerifyInput } from './input.ts'
import { nothingSpent } from './look.ts'
import { eachInOrder } from './pool.ts'
import type { OpenRepair, Repair } from './repair.ts'
import { mend } from './repair.ts'
import type { Found } from './sweep.ts'

export interface RepairCursor {
  /** So many findings are through. */
  mended: number
  /** The next one's repair, as far as it is. */
  open?: OpenRepair | undefined
}

export interface Repairing {
  context: SweepContext
  prices: readonly ReadPrice[]
  piecewiseBytes: number
}

const AT_ONCE = 4
const BATCH = AT_ONCE * 4
/** A store that does not answer is given so long before it is asked again. */
const STUCK_SECONDS = 30

export async function repairStep(
  { context, prices, piecewiseBytes }: Repairing,
  { ledger, id, input }: Pick<Job<VerifyInput>, 'ledger' | 'id' | 'input'>,
  part: Pick<Part<unknown, RepairCursor>, 'cursor' | 'mayGoOn' | 'note' | 'signal'>,
): Promise<Step<RepairCursor>> {
  const { mayGoOn, signal } = part
  const counts = new Counts({
    ...{ prices, followers: [], lateBefore: 0, spentBefore: 0, oldest: undefined },
  })
  const spent = context.places.map(nothingSpent)
  const mayTouchPrimary = input.repairPrimary ?? false
  const common = { mayTouchPrimary, piecewiseBytes, spent, mayGoOn, signal }
  let { mended = 0, open } = part.cursor ?? {}
  const leave = (cursor?: RepairCursor): Step<RepairCursor> => {
    counts.spend(spent)
    return { cursor, tally: counts.tally }
  }
  for await (const batch of batchesOf(ledger, id, { after: mended, piecewiseBytes })) {
    const done = await eachInOrder(
      batch,
      AT_ONCE,
      (found) => mend(context, found, { ...common, open, progress: {} }),
      mayGoOn,
    )
    for (const repair of done) {
      if (!('outcome' in repair)) {
        const isStuck = (repair.tries ?? 0) > (open?.tries ?? 0)
        return {
          ...leave({ mended, open: repair }),
          ...(isStuck && { delaySeconds: STUCK_SECONDS }),
        }
      }
      part.note('repairs', repair satisfies Repair)
      counts.count(`repair.${repair.outcome}`)
      mended++
    }
    open = undefined
    if (done.length < batch.length || !mayGoOn()) return leave({ mended })
  }
  return leave()
}

/** A large one is a batch by itself: only one repair can be left half done. */
async function* batchesOf(
  ledger: Ledger,
  id: string,
  { after, piecewiseBytes }: { after: number; piecewiseBytes: number },
): AsyncGenerator<Found[]> {
  let skip = after
  let batch: Found[] = []
  for await (const found of readNotes<Found>(ledger, id, 'findings')) {
    if (skip-- > 0) continue
    const isLarge = found.size > piecewiseBytes
    if (isLarge && batch.length > 0) {
      yield batch
      batch = []
    }
    batch.push(found)
    if (!isLarge && batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

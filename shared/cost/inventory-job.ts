// The part that every job of cost begins with: an inventory, page by page. What has been counted lies in one
// record with the place where the listing goes on, so that a page never counts twice.

import type { Job, Part, Step } from '#shared/jobs/job.ts'
import type { Store } from '#shared/storage/store.ts'
import type { InventoryTaking } from './inventory.ts'
import { takeInventory } from './inventory.ts'
import { keepInventory } from './ledger.ts'

const RECORD = 'inventory'
/** A record is written after so many pages at the latest. */
const PAGES = 50

type Kept = ReturnType<InventoryTaking['record']> & { isOver: boolean }

export interface InventoryOf {
  workspace: string
  stores: readonly Store[]
}

export async function inventoryStep(
  { workspace, stores }: InventoryOf,
  job: Job,
  part: Pick<Part<unknown, number>, 'mayGoOn' | 'signal' | 'tally'>,
): Promise<Step<number>> {
  const from = await job.ledger.read<Kept>(job.own(RECORD))
  const taking = takeInventory(workspace, stores, { now: job.now(), from })
  let isOver = from?.isOver ?? false
  for (let page = 0; page < PAGES && !isOver && part.mayGoOn(); page++)
    isOver = await taking.page(part.signal)
  await job.ledger.write(job.own(RECORD), { ...taking.record(), isOver } satisfies Kept)
  // What a step that died had written counts with the next one.
  const tally = { objects: taking.objects - (part.tally['objects'] ?? 0) }
  return isOver ? { tally } : { tally, cursor: taking.objects }
}

/** Afterwards: the inventory becomes the workspace's last one. */
export async function endInventory(job: Job): Promise<void> {
  const kept = await job.ledger.read<Kept>(job.own(RECORD))
  if (!kept) return
  const { workspace, stores, takenAt, histogram, unreachable } = kept
  await keepInventory(job.ledger, { workspace, stores, takenAt, histogram, unreachable })
  await job.ledger.remove(job.own(RECORD))
}

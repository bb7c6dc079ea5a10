// Skein's own word that a key was deleted, written before it is: what has vanished without one, or another sign
// of a deletion, may have been lost, and is never deleted elsewhere for that.

import { createHash } from 'node:crypto'
import type { ReplicationContext } from './context.ts'
import { markPlace, truthOf } from './context.ts'
import type { Origin } from '#shared/copy/mark.ts'
import { originOf } from '#shared/copy/mark.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from '#shared/workspaces/deadline.ts'

export interface Tombstone {
  key: string
  /** What was there to be deleted. */
  of?: Origin | undefined
  /** Where that was. */
  store?: string | undefined
  /** In milliseconds since the epoch. */
  at: number
}

const LATE_SECONDS = 3

export async function writeTombstone(context: ReplicationContext, key: string): Promise<void> {
  const of = await shownOf(context, key)
  const { primary: store } = context
  const tombstone: Tombstone = { key, ...(of && { of }), store, at: context.now() }
  await context.ledger.write(tombstoneName(context.name, key), tombstone)
}

/** What the truth lacks, and a store that was it before has, is shown from there. */
async function shownOf(context: ReplicationContext, key: string): Promise<Origin | undefined> {
  const place = markPlace(context)
  const truth = truthOf(context)
  const there = await truth.find(key)
  if (there) return originOf(place, truth.name, there)
  for (const name of Object.keys(context.state?.behind ?? {})) {
    const late = await findIfWell(context.stores.get(name), key)
    if (late) return originOf(place, name, late)
  }
  return undefined
}

/** A deletion waits for no store but the truth. */
async function findIfWell(store: Store | undefined, key: string): Promise<ObjectInfo | undefined> {
  try {
    const limit = { store: store?.name ?? '', seconds: LATE_SECONDS, signal: undefined }
    return await within(limit, async (signal) => store?.find(key, { signal }))
  } catch (error) {
    if (isStorageError(error)) return undefined
    throw error
  }
}

/** The same of a deletion that is taken over from the store which was the truth when it was made; with what is known, one. */
export async function keepTombstone(
  context: ReplicationContext,
  tombstone: Tombstone,
): Promise<void> {
  const known = await readTombstone(context, tombstone.key)
  const one = known ? merged(known, tombstone) : tombstone
  await context.ledger.write(tombstoneName(context.name, tombstone.key), one)
}

/** Covers what either does: of one store's versions up to the later one, of other stores' up to the later time. */
function merged(known: Tombstone, taken: Tombstone): Tombstone {
  const [first, last] = known.at > taken.at ? [taken, known] : [known, taken]
  const isFurther =
    first.of && first.of.store === last.of?.store && first.of.modified > last.of.modified
  return isFurther ? { ...last, of: first.of } : last
}

export function readTombstone(
  context: ReplicationContext,
  key: string,
): Promise<Tombstone | undefined> {
  return context.ledger.read<Tombstone>(tombstoneName(context.name, key))
}

/** What was deleted so long ago lies nowhere any more, or has been found. */
const KEPT_MILLISECONDS = 90 * 86_400_000
const A_STEP = 500

/** As long as a store may come back with what it held, all are kept. */
export async function sweepTombstones(
  { ledger, name, now, state }: ReplicationContext,
  cursor: string | undefined,
): Promise<string | undefined> {
  if (state && Object.keys(state.behind).length > 0) return undefined
  const page = await ledger.list(`tombstones/${name}/`, { cursor, limit: A_STEP })
  const before = now() - KEPT_MILLISECONDS
  const old = page.entries.filter(({ written }) => written.getTime() < before)
  if (old.length > 0) await ledger.remove(...old.map((entry) => entry.name))
  return page.cursor
}

/** Of a workspace's ledger. */
export function tombstoneName(workspace: string, key: string): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32)
  return `tombstones/${workspace}/${hash}`
}

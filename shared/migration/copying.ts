// What was decided, done: each write on condition that the destination is still as it was seen, what it takes the
// place of kept aside first. One object's failure is told and stops nobody.

import type { PairRecord } from '#shared/compare/pair.ts'
import { heldMode } from '#shared/copy/condition.ts'
import { copyObject } from '#shared/copy/copy.ts'
import type { Loss } from '#shared/copy/job.ts'
import type { PutMode } from '#shared/storage/contract.ts'
import { knownByCopying } from '#shared/sync/known.ts'
import { changedMeanwhile, removeIfSame } from './conditional.ts'
import type { Deciding, Decision, Note, Outcome, Over, Row } from './deciding.ts'
import { asideOf, copyAll } from './journal.ts'

export interface Copying extends Deciding {
  mayGoOn: () => boolean
  /** Bytes of an object that have arrived since the last time. */
  onBytes: (bytes: number) => void
}

type Of<Does extends Decision['does']> = Extract<Decision, { does: Does }>

/** Fails where it could not be done. */
export async function carryOut(copying: Copying, row: Row, decision: Decision): Promise<Outcome> {
  if (decision.does === 'nothing') return decision.outcome
  if (decision.does === 'copy') return copyOne(copying, row, decision)
  if (decision.does === 'remove') return removeOne(copying, row, decision)
  return carryOne(copying, row)
}

async function copyOne(
  copying: Copying,
  { key, to: there }: Row,
  { from, over }: Of<'copy'>,
): Promise<Outcome> {
  const { ends, context, input, mayGoOn } = copying
  const { from: source, to: target } = ends
  const aside = over && over.is !== 'ours' ? await putAside(copying, key, over) : []
  const { storageClass } = input
  const copied = await copyObject({
    from: source.store,
    to: target.store,
    key: source.base + key,
    toKey: target.base + key,
    mode: modeOf(copying, over),
    size: from.size,
    ...(storageClass !== undefined && { storageClass }),
    onProgress: counting(copying),
    mayGoOn,
  })
  const { size } = copied.source
  if (copied.how !== 'provider') ends.sent(size - copied.resumedBytes)
  const tally = {
    ...{ objects: 1, copied: 1, 'copied.bytes': size, 'resumed.bytes': copied.resumedBytes },
    ...(there && { replaced: 1 }),
  }
  return {
    record: knownByCopying(copied, from, context.now()),
    tally,
    notes: [...aside, ...lossesOf(key, copied.losses)],
  }
}

/** What is new was seen by the listing; what is overwritten is looked at again where the store holds no condition. */
function modeOf({ ends: { to } }: Copying, over: Over | undefined): PutMode {
  if (over) return { ifMatch: over.object.etag }
  return heldMode('create', to.store.capabilities.put)
}

/** So that each byte counts once, and less when a copy begins anew. */
function counting({ onBytes }: Copying): (bytes: number) => void {
  let before = 0
  return (bytes) => {
    onBytes(bytes - before)
    before = bytes
  }
}

async function putAside(
  { id, ends: { to } }: Copying,
  key: string,
  { object, is }: Over,
): Promise<Note[]> {
  const info = await to.store.find(to.base + key)
  if (info?.etag !== object.etag) throw changedMeanwhile(to.store, key)
  const aside = asideOf(id, key, object.etag)
  await copyAll(to.store, info, aside)
  if (is === 'foreign') return []
  return [{ list: 'left', item: { key, why: doubtOf(aside) } }]
}

export function doubtOf(aside: string): string {
  return `What was there may have been somebody else's, written while this migration was broken off; it is kept under ${aside}.`
}

async function removeOne(
  { ends: { from, to } }: Copying,
  { key, record }: Row,
  { to: there }: Of<'remove'>,
): Promise<Outcome> {
  // A listing that is out of date deletes nothing.
  if (await from.store.find(from.base + key)) return { record }
  const isGone = await removeIfSame(to.store, to.base + key, there.etag)
  return isGone ? { record: undefined, tally: { deleted: 1 } } : { record }
}

/** A workspace's own replication makes the pair agree, with its marks and its evidence. */
async function carryOne({ context, ends, mayGoOn }: Copying, row: Row): Promise<Outcome> {
  const { key, from, to } = row
  const { record, bytes, deleted, losses } = await context.switchable!.carry(
    context.to.store.name,
    key,
    row,
    mayGoOn,
  )
  const notes = lossesOf(key, losses)
  if (deleted) return { record, notes, tally: { deleted: 1 } }
  if (!from) return { record, notes }
  const wasCopied = bytes > 0 || !to
  if (wasCopied) ends.sent(bytes)
  const tally = wasCopied ? { copied: 1, 'copied.bytes': bytes } : { compared: 1 }
  return { record, notes, tally: { objects: 1, ...tally } }
}

function lossesOf(key: string, losses: readonly Loss[]): Note[] {
  return losses.map(({ what, reason }) => ({ list: 'losses', item: { key, what, reason } }))
}

/** What it is known by stays: it tells which of the two has changed. */
export function failed(key: string, record: PairRecord | undefined, error: unknown): Outcome {
  const why = error instanceof Error ? error.message : String(error)
  const notes: Note[] = [{ list: 'failed', item: { key, why } }]
  return { record, tally: { objects: 1, failed: 1 }, notes }
}

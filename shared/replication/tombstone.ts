// Skein's own word that a key was deleted, written before it is: what has vanished without one, or another sign
// of a deletion, may have been lost, and is never deleted elsewhere for that.

import { createHash } from 'node:crypto'
import type { ReplicationContext } from './context.ts'
import { markPlace, truthOf } from './context.ts'
import type { Origin } from './mark.ts'
import { originOf } from './mark.ts'

export interface Tombstone {
  key: string
  /** What was there to be deleted. */
  of?: Origin | undefined
  /** In milliseconds since the epoch. */
  at: number
}

export async function writeTombstone(context: ReplicationContext, key: string): Promise<void> {
  const truth = truthOf(context)
  const there = await truth.find(key)
  const of = there && originOf(markPlace(context), truth.name, there)
  const tombstone: Tombstone = { key, ...(of && { of }), at: context.now() }
  await context.ledger.write(nameOf(context, key), tombstone)
}

export function readTombstone(
  context: ReplicationContext,
  key: string,
): Promise<Tombstone | undefined> {
  return context.ledger.read<Tombstone>(nameOf(context, key))
}

function nameOf({ name }: ReplicationContext, key: string): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32)
  return `tombstones/${name}/${hash}`
}

// The brake on deletions: a workspace that suddenly deletes more than it is plausible that somebody means to
// asks a person first. Every process counts its own and leaves its count as the name of one empty record, so
// that a listing adds them up and no key is written by all.

import { randomBytes } from 'node:crypto'
import type { ReplicationContext } from './context.ts'
import { isHolding } from './postponed.ts'

/** The larger of these an hour at one replica. */
const OBJECTS = 100
const SHARE = 0.01

/** What this process has deleted at one store in an hour. */
interface Count {
  hour: string
  id: string
  deleted: number
  /** The record that tells of it. */
  left: string | undefined
}

export type DeletionCounts = Map<string, Count>

/** Counts one deletion more; false once there were too many, and as long as some wait for a person. */
export async function mayDelete(context: ReplicationContext, store: string): Promise<boolean> {
  const count = countOf(context, store)
  count.deleted += 1
  const limit = Math.max(OBJECTS, Math.floor((await sizeOf(context)) * SHARE))
  // Of a large number a hundredth more or less is no matter.
  const every = Math.floor(limit / OBJECTS)
  if (count.deleted % every === 0) await leave(context, store, count)
  const others = await countOthers(context, store, count)
  return others + count.deleted <= limit && !(await isHolding(context))
}

/** As the last whole resync counted. */
async function sizeOf({ ledger, name }: ReplicationContext): Promise<number> {
  return (await ledger.read<{ objects: number }>(`replication/${name}/size`))?.objects ?? 0
}

function countOf(context: ReplicationContext, store: string): Count {
  const hour = new Date(context.now()).toISOString().slice(0, 13)
  const known = context.deletions.get(store)
  if (known?.hour === hour) return known
  const id = randomBytes(6).toString('hex')
  const count: Count = { hour, id, deleted: 0, left: undefined }
  context.deletions.set(store, count)
  return count
}

async function leave(context: ReplicationContext, store: string, count: Count): Promise<void> {
  const { ledger } = context
  const name = `${folderOf(context, store, count)}${count.id}-${count.deleted}`
  await ledger.write(name, {})
  const before = count.left
  count.left = name
  if (before !== undefined) await ledger.remove(before)
}

async function countOthers(
  context: ReplicationContext,
  store: string,
  count: Count,
): Promise<number> {
  const { entries } = await context.ledger.list(folderOf(context, store, count))
  const byProcess = new Map<string, number>()
  for (const { name } of entries) {
    const [id = '', deleted] = name.slice(name.lastIndexOf('/') + 1).split('-')
    byProcess.set(id, Math.max(byProcess.get(id) ?? 0, Number(deleted)))
  }
  byProcess.delete(count.id)
  return [...byProcess.values()].reduce((sum, deleted) => sum + deleted, 0)
}

function folderOf({ name }: ReplicationContext, store: string, { hour }: Count): string {
  return `replication/${name}/deleted/${store}/${hour}/`
}

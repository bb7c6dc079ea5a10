// Deletions that wait: for their time, in hourly buckets that a schedule looks into, or for a person's word.
// Each is one small record with the task that will do it.

import { createHash } from 'node:crypto'
import type { Change } from './change.ts'
import type { ReplicationContext } from './context.ts'
import type { ReplicateTask } from './task.ts'
import { replicateTask } from './task.ts'

const A_STEP = 200

export async function postponeDelete(
  context: ReplicationContext,
  change: Change,
  { deletedAt, dueAt }: { deletedAt: number; dueAt: number },
): Promise<void> {
  const task = taskOf(context, change, { since: deletedAt, deleted: deletedAt, due: true })
  // The bucket after the one that it falls into, so that all of a bucket is due when it is looked into.
  const bucket = hourOf(dueAt + HOUR)
  await context.ledger.write(`${dueFolder(context)}${bucket}/${idOf(change)}`, task)
}

export async function holdDelete(
  context: ReplicationContext,
  change: Change,
  deletedAt: number,
): Promise<void> {
  const task = taskOf(context, change, {
    ...{ since: deletedAt, deleted: deletedAt, due: true, confirmed: true },
  })
  await context.ledger.write(`${heldFolder(context)}${idOf(change)}`, task)
}

export async function isHolding(context: ReplicationContext): Promise<boolean> {
  return (await context.ledger.list(heldFolder(context), { limit: 1 })).entries.length > 0
}

/** How many deletions wait for a person, up to what one listing tells. */
export async function countHeld(context: ReplicationContext): Promise<number> {
  return (await context.ledger.list(heldFolder(context))).entries.length
}

/** One bounded step; true when there may be more. */
export function sendDue(context: ReplicationContext): Promise<{ sent: number; more: boolean }> {
  const now = `${dueFolder(context)}${hourOf(context.now())}/~`
  return sendRecorded(context, dueFolder(context), (name) => name <= now)
}

/** The same for those that a person has allowed. */
export function sendHeld(context: ReplicationContext): Promise<{ sent: number; more: boolean }> {
  return sendRecorded(context, heldFolder(context), () => true)
}

async function sendRecorded(
  context: ReplicationContext,
  folder: string,
  isWanted: (name: string) => boolean,
): Promise<{ sent: number; more: boolean }> {
  const { ledger, send } = context
  const { entries, cursor } = await ledger.list(folder, { limit: A_STEP })
  const names = entries.map(({ name }) => name).filter(isWanted)
  const tasks = await Promise.all(names.map((name) => ledger.read<ReplicateTask>(name)))
  // Sent first: whoever dies in between sends them twice.
  await send(tasks.filter((task) => task !== undefined))
  if (names.length > 0) await ledger.remove(...names)
  return { sent: names.length, more: names.length === entries.length && cursor !== undefined }
}

function taskOf(
  { name, state, primary }: ReplicationContext,
  { key, to }: Change,
  fields: Pick<ReplicateTask, 'since' | 'deleted' | 'due' | 'confirmed'>,
): ReplicateTask {
  const at = state && { at: primary }
  return replicateTask({ workspace: name, key, to: to.name, ...at, ...fields })
}

const HOUR = 3_600_000

function hourOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 13)
}

function dueFolder({ name }: ReplicationContext): string {
  return `replication/${name}/due/`
}

function heldFolder({ name }: ReplicationContext): string {
  return `replication/${name}/held/`
}

function idOf({ key, to }: Change): string {
  return createHash('sha256').update(`${to.name}\n${key}`).digest('hex').slice(0, 32)
}

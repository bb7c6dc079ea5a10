// What is not as it should be, one small record each in the ledger: changes that are late at a replica, tasks
// that were given up and wait to be replayed, and findings that a person has to decide. Whatever goes well
// at the first try leaves no note and costs no request.

import { createHash } from 'node:crypto'
import type { ReplicationContext } from './context.ts'
import type { FindingKind } from './change.ts'
import type { ReplicateFields, ReplicateTask } from './task.ts'
import { replicateTask } from './task.ts'

/** `late`: it is being tried again. `set-aside`: it is not, until it is replayed. */
export type NoteKind = 'late' | 'set-aside' | 'finding'

export interface Note {
  task: ReplicateTask
  reason: string
  /** In milliseconds since the epoch. */
  at: number
  attempts?: number | undefined
  finding?: FindingKind | undefined
}

export interface Noted {
  count: number
  /** The figure is the least there is. */
  more: boolean
  /** Of the oldest change among them. */
  oldestSince: number | undefined
}

const KINDS: readonly NoteKind[] = ['late', 'set-aside', 'finding']

export async function writeNote(
  context: ReplicationContext,
  kind: NoteKind,
  fields: ReplicateFields,
  { reason, ...about }: Pick<Note, 'reason' | 'attempts' | 'finding'>,
): Promise<void> {
  const task = replicateTask({ ...fields, noted: true })
  const note: Note = { task, reason: reason.slice(0, 500), at: context.now(), ...about }
  await context.ledger.write(nameOf(context, kind, fields), note)
}

/** Those of other kinds go: a task is in one state. */
export async function clearNotes(
  context: ReplicationContext,
  fields: ReplicateFields,
  except?: NoteKind,
): Promise<void> {
  const kinds = KINDS.filter((kind) => kind !== except)
  await context.ledger.remove(...kinds.map((kind) => nameOf(context, kind, fields)))
}

/** Of changes to one store that were made before then: whoever has looked at all of them has seen to these. */
export async function clearNotesBefore(
  context: ReplicationContext,
  store: string,
  before: number,
): Promise<void> {
  for (const kind of ['late', 'set-aside'] as const) {
    const folder = folderOf(context, kind, store)
    let cursor: string | undefined
    do {
      const page = await context.ledger.list(folder, { cursor })
      const names = page.entries.map(({ name }) => name).filter((name) => sinceOf(name) < before)
      if (names.length > 0) await context.ledger.remove(...names)
      cursor = names.length === page.entries.length ? page.cursor : undefined
    } while (cursor !== undefined)
  }
}

/** Names begin with the time, so the first page tells the oldest. */
export async function countNotes(
  context: ReplicationContext,
  kind: NoteKind,
  store: string,
): Promise<Noted> {
  const { entries, cursor } = await context.ledger.list(folderOf(context, kind, store))
  const oldest = entries[0]?.name
  return {
    count: entries.length,
    more: cursor !== undefined,
    oldestSince: oldest === undefined ? undefined : sinceOf(oldest),
  }
}

/** The oldest first. */
export async function readNotes(
  context: ReplicationContext,
  kind: NoteKind,
  store: string,
  limit: number,
): Promise<Note[]> {
  const { entries } = await context.ledger.list(folderOf(context, kind, store), { limit })
  const notes = await Promise.all(entries.map(({ name }) => context.ledger.read<Note>(name)))
  return notes.filter((note) => note !== undefined)
}

const DIGITS = 14

function nameOf(context: ReplicationContext, kind: NoteKind, fields: ReplicateFields): string {
  const { key, to, since } = fields
  // A finding is about the key, whenever and however often it is found.
  const at = kind === 'finding' ? 0 : Math.trunc(since)
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 24)
  return `${folderOf(context, kind, to)}${String(at).padStart(DIGITS, '0')}-${hash}`
}

function sinceOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('/') + 1).slice(0, DIGITS))
}

function folderOf({ name }: ReplicationContext, kind: NoteKind, store: string): string {
  return `replication/${name}/${kind}/${store}/`
}

// What was set aside or found, sent on its way again once somebody has seen to the cause; and what has been late for
// longer than it is tried, whose task somebody lost.

import type { ReplayRequest, ReplayResponse } from '#shared/client/protocol.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed } from './context.ts'
import type { Note, NoteKind } from './notes.ts'
import { clearNotes, readNotes, writeNote } from './notes.ts'
import { sendHeld } from './postponed.ts'

/** Of each store and kind, at one call. */
const A_CALL = 100
/** A task that is tried says so again well within that time. */
const LOST_MILLISECONDS = 7_200_000

export async function replay(
  context: ReplicationContext,
  { store, key, deletes = false }: ReplayRequest,
): Promise<ReplayResponse> {
  const stores =
    store === undefined ? [...context.stores.keys()] : [storeNamed(context, store).name]
  const read = (kind: NoteKind) =>
    Promise.all(stores.map((one) => readNotes(context, kind, one, A_CALL)))
  const pages = [...(await read('set-aside')), ...(await read('finding'))]
  const lost = (await read('late'))
    .flat()
    .filter(({ at }) => at < context.now() - LOST_MILLISECONDS)
  const notes = [...pages.flat(), ...lost].filter(
    ({ task }) => key === undefined || task.key === key,
  )
  await sendNotes(context, notes)
  const held = deletes ? await sendHeld(context) : { sent: 0, more: false }
  const more = held.more || pages.some(({ length }) => length === A_CALL)
  return { replayed: notes.length, deletes: held.sent, more }
}

/** They count as late first: a task that fails at once says so itself, and nothing is to speak against it then. */
async function sendNotes(context: ReplicationContext, notes: readonly Note[]): Promise<void> {
  await Promise.all(notes.map((note) => keepAs(context, 'late', note)))
  try {
    await context.send(notes.map(({ task }) => task))
  } catch (error) {
    const back = notes.map((note) => keepAs(context, note.finding ? 'finding' : 'set-aside', note))
    await Promise.allSettled(back)
    throw error
  }
}

async function keepAs(
  context: ReplicationContext,
  kind: NoteKind,
  { task, reason, attempts, finding }: Note,
): Promise<void> {
  await writeNote(context, kind, task, { reason, attempts, ...(kind !== 'late' && { finding }) })
  await clearNotes(context, task, kind)
}

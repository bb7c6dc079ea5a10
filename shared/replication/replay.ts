// What was set aside or found, sent on its way again once somebody has seen to the cause.

import type { ReplayRequest, ReplayResponse } from '#shared/client/protocol.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed } from './context.ts'
import type { Note } from './notes.ts'
import { clearNotes, readNotes, writeNote } from './notes.ts'
import { sendHeld } from './postponed.ts'

/** Of each store and kind, at one call. */
const A_CALL = 100

export async function replay(
  context: ReplicationContext,
  { store, key, deletes = false }: ReplayRequest,
): Promise<ReplayResponse> {
  const stores =
    store === undefined ? [...context.stores.keys()] : [storeNamed(context, store).name]
  const pages = await Promise.all(
    stores.flatMap((one) => [
      readNotes(context, 'set-aside', one, A_CALL),
      readNotes(context, 'finding', one, A_CALL),
    ]),
  )
  const notes = pages.flat().filter(({ task }) => key === undefined || task.key === key)
  // Sent first: whoever dies in between sends them twice.
  await context.send(notes.map(({ task }) => task))
  await Promise.all(notes.map((note) => nowLate(context, note)))
  const held = deletes ? await sendHeld(context) : { sent: 0, more: false }
  const more = held.more || pages.some(({ length }) => length === A_CALL)
  return { replayed: notes.length, deletes: held.sent, more }
}

/** It counts as on its way until its task says otherwise. */
async function nowLate(context: ReplicationContext, { task, reason }: Note): Promise<void> {
  await writeNote(context, 'late', task, { reason })
  await clearNotes(context, task, 'late')
}

// From an accepted upload to its copies. What a client has been told is there must reach the replicas, so a
// completion is answered only when its tasks are kept; a client that asks again, because they were not, has
// them made then.

import { CopyPaused } from '#shared/copy/in-parts.ts'
import type { CompletedObject } from '#shared/client/protocol.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { agree } from './agree.ts'
import { changeTasks } from './changed.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed, truthOf } from './context.ts'
import { EpochMoved } from './epochs.ts'
import { writeNote } from './notes.ts'

export interface Completions {
  /** Told once of each upload, whoever completed it: its tasks are kept, or this fails. */
  accepted(object: CompletedObject): Promise<void>
  /** Before a client is answered. Where the rules ask for it, waits for as many copies. */
  settled(object: CompletedObject): Promise<void>
}

/** What came in by a sweep is never settled; so many are remembered. */
const REMEMBERED = 1000
/** A function that answers a client has half a minute; a longer copy goes on by the queue. */
const SYNC_SECONDS = 20

export function createCompletions(
  rules: ReplicationContext['rules'],
  open: () => Promise<ReplicationContext>,
): Completions {
  /** Accepted here, and their tasks are kept. */
  const announced = new Set<string>()

  async function announce(object: CompletedObject): Promise<void> {
    const { key, size, completedAt, store } = object
    const context = await open()
    const at = context.state && store
    const tasks = changeTasks(context, key, { since: Date.parse(completedAt), size, at })
    try {
      await context.send(tasks)
    } catch (error) {
      // The client may never ask again: then at least somebody can see it, and replay it.
      const reason = error instanceof Error ? error.message : String(error)
      const notes = tasks.map((task) => writeNote(context, 'set-aside', task, { reason }))
      await Promise.allSettled(notes)
      throw error
    }
  }

  return {
    async accepted(object) {
      if (rules.mode === 'manual') return
      await announce(object)
      announced.add(nameOf(object))
      const [oldest] = announced
      if (announced.size > REMEMBERED && oldest !== undefined) announced.delete(oldest)
    },
    async settled(object) {
      if (rules.mode === 'manual') return
      if (!announced.delete(nameOf(object))) await announce(object)
      if (rules.mode === 'sync') await copyNow(await open(), object)
    },
  }
}

function nameOf({ key, etag, version }: CompletedObject): string {
  return JSON.stringify([key, etag, version])
}

/** To the first replicas that take it, as many as the rules ask for. */
async function copyNow(
  context: ReplicationContext,
  { key, size, store }: CompletedObject,
): Promise<void> {
  const { rules, stores, primary, now } = context
  // It came by a URL of before the truth moved, and is taken over first.
  if (context.state && store !== primary) return
  const replicas = [...stores.keys()].filter((name) => name !== primary)
  const wanted = Math.min(rules.waitFor, replicas.length)
  const end = now() + SYNC_SECONDS * 1000
  const from = truthOf(context)
  const copyTo = async (name: string): Promise<boolean> => {
    const to = storeNamed(context, name)
    const mayGoOn = () => now() < end
    const change = { key, from, to, size, only: rules.only, fresh: true, mayGoOn }
    return agree(context, change).then(() => true, isPassing)
  }
  // As many at once as are wanted; each that fails is stood in for by the next.
  let copies = 0
  const lane = async (): Promise<void> => {
    for (let name = replicas.shift(); name !== undefined; name = replicas.shift()) {
      if (!(await copyTo(name))) continue
      copies += 1
      return
    }
  }
  await Promise.all(Array.from({ length: wanted }, lane))
  if (copies < wanted) throw tooFew(from.name, key, copies, wanted)
}

function isPassing(error: unknown): false {
  if (isStorageError(error) || error instanceof CopyPaused) return false
  if (error instanceof EpochMoved) return false
  throw error
}

function tooFew(store: string, key: string, copies: number, wanted: number): StorageError {
  const message = `${quoteKey(key)} is in ${store} and at ${copies} of the ${wanted} replicas that the workspace waits for; the others follow, so complete it again in a while.`
  return new StorageError('unavailable', message, { store, key, retryAfterSeconds: 5 })
}

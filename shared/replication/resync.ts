// Everything below a prefix, held against one replica by their listings: what differs, or may, gets a task of
// its own, which looks and acts. One bounded step at a time; a store that cannot be asked is waited for.

import * as z from '#shared/shape/shape.ts'
import type { ListedObject } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed } from './context.ts'
import { selectsKey } from './rules.ts'
import { replicateTask } from './task.ts'

const text = z.string().check(z.minLength(1))

export const resyncFields = z.object({
  workspace: text,
  to: text,
  prefix: z.string(),
  /** Looks at every key: times of two stores prove nothing. */
  thorough: z.optional(z.boolean()),
  cursor: z.optional(text),
  /** The truth that the cursor is of, where it may move. */
  from: z.optional(text),
  /** Objects at the truth so far. */
  objects: z.optional(z.number()),
})

export type ResyncFields = z.infer<typeof resyncFields>
export type ResyncTask = ResyncFields & { v: 1; kind: 'resync' }

const ROWS_A_STEP = 500

export function resyncTask(fields: ResyncFields): ResyncTask {
  return { v: 1, kind: 'resync', ...fields }
}

/** The step that follows, when there is one. */
export async function resyncStep(
  context: ReplicationContext,
  workspace: Workspace,
  fields: ResyncFields,
): Promise<readonly ResyncTask[]> {
  const { to, prefix, thorough = false, cursor } = fields
  storeNamed(context, to)
  const from = context.state && context.primary
  if (to === from) return []
  if (cursor !== undefined && from !== fields.from) {
    return [resyncTask({ ...fields, from, cursor: undefined, objects: 0 })]
  }
  const replicas = workspace.replicas.filter(({ name }) => name === to)
  const pair = { ...workspace, replicas }
  const page = await listObjects(pair, { prefix, cursor, limit: ROWS_A_STEP, stores: 'all' })
  const [silent] = page.unreachable ?? []
  if (silent !== undefined) throw unanswered(silent)
  const since = context.now()
  const tasks = page.objects
    .filter(({ key }) => selectsKey(context.rules.only, key))
    .filter((object) => thorough || mayDiffer(object))
    .map(({ key }) =>
      replicateTask({ workspace: context.name, key, to, since, ...(from && { at: from }) }),
    )
  await context.send(tasks)
  const here = page.objects.filter(({ stores }) => stores?.[0]?.state === 'present').length
  const objects = (fields.objects ?? 0) + here
  if (page.cursor !== undefined) {
    return [resyncTask({ ...fields, cursor: page.cursor, objects, ...(from && { from }) })]
  }
  // What the brake on deletions measures a sudden many by.
  if (prefix === '') await context.ledger.write(`replication/${context.name}/size`, { objects })
  return []
}

/** A copy is of its source's size, and never older. */
function mayDiffer({ stores = [] }: ListedObject): boolean {
  const [source, copy] = stores
  if (source?.state !== 'present' || copy?.state !== 'present') return true
  if (source.size !== copy.size) return true
  return Date.parse(copy.modified ?? '') <= Date.parse(source.modified ?? '')
}

function unanswered(store: string): StorageError {
  const message = `${store} could not be listed, so the comparison waits for it.`
  return new StorageError('unavailable', message, { store })
}

// An object of Skein's own that goes the way of all others, so that it is known how long that takes even when
// nothing else is on its way. The times of the last ones written are kept, and of each replica the last one
// that arrived.

import type { Task } from '#shared/platform.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { ReplicationContext } from './context.ts'
import { truthOf } from './context.ts'
import type { ReplicateFields } from './task.ts'
import { replicateTask } from './task.ts'

interface Written {
  /** In milliseconds since the epoch, the oldest first. */
  times: number[]
}

interface Arrived {
  writtenAt: number
  arrivedAt: number
}

export interface CanaryState {
  /** How long the last one that arrived took. */
  tookSeconds: number | undefined
  arrivedAt: number | undefined
  /** When the oldest was written that has not arrived. */
  waitingSince: number | undefined
}

/** One that has not arrived when so many came after it has long been missed. */
const KEPT = 50

/** Writes the next one; the tasks that carry it. */
export async function writeCanary(context: ReplicationContext): Promise<Task[]> {
  const { name: workspace, ledger, primary, stores, state } = context
  const since = context.now()
  const key = `${RESERVED_PREFIX}canary/${workspace}`
  const text = JSON.stringify({ written: new Date(since).toISOString() })
  await truthOf(context).put(key, text, { contentType: 'application/json' })
  const { times = [] } = (await ledger.read<Written>(writtenName(context))) ?? {}
  await ledger.write(writtenName(context), { times: [...times, since].slice(-KEPT) })
  const followers = [...stores.keys()].filter((store) => store !== primary)
  return followers.map((to) => {
    const at = state && { at: primary }
    return replicateTask({ workspace, key, to, since, canary: true, ...at })
  })
}

export async function noteArrival(
  context: ReplicationContext,
  { to, since }: ReplicateFields,
): Promise<void> {
  const arrived: Arrived = { writtenAt: since, arrivedAt: context.now() }
  await context.ledger.write(arrivedName(context, to), arrived)
}

export async function canaryState(
  context: ReplicationContext,
  store: string,
): Promise<CanaryState> {
  const { ledger } = context
  const [written, arrived] = await Promise.all([
    ledger.read<Written>(writtenName(context)),
    ledger.read<Arrived>(arrivedName(context, store)),
  ])
  const last = arrived?.writtenAt ?? 0
  return {
    tookSeconds: arrived && (arrived.arrivedAt - arrived.writtenAt) / 1000,
    arrivedAt: arrived?.arrivedAt,
    waitingSince: written?.times.find((time) => time > last),
  }
}

function writtenName({ name }: ReplicationContext): string {
  return `replication/${name}/canary`
}

function arrivedName({ name }: ReplicationContext, store: string): string {
  return `replication/${name}/canary-at/${store}`
}

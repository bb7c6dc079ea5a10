// Whether the store that takes the writes still takes them: asked once a minute, and counted in the ledger, so that
// it is no single instance's opinion. After as many failures in a row as the rules ask for, over as long a
// time, the truth moves to the first stand-in that answers and holds all that it should.

import { isUnwell } from '#shared/storage/circuits.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from '#shared/workspaces/deadline.ts'
import type { ReplicationContext } from './context.ts'
import { truthOf } from './context.ts'
import { failOver } from './failover.ts'
import type { FailoverRules } from './rules.ts'

interface Failures {
  epoch: number
  count: number
  /** When the first of them was, in milliseconds since the epoch. */
  since: number
}

const PROBE_SECONDS = 10

/** True when the truth has moved. */
export async function probeTruth(context: ReplicationContext): Promise<boolean> {
  const { rules, ledger, name, now, state } = context
  const { automatic } = rules.failover ?? {}
  if (!automatic || !state) return false
  const record = `replication/${name}/probes`
  const problem = await problemOf(context, truthOf(context))
  if (problem === undefined) {
    if (await ledger.read<Failures>(record)) await ledger.remove(record)
    return false
  }
  const { epoch } = state
  const { count, since } = await ledger.change<Failures>(record, (found) =>
    found?.epoch === epoch
      ? { ...found, count: found.count + 1 }
      : { epoch, count: 1, since: now() },
  )
  const seconds = (now() - since) / 1000
  if (count < automatic.failures || seconds < automatic.overSeconds) return false
  const to = await standIn(context, rules.failover!)
  if (to === undefined) return false
  const reason = `${count} probes in a row failed over ${Math.round(seconds)} seconds: ${problem}`
  const moved = await failOver(context, { to, reason }, 'skein', epoch)
  return moved.epoch !== epoch
}

/** Undefined where it takes a write; an error that is an answer is no outage. */
async function problemOf(context: ReplicationContext, store: Store): Promise<string | undefined> {
  const key = `${RESERVED_PREFIX}probe/${context.name}`
  const limit = { store: store.name, seconds: PROBE_SECONDS, signal: undefined }
  try {
    await within(limit, (signal) => store.put(key, '', { signal }))
    return undefined
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return isUnwell(error.kind) ? error.message : undefined
  }
}

/** One that is behind would lack what was acknowledged elsewhere. */
async function standIn(
  context: ReplicationContext,
  { to }: FailoverRules,
): Promise<string | undefined> {
  const { home, primary, state, stores } = context
  for (const name of [...to, home]) {
    const store = stores.get(name)
    if (!store || name === primary || state?.behind[name]) continue
    if ((await problemOf(context, store)) === undefined) return name
  }
  return undefined
}

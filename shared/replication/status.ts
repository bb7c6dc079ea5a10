// What is not yet where it should be: for each replica the age of the oldest change that is known not to be
// there, what was given up, and what a person has to decide.

import type { ReplicationProblem, ReplicationStatus } from '#shared/client/protocol.ts'
import { canaryState } from './canary.ts'
import type { ReplicationContext } from './context.ts'
import { failoverOf } from './failover.ts'
import type { NoteKind } from './notes.ts'
import { countNotes, readNotes } from './notes.ts'
import { countHeld } from './postponed.ts'

type ReplicaStatus = ReplicationStatus['replicas'][number]

/** Of each replica and kind. */
const SHOWN = 20

export async function replicationStatus(context: ReplicationContext): Promise<ReplicationStatus> {
  const { name, primary, home, rules, stores } = context
  const followers = [...stores.keys()].filter((store) => store !== primary)
  const [replicas, heldDeletes, problems] = await Promise.all([
    Promise.all(followers.map((store) => replicaStatus(context, store))),
    countHeld(context),
    Promise.all(
      followers.flatMap((store) => [
        problemsAt(context, store, 'set-aside'),
        problemsAt(context, store, 'finding'),
        problemsAt(context, store, 'late'),
      ]),
    ),
  ])
  return {
    workspace: name,
    mode: rules.mode,
    primary: home,
    ...failoverOf(context),
    replicas,
    heldDeletes,
    problems: problems.flat(),
  }
}

export async function replicaStatus(
  context: ReplicationContext,
  store: string,
): Promise<ReplicaStatus> {
  const [late, setAside, findings, canary] = await Promise.all([
    countNotes(context, 'late', store),
    countNotes(context, 'set-aside', store),
    countNotes(context, 'finding', store),
    canaryState(context, store),
  ])
  const since = [late.oldestSince, setAside.oldestSince, canary.waitingSince]
  const oldest = since.filter((time) => time !== undefined).toSorted((a, b) => a - b)[0]
  const lag = oldest === undefined ? 0 : Math.max(context.now() - oldest, 0) / 1000
  return {
    store,
    lagSeconds: lag,
    late: late.count,
    setAside: setAside.count,
    findings: findings.count,
    ...([late, setAside, findings].some(({ more }) => more) && { atLeast: true as const }),
    ...(oldest !== undefined && { oldestChange: new Date(oldest).toISOString() }),
    ...(canary.tookSeconds !== undefined && { canarySeconds: canary.tookSeconds }),
    ...(canary.arrivedAt !== undefined && {
      canaryArrivedAt: new Date(canary.arrivedAt).toISOString(),
    }),
  }
}

async function problemsAt(
  context: ReplicationContext,
  store: string,
  kind: NoteKind,
): Promise<ReplicationProblem[]> {
  const notes = await readNotes(context, kind, store, SHOWN)
  return notes.map(({ task, reason, attempts, finding }) => ({
    kind: finding ?? (kind === 'late' ? 'late' : 'set-aside'),
    store,
    key: task.key,
    since: new Date(task.since).toISOString(),
    reason,
    ...(attempts !== undefined && { attempts }),
  }))
}

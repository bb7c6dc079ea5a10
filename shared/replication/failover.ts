// The truth moves: to a replica, at once, when the store that was it fails; and back again in three steps: the
// primary is brought up to date while the other goes on taking writes, then it is the truth by one
// compare-and-set, then what URLs of the other still write there is taken over until none can be left.

import type {
  FailbackRequest,
  FailoverRequest,
  FailoverStatus,
  ReplicationStatus,
} from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Behind, EpochChange, States, WorkspaceState } from '#shared/workspaces/state.ts'
import { STATE_TERM_SECONDS } from '#shared/workspaces/state.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed } from './context.ts'

/** No single request for an upload takes longer. */
const LONGEST_PUT_SECONDS = 6 * 3600
/** A session of Google's outlives the URL that began it. https://cloud.google.com/storage/docs/resumable-uploads */
const SESSION_SECONDS = 7 * 86_400
const CHANGES_KEPT = 50

/** With `epoch`, only out of that one: whoever decided in it does not know of another move. */
export async function failOver(
  context: ReplicationContext,
  { to, reason }: FailoverRequest,
  by: string,
  epoch?: number,
): Promise<WorkspaceState> {
  const { now } = context
  const states = statesOf(context)
  checkStandIn(context, to)
  return states.change((state) => {
    const { acting } = state
    if (epoch !== undefined && state.epoch !== epoch) return state
    if (acting === to) throw isActing(context, to)
    const at = now()
    const left = { since: at, lateUntil: at + lateSeconds(context, acting) * 1000 }
    const moved = { what: 'failed-over', from: acting, to, at, by, reason } as const
    return changed(state, moved, {
      acting: to,
      returning: undefined,
      behind: { ...without(state.behind, to), [acting]: left },
    })
  })
}

function checkStandIn({ name, home, rules }: ReplicationContext, to: string): void {
  const fit = [home, ...(rules.failover?.to ?? [])]
  if (fit.includes(to)) return
  const message = `Writes of the workspace ${name} do not go to "${to.slice(0, 80)}"; its \`failover\` allows ${fit.join(', ')}.`
  throw new StorageError('invalid', message)
}

/** The way back is open when a whole comparison, begun after this, has been carried through. */
export async function askBack(
  context: ReplicationContext,
  { reason }: FailbackRequest,
  by: string,
): Promise<WorkspaceState> {
  const { home, now } = context
  return statesOf(context).change((state) => {
    const { acting } = state
    if (acting === home) throw isActing(context, home)
    if (state.returning) return state
    const asked = { what: 'returning', from: acting, to: home, at: now(), by, reason } as const
    return changed(state, asked, { returning: { by, reason } })
  })
}

/** What a comparison that was carried through, begun then, of that store with the truth brings about. */
export async function compared(
  context: ReplicationContext,
  store: string,
  { epoch, begun }: { epoch: number; begun: number },
): Promise<WorkspaceState> {
  return statesOf(context).change((state) => {
    const known = state.behind[store]
    if (state.epoch !== epoch || known === undefined) return state
    if (state.returning && store === context.home) return moveBack(context, state)
    if (begun >= known.lateUntil) return settle(context, state, store, begun)
    return { ...state, behind: { ...state.behind, [store]: { ...known, comparedAt: begun } } }
  })
}

function moveBack(context: ReplicationContext, state: WorkspaceState): WorkspaceState {
  const { home, now } = context
  const { acting, returning, behind } = state
  const at = now()
  const left = { since: at, lateUntil: at + lateSeconds(context, acting) * 1000 }
  const { by = 'skein', reason } = returning ?? {}
  const moved = { what: 'failed-back', from: acting, to: home, at, by, reason } as const
  return changed(state, moved, {
    acting: home,
    returning: undefined,
    behind: { ...without(behind, home), [acting]: left },
  })
}

function settle(
  { now }: ReplicationContext,
  state: WorkspaceState,
  store: string,
  begun: number,
): WorkspaceState {
  const { acting, behind, settled } = state
  const done = { what: 'settled', from: store, to: acting, at: now(), by: 'skein' } as const
  return changed(state, done, {
    behind: without(behind, store),
    settled: { ...settled, [store]: begun },
  })
}

/** Stores that the configuration has no more, and that no URL can write to: nobody will ever compare them. */
export async function dropGone(
  { stores, now, states }: ReplicationContext,
  { behind: known }: WorkspaceState,
): Promise<void> {
  const isGone = ([name, { lateUntil }]: [string, Behind]) =>
    !stores.has(name) && lateUntil <= now()
  if (!Object.entries(known).some(isGone)) return
  await states?.change((state) => {
    const { acting, behind } = state
    const gone = Object.entries(behind).filter(isGone)
    return gone.reduce((left, [from]) => {
      const done = { what: 'settled', from, to: acting, at: now(), by: 'skein' } as const
      return changed(left, done, { behind: without(left.behind, from) })
    }, state)
  })
}

function changed(
  state: WorkspaceState,
  change: Omit<EpochChange, 'epoch'>,
  next: Partial<WorkspaceState>,
): WorkspaceState {
  const epoch = state.epoch + 1
  const changes = [...state.changes, { epoch, ...change }].slice(-CHANGES_KEPT)
  return { ...state, ...next, epoch, changes }
}

/** How long after it ceased to be the truth a store may still be written to by URLs that were signed for it. */
function lateSeconds(context: ReplicationContext, name: string): number {
  const longest = Math.max(context.longestUploadSeconds, hasSessions(storeNamed(context, name)))
  return STATE_TERM_SECONDS + longest + LONGEST_PUT_SECONDS
}

function hasSessions({ capabilities }: Store): number {
  return capabilities.presign?.actions.includes('resumable') ? SESSION_SECONDS : 0
}

function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([one]) => one !== name))
}

function statesOf({ states, name }: ReplicationContext): States {
  if (states) return states
  const message = `Writes of the workspace ${name} may not fail over; allow it in its replication with \`failover\`.`
  throw new StorageError('invalid', message)
}

function isActing({ name }: ReplicationContext, store: string): StorageError {
  const message = `${store} is the store that the workspace ${name} writes to already.`
  return new StorageError('precondition', message, { store })
}

export function modeOf({ acting, returning, behind }: WorkspaceState, home: string): FailoverMode {
  if (acting !== home) return returning ? 'returning' : 'failed-over'
  return Object.keys(behind).length > 0 ? 'draining' : 'normal'
}

type FailoverMode = FailoverStatus['mode']

export function failoverStatus(home: string, state: WorkspaceState): FailoverStatus {
  const { epoch, acting, behind, changes } = state
  return {
    ...{ epoch, acting, mode: modeOf(state, home) },
    behind: Object.entries(behind).map(([store, { since, lateUntil, comparedAt }]) => ({
      ...{ store, since: iso(since), lateWritesUntil: iso(lateUntil) },
      ...(comparedAt !== undefined && { comparedAt: iso(comparedAt) }),
    })),
    changes: changes.toReversed().map(({ at, reason, ...change }) => ({
      ...{ ...change, at: iso(at) },
      ...(reason !== undefined && { reason }),
    })),
  }
}

export function failoverOf({
  home,
  state,
}: ReplicationContext): Pick<ReplicationStatus, 'failover'> {
  return state ? { failover: failoverStatus(home, state) } : {}
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

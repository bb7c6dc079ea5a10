// A whole workspace moves to another of its stores: every key is carried there as replication carries it, then the
// truth moves as it does when a store fails. What nobody told of in the last moments, comparisons find.

import { CopyPaused } from '#shared/copy/in-parts.ts'
import type { Task } from '#shared/platform.ts'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import type { Agreement } from './change.ts'
import { beginCatchUps, catchUpFields, catchUpStep } from './catch-up.ts'
import { carry } from './carry.ts'
import type { ReplicationContext } from './context.ts'
import { truthOf } from './context.ts'
import { EpochMoved } from './epochs.ts'
import { replicaStatus } from './status.ts'

export interface Moving {
  /** As the configuration names it. */
  home: string
  /** As the ledger has it now; of a workspace whose truth cannot move, where it always is. */
  state(): Promise<WorkspaceState>
  /** Makes the key at that store agree with the truth. */
  carry(store: string, key: string, mayGoOn: () => boolean): Promise<Agreement>
  /** Of a key that the truth lacks: what a store has of it that was the truth before is taken over now. */
  bring(key: string): Promise<void>
  /** The age of the oldest change that the store is known to lack, and changes that were given up. */
  lag(store: string): Promise<{ seconds: number; setAside: number }>
  /** Why the truth cannot move there; undefined: it can. */
  objection(to: string): string | undefined
  /**
   * Comparisons that are due, as far as there is time, for who cannot wait for the schedule. Gives what is left, to be
   * given back at the next call; empty where nothing is due, or others are at work on it.
   */
  catchUp(mayGoOn: () => boolean, left?: readonly Task[]): Promise<readonly Task[]>
}

interface Opened {
  workspace: Workspace
  base: ReplicationContext
  fresh: () => Promise<ReplicationContext>
}

/** The truth moves seldom, and settles as often. */
const ROUNDS = 3
/** Longer than a step. Somebody waits here: should the other be alive, both compare, and neither does harm. */
const SILENT_MILLISECONDS = 300_000
/** A function that answers a client has half a minute. */
const BRING_SECONDS = 20

export function createMoving({ workspace, base, fresh }: Opened): Moving {
  const { home } = base
  return {
    home,
    state: async () => (await fresh()).state ?? restingAt(home),
    async carry(store, key, mayGoOn) {
      for (let round = 1; round <= ROUNDS; round++) {
        const context = await fresh()
        if (store === context.primary) throw isTruth(context, store)
        try {
          return await carry(context, store, key, mayGoOn)
        } catch (error) {
          if (!(error instanceof EpochMoved)) throw error
        }
      }
      throw keepsMoving(base)
    },
    bring: async (key) => bring(await fresh(), key),
    async lag(store) {
      const { lagSeconds: seconds, setAside } = await replicaStatus(await fresh(), store)
      return { seconds, setAside }
    },
    objection: (to) => objectionToMove(base, to),
    catchUp: async (mayGoOn, left = []) => {
      const context = await fresh()
      if (!context.state) return []
      const begun = () => beginCatchUps(context, context.state!, SILENT_MILLISECONDS)
      let tasks = left.length > 0 ? left : await begun()
      while (tasks.length > 0 && mayGoOn()) tasks = await oneStep(workspace, fresh, tasks)
      return tasks
    },
  }
}

/** Nobody is patient with a store that does not answer: whoever goes on begins anew then. */
async function oneStep(
  workspace: Workspace,
  fresh: Opened['fresh'],
  [first, ...rest]: readonly Task[],
): Promise<readonly Task[]> {
  const fields = z.parse(catchUpFields, first)
  const impatient = Number.POSITIVE_INFINITY
  return [...(await catchUpStep(await fresh(), workspace, fields, impatient)), ...rest]
}

async function bring(context: ReplicationContext, key: string): Promise<void> {
  if (await truthOf(context).find(key)) return
  const { stores, state, now } = context
  const end = now() + BRING_SECONDS * 1000
  for (const store of Object.keys(state?.behind ?? {}).filter((name) => stores.has(name))) {
    try {
      await carry(context, store, key, () => now() < end)
    } catch (error) {
      if (!(error instanceof CopyPaused) && !(error instanceof EpochMoved)) throw error
      throw onItsWay(context, store, key)
    }
  }
}

function onItsWay({ primary }: ReplicationContext, store: string, key: string): StorageError {
  const message = `${quoteKey(key)} is on its way from ${store} to ${primary}; ask again in a while.`
  return new StorageError('unavailable', message, { store, key, retryAfterSeconds: 30 })
}

function restingAt(home: string): WorkspaceState {
  return { epoch: 0, acting: home, behind: {}, settled: {}, changes: [] }
}

function objectionToMove(
  { name, home, rules }: ReplicationContext,
  to: string,
): string | undefined {
  if (to === home) {
    return `${to} is the primary of the workspace ${name} by the configuration; the truth comes back there with \`skein failover ${name} --back\`.`
  }
  const { to: allowed = [] } = rules.failover ?? {}
  if (allowed.includes(to)) return undefined
  const all = [...allowed, to].join(', ')
  return `the configuration does not let the writes of the workspace ${name} move to ${to}; write \`replication: { failover: { to: [${all}] } }\` into the workspace, and as \`ledger\` a store of another provider or region than ${home} and ${to}.`
}

function isTruth({ name }: ReplicationContext, store: string): StorageError {
  const message = `${store} is what the other stores of the workspace ${name} follow by now: nothing is to be copied there.`
  return new StorageError('precondition', message, { store })
}

function keepsMoving({ name }: ReplicationContext): StorageError {
  const message = `The truth of the workspace ${name} moves from store to store; wait until it stays.`
  return new StorageError('unavailable', message)
}

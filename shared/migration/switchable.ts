// A whole workspace as a migration sees it: copies that its replication knows for its own, and a truth that moves.

import type { Pair, PairRecord } from '#shared/compare/pair.ts'
import { identified } from '#shared/compare/pair.ts'
import type { Task } from '#shared/platform.ts'
import type { Agreement } from '#shared/replication/change.ts'
import type { Replication } from '#shared/replication/replication.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'

export interface Carried {
  /** What is known of the pair then; undefined: nothing, so that it is compared before it counts. */
  record: PairRecord | undefined
  bytes: number
  /** Objects that were set against the source: gone there, and now here. */
  deleted?: boolean | undefined
  losses: readonly { what: string; reason: string }[]
}

export interface Lag {
  /** The age of the oldest change that the store is known to lack; 0: none. */
  seconds: number
  /** Changes that were given up, and wait for a person. */
  setAside: number
}

export interface Switchable {
  workspace: string
  /** As the configuration names it. */
  home: string
  state(): Promise<WorkspaceState>
  /** Makes the key at that store agree with the truth, as replication does. */
  carry(to: string, key: string, pair: Pair, mayGoOn: () => boolean): Promise<Carried>
  lag(store: string): Promise<Lag>
  /** Why the truth cannot move there; undefined: it can. */
  objection(to: string): string | undefined
  /** The truth moves; what URLs of before still bring to the old store is carried over by the schedule. */
  cutOver(to: string, by: string, reason: string): Promise<WorkspaceState>
  /** Asks for the way back; the truth is back once the primary holds all that was written meanwhile. */
  askBack(by: string, reason: string): Promise<WorkspaceState>
  /**
   * What a schedule does, for who cannot wait for it: comparisons that are due, as far as there is time. Gives what is
   * left, to be given back at the next call; empty where nothing is due, or others are at work on it.
   */
  catchUp(mayGoOn: () => boolean, left?: readonly Task[]): Promise<readonly Task[]>
}

export async function openSwitchable(
  { name: workspace }: Workspace,
  replication: Replication,
): Promise<Switchable> {
  const moving = await replication.moving()
  return {
    workspace,
    home: moving.home,
    state: () => moving.state(),
    carry: async (to, key, pair, mayGoOn) =>
      carriedBy(await moving.carry(to, key, mayGoOn), key, pair),
    lag: (store) => moving.lag(store),
    objection: (to) => moving.objection(to),
    async cutOver(to, by, reason) {
      await replication.failOver({ to, reason }, by)
      return moving.state()
    },
    async askBack(by, reason) {
      await replication.failBack({ reason }, by)
      return moving.state()
    },
    catchUp: (mayGoOn, left) => moving.catchUp(mayGoOn, left),
  }
}

/** Only a copy made now tells of the pair: what was found the same is compared once more before it counts. */
function carriedBy(agreement: Agreement, key: string, { from }: Pair): Carried {
  if (agreement.became === 'deleted')
    return { record: undefined, bytes: 0, deleted: true, losses: [] }
  if (agreement.became !== 'copied') return { record: undefined, bytes: 0, losses: [] }
  const { source, info, evidence, digest, losses } = agreement.copied
  const isAsListed = from !== undefined && from.etag === source.etag
  const record: PairRecord = {
    ...{ key, size: source.size, grade: evidence },
    from: isAsListed ? identified(from) : { etag: source.etag },
    to: { etag: info.etag },
    ...(digest && { digest }),
  }
  return { record, bytes: source.size, losses }
}

// Uploads of a workspace whose truth may move: planned for the store that takes the writes now, and ended where
// they were begun, as long as what lands there is still taken over. An upload's id names its store.

import type { CompletedObject } from '#shared/client/protocol.ts'
import type { Seal } from '#shared/seal.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import type { Principal } from '#shared/access/principal.ts'
import { storeOfTicket } from './ticket.ts'
import type { SweepStep, Uploads } from './uploads.ts'

export interface ByStoreOptions {
  /** Of the workspace, the primary first. */
  stores: readonly string[]
  seal: Seal
  state: () => Promise<WorkspaceState>
  open: (store: string) => Uploads
}

export function createUploadsByStore(options: ByStoreOptions): Uploads {
  const { stores, seal, state } = options
  const opened = new Map<string, Uploads>()

  function at(store: string): Uploads {
    const found = opened.get(store) ?? options.open(store)
    opened.set(store, found)
    return found
  }

  const acting = async () => at((await state()).acting)
  /** What is no id of this workspace is refused there. */
  function storeOf(id: string): string {
    const store = storeOfTicket(seal, id)
    return stores.includes(store) ? store : stores[0]!
  }

  async function going(who: Principal, id: string): Promise<Uploads> {
    const store = storeOf(id)
    if (takesUploads(await state(), store)) return at(store)
    throw isOver(store, (await at(store).state(who, id)).key)
  }

  async function ended(who: Principal, id: string): Promise<CompletedObject | undefined> {
    const store = storeOf(id)
    if (takesUploads(await state(), store)) return undefined
    return (await at(store).state(who, id)).object
  }

  return {
    plan: async (...asked) => (await acting()).plan(...asked),
    batch: async (...asked) => (await acting()).batch(...asked),
    copyTerms: (...asked) => at(stores[0]!).copyTerms(...asked),
    parts: async (who, id, request) => (await going(who, id)).parts(who, id, request),
    state: (who, id) => at(storeOf(id)).state(who, id),
    async complete(who, id, request) {
      const object = await ended(who, id)
      return object ?? (await going(who, id)).complete(who, id, request)
    },
    abort: (who, id) => at(storeOf(id)).abort(who, id),
    unfinished: async (...asked) => (await acting()).unfinished(...asked),
    async arrived(store, key) {
      if (takesUploads(await state(), store)) return at(store).arrived(store, key)
      return { became: 'ignored', reason: 'uploads do not arrive there' }
    },
    async sweep({ cursor, signal }) {
      const now = await state()
      const swept = stores.filter((store) => takesUploads(now, store))
      return sweepOne(at, swept, { cursor, signal })
    },
  }
}

function takesUploads({ acting, behind }: WorkspaceState, store: string): boolean {
  return store === acting || behind[store] !== undefined
}

/** The cursor names the store, then where its own sweep goes on. */
async function sweepOne(
  at: (store: string) => Uploads,
  stores: readonly string[],
  { cursor = '', signal }: { cursor?: string | undefined; signal?: AbortSignal | undefined },
): Promise<SweepStep> {
  const [named = '', rest = ''] = cursor.split(/\|(.*)/s)
  const index = Math.max(stores.indexOf(named), 0)
  const [store, following] = [stores[index]!, stores[index + 1]]
  const within = store === named && rest !== '' ? rest : undefined
  const { cursor: on, ...step } = await at(store).sweep({ cursor: within, signal })
  const next = on === undefined ? following && `${following}|` : `${store}|${on}`
  return { ...step, ...(next !== undefined && { cursor: next }) }
}

function isOver(store: string, key: string): StorageError {
  const message = `This upload was begun at ${store}, which takes no uploads any more; begin it again.`
  return new StorageError('precondition', message, { store, key })
}

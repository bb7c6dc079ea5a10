// Whether a workspace may let its writes fail over: the ledger, which says where the truth is, must outlive every
// store that may fail, and a stand-in must hold all that the primary does.

import { canCompareAndSet } from '#shared/jobs/ledger.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { openStore } from '#shared/storage/open.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Platform } from '#shared/platform.ts'
import type { FailoverRules, ReplicationRules } from '#shared/replication/rules.ts'
import type { Config, StoreConfig, WorkspaceConfig } from './config.ts'
import type { Problem } from './problems.ts'

export function unfitFailovers(config: Config, platform: Platform): Problem[] {
  return [...config.workspaces.values()].flatMap((workspace) => {
    const { failover } = workspace.replication
    if (failover === undefined) return []
    const path = ['workspaces', workspace.name, 'replication', 'failover']
    const { primary } = workspace
    const unfit = [primary, ...failover.to].flatMap((name) => unheld(config, name, platform))
    return [
      ...strangers(workspace, failover).map((one) => ({ ...one, path: [...path, ...one.path] })),
      ...partial(workspace.replication).map((message) => ({ path, message })),
      ...unfit.map((message) => ({ path, message })),
      ...sharedFate(config, workspace, failover, platform).map((message) => ({ path, message })),
    ]
  })
}

function strangers({ replicas }: WorkspaceConfig, { to }: FailoverRules): Problem[] {
  return to.flatMap((store, index) =>
    replicas.includes(store)
      ? []
      : [{ path: ['to', index], message: `"${store}" is no replica of this workspace` }],
  )
}

/** What would be missing, or too much, at a store that stands in. */
function partial({ mode, deletes, only }: ReplicationRules): string[] {
  const { prefixes, types, tags, minBytes, maxBytes } = only
  const isSized = minBytes > 0 || maxBytes < Number.MAX_SAFE_INTEGER
  return [
    ...(mode === 'manual'
      ? ['a replica that is copied to only when asked cannot stand in; choose another `mode`']
      : []),
    ...(deletes.policy === 'propagate'
      ? []
      : ['a replica that keeps what was deleted cannot stand in; let `deletes` be propagate']),
    ...(prefixes || types || tags || isSized
      ? ['a replica that holds only some of the objects cannot stand in; leave `only` out']
      : []),
  ]
}

/** A copy that was on its way when the truth moved must not take the place of what is uploaded there since. */
function unheld({ stores }: Config, name: string, platform: Platform): string[] {
  const written = stores.get(name)
  const store = written && opened(written, platform)
  if (!store || canCompareAndSet(store)) return []
  return [
    `"${name}" has no conditional writes, so a late copy could replace what is uploaded there; writes may only go to stores that have them`,
  ]
}

function sharedFate(
  { ledger, stores }: Config,
  { primary }: WorkspaceConfig,
  { to }: FailoverRules,
  platform: Platform,
): string[] {
  if (ledger === undefined) {
    return [
      `the ledger would be lost with "${primary}"; name a store of another provider or region as \`ledger\``,
    ]
  }
  const kept = placeOf(stores.get(ledger), platform)
  return [primary, ...to].flatMap((name) => {
    const place = placeOf(stores.get(name), platform)
    if (!kept || !place || !wouldFailTogether(kept, place)) return []
    const where = place.region === undefined ? place.provider : `${place.provider}, ${place.region}`
    return [
      `the ledger "${ledger}" would be lost with "${name}", which is of the same provider and region (${where}); name a \`ledger\` elsewhere`,
    ]
  })
}

interface Place {
  store: string
  provider: string
  /** A folder fails with its disk, and nobody can tell whose that is. */
  isLocal: boolean
  endpoint: string | undefined
  region: string | undefined
}

function placeOf(store: StoreConfig | undefined, platform: Platform): Place | undefined {
  if (store === undefined) return undefined
  const { row, parameters } = parseStoreUri(store.uri)
  const { endpoint, region = opened(store, platform)?.region } = parameters
  const isLocal = row.wire === 'file' || row.wire === 'memory'
  return { store: store.name, provider: row.title, isLocal, endpoint, region }
}

/** Undefined where its keys are to come later, or its entry is wrong. */
function opened({ uri, options }: StoreConfig, platform: Platform): Store | undefined {
  try {
    return openStore(uri, platform, options)
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
}

/** What cannot be told apart is taken for the same. */
function wouldFailTogether(a: Place, b: Place): boolean {
  if (a.store === b.store) return true
  if (a.isLocal || a.provider !== b.provider || a.endpoint !== b.endpoint) return false
  return a.endpoint !== undefined || a.region === b.region
}

// What a configuration opens: the workspaces with all that works on them. Nothing is opened before it is
// asked for, so a function that signs for one workspace pays for no other.

import type { Config, WorkspaceConfig } from './config/config.ts'
import { parseText } from './config/config.ts'
import { openConfigured } from './config/open-configured.ts'
import type { Landscape } from './events/changes.ts'
import type { Counters } from './metrics/counters.ts'
import { createCounters } from './metrics/counters.ts'
import { createStoreMeter } from './metrics/store-meter.ts'
import type { Platform } from './platform.ts'
import { parseStoreUri } from './storage/address.ts'
import { StorageError } from './storage/errors.ts'
import type { Store } from './storage/store.ts'
import type { SendTasks } from './replication/context.ts'
import type { Replication } from './replication/replication.ts'
import { replicationLater } from './replication/later.ts'
import type { Cost } from './cost/door.ts'
import { openCost } from './cost/door.ts'
import type { Seal } from './seal.ts'
import { createSeal } from './seal.ts'
import type { Uploads } from './uploads/uploads.ts'
import { createUploadsByStore } from './uploads/by-store.ts'
import { createUploads } from './uploads/create.ts'
import { STAGING_PREFIX } from './uploads/ticket.ts'
import type { Engine } from './jobs/engine.ts'
import { createLedger } from './jobs/ledger.ts'
import { jobsLater } from './job-kinds.ts'
import type { JobPlace } from './jobs/place.ts'
import type { DownloadContext } from './workspaces/download-context.ts'
import { createDownloadContext } from './workspaces/download-context.ts'
import type { Workspace } from './workspaces/workspace.ts'
import type { States } from './workspaces/state.ts'
import { createStates } from './workspaces/state.ts'
import { storesOf, whileActing, whileIn } from './workspaces/workspace.ts'

export interface OpenWorkspace extends Workspace {
  uploads: Uploads
  replication: Replication
  jobs: Engine
  cost: Cost
  /** Begins the sweep that the workspace's rules ask for by now, if any. */
  beginSweep(): Promise<void>
  /** Where writes may fail over: the same, with the store that is the truth now for its primary. */
  acting?: (() => Promise<OpenWorkspace>) | undefined
}

export interface Suite {
  config: Config
  platform: Platform
  seal: Seal
  /** What a download's store is chosen by, fed by every store that is open here. */
  downloads: DownloadContext
  prices: JobPlace['prices']
  /** Undefined where the configuration has none of this name. */
  workspace(name: string): OpenWorkspace | undefined
  /** One store for everybody who names it. */
  store(name: string): Store
  /** What there is for a provider's events to be about. */
  landscape(): Landscape
  counters: Counters
}

export function openSuite(config: Config, platform: Platform): Suite {
  const stores = new Map<string, Store>()
  const workspaces = new Map<string, OpenWorkspace>()
  let landscape: Landscape | undefined
  const { SKEIN_SECRET } = platform.env
  const secrets = config.secrets.length > 0 ? config.secrets : SKEIN_SECRET ? [SKEIN_SECRET] : []
  const seal = createSeal(secrets)
  const counters = createCounters()
  const { prices } = config
  const downloads = createDownloadContext({
    ...platform,
    ...(prices !== undefined && { priceOverrides: () => readPrices(prices, platform) }),
  })

  function store(name: string): Store {
    const found = stores.get(name)
    if (found) return found
    const opened = openConfigured(config, name, platform)
    const meter = createStoreMeter(counters, { store: name, provider: opened.row.id })
    opened.signed = (action) => meter.signed(action)
    opened.observe = (observation) => {
      const { operation, milliseconds, error } = observation
      meter.requested(operation, milliseconds, error)
      downloads.observe(observation)
    }
    stores.set(name, opened)
    return opened
  }

  function open(written: WorkspaceConfig): OpenWorkspace {
    const workspace: Workspace = {
      name: written.name,
      primary: store(written.primary),
      replicas: written.replicas.map(store),
      downloads: written.downloads,
    }
    const { now, log, queue } = platform
    const ledger = store(config.ledger ?? written.primary)
    const send: SendTasks = (tasks, options) =>
      queue ? queue.send(tasks, options) : runHere(tasks, options)
    const states = written.replication.failover && openStates(workspace, ledger)
    const replication = replicationLater({
      ...{ workspace, rules: written.replication, seal, ledger, now, send, log, states },
      longestUploadSeconds: written.uploads.maxExpirySeconds,
      shares: queue !== undefined,
    })
    const runHere: SendTasks = async (...given) => {
      const { runWithoutQueue } = await import('./replication/without-queue.ts')
      return runWithoutQueue(replication, platform)(...given)
    }
    const uploadsOf = (during: Workspace) =>
      createUploads({
        ...{ workspace: during, rules: written.uploads, seal, now, log },
        records: ledger.reserved(),
        accepted: (object) => replication.accepted(object),
      })
    const uploads = states
      ? createUploadsByStore({
          stores: storesOf(workspace).map(({ name }) => name),
          ...{ seal, state: () => states.current() },
          open: (name) => uploadsOf(whileActing(workspace, name)),
        })
      : uploadsOf(workspace)
    const jobs = jobsOf(workspace, ledger, written, replication, states)
    const opened = {
      ...{ ...workspace, uploads: answered(uploads, replication), replication, jobs },
      beginSweep: () => beginSweep(written, ledger, jobs),
      cost: costOf(written, ledger, jobs),
    }
    if (!states) return opened
    return { ...opened, acting: async () => whileIn(opened, await states.current()) }
  }

  async function beginSweep(written: WorkspaceConfig, kept: Store, jobs: Engine): Promise<void> {
    const { name: workspace, integrity: rules } = written
    if (!rules) return
    const { beginDue } = await import('./integrity/due.ts')
    await beginDue({ workspace, rules, ledger: createLedger(kept), jobs, now: platform.now })
  }

  function costOf({ name, cost: rules }: WorkspaceConfig, kept: Store, jobs: Engine): Cost {
    const { now, fetch: ask } = platform
    return openCost({
      ...{ workspace: name, rules, ledger: createLedger(kept), jobs, now },
      fetch: (ask as typeof fetch | undefined) ?? fetch,
      background: downloads.background,
    })
  }

  function openStates({ name, primary }: Workspace, kept: Store): States {
    const { now, waitUntil } = platform
    return createStates({
      ...{ ledger: createLedger(kept), workspace: name, primary: primary.name, now },
      background(work) {
        const settled = work.catch(() => undefined)
        waitUntil?.(settled)
      },
    })
  }

  function jobsOf(
    workspace: Workspace,
    kept: Store,
    rules: WorkspaceConfig,
    replication: Replication,
    states: States | undefined,
  ): Engine {
    const { now, log, queue, waitUntil } = platform
    const jobs: Engine = jobsLater(async () => {
      const { copyRules } = await import('./replication/copy-rules.ts')
      const ledger = createLedger(kept)
      const here = queue ? undefined : (await import('./jobs/here.ts')).createHere(now)
      return {
        ...{ workspace: workspace.name, stores: storesOf(workspace) },
        ...{ seal, now, log, store: configured },
        ...{ ledger, prices: downloads.prices },
        copies: copyRules(rules.replication, workspace.name, ledger),
        cost: rules.cost,
        async switchable() {
          const { openSwitchable } = await import('./migration/switchable.ts')
          return openSwitchable(workspace, replication)
        },
        ...(states && { truth: async () => (await states.current()).acting }),
        async send(tasks, options) {
          await (queue ?? here)?.send(tasks, options)
          if (here) waitUntil?.(here.run(jobs, { atOnce: 4 }))
        },
      }
    })
    return jobs
  }

  function configured(name: string): Store {
    if (config.stores.has(name)) return store(name)
    const known = [...config.stores.keys()].join(', ')
    throw new StorageError('invalid', `There is no store "${name.slice(0, 80)}", only ${known}.`)
  }

  return {
    config,
    platform,
    seal,
    downloads,
    prices: downloads.prices,
    store,
    landscape: () => (landscape ??= landscapeOf(config)),
    counters,
    workspace(name) {
      const written = config.workspaces.get(name)
      if (written === undefined) return undefined
      const found = workspaces.get(name) ?? open(written)
      workspaces.set(name, found)
      return found
    },
  }
}

/** Nobody is told that an upload is there before its copies are under way. */
function answered(uploads: Uploads, replication: Replication): Uploads {
  return {
    ...uploads,
    async complete(...asked) {
      const object = await uploads.complete(...asked)
      await replication.settled(object)
      return object
    },
  }
}

function landscapeOf({ stores, workspaces }: Config): Landscape {
  return {
    places: [...stores.values()].map(({ name, uri }) => ({
      store: name,
      address: parseStoreUri(uri),
    })),
    workspaces: [...workspaces.values()],
    stagingPrefix: STAGING_PREFIX,
  }
}

async function readPrices(
  prices: NonNullable<Config['prices']>,
  { readFile }: Platform,
): Promise<{ data: unknown; from: string }> {
  if (typeof prices !== 'string') return { data: prices, from: 'the configuration' }
  const text = await readFile?.(prices)
  if (text !== undefined) return { data: await parseText(text, prices), from: prices }
  throw new StorageError('invalid', `The file of prices ${prices} is not there.`)
}

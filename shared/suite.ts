// What a configuration opens: the workspaces with all that works on them. Nothing is opened before it is
// asked for, so a function that signs for one workspace pays for no other.

import type { Config, WorkspaceConfig } from './config/config.ts'
import { openConfigured, parseText } from './config/config.ts'
import type { Platform } from './platform.ts'
import { StorageError } from './storage/errors.ts'
import type { Store } from './storage/store.ts'
import type { Seal } from './uploads/seal.ts'
import { createSeal } from './uploads/seal.ts'
import type { Uploads } from './uploads/uploads.ts'
import { createUploads } from './uploads/create.ts'
import type { DownloadContext } from './workspaces/download-context.ts'
import { createDownloadContext } from './workspaces/download-context.ts'
import type { Workspace } from './workspaces/workspace.ts'

export interface OpenWorkspace extends Workspace {
  uploads: Uploads
}

export interface Suite {
  config: Config
  platform: Platform
  seal: Seal
  /** What a download's store is chosen by, fed by every store that is open here. */
  downloads: DownloadContext
  /** Undefined where the configuration has none of this name. */
  workspace(name: string): OpenWorkspace | undefined
  /** One store for everybody who names it. */
  store(name: string): Store
}

export function openSuite(config: Config, platform: Platform): Suite {
  const stores = new Map<string, Store>()
  const workspaces = new Map<string, OpenWorkspace>()
  const { SKEIN_SECRET } = platform.env
  const secrets = config.secrets.length > 0 ? config.secrets : SKEIN_SECRET ? [SKEIN_SECRET] : []
  const seal = createSeal(secrets)
  const { prices } = config
  const downloads = createDownloadContext({
    ...platform,
    ...(prices !== undefined && { priceOverrides: () => readPrices(prices, platform) }),
  })

  function store(name: string): Store {
    const found = stores.get(name)
    if (found) return found
    const opened = openConfigured(config, name, platform)
    opened.observe = downloads.observe
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
    const uploads = createUploads({
      workspace,
      rules: written.uploads,
      seal,
      records: store(config.ledger ?? written.primary).reserved(),
      now: platform.now,
      log: platform.log,
    })
    return { ...workspace, uploads }
  }

  return {
    config,
    platform,
    seal,
    downloads,
    store,
    workspace(name) {
      const written = config.workspaces.get(name)
      if (written === undefined) return undefined
      const found = workspaces.get(name) ?? open(written)
      workspaces.set(name, found)
      return found
    },
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

// Workspaces for tests: of stores on the run's own servers, or of stores whose listing is told key by key.

import type { ListedObject, ListOptions, ListPage } from '#shared/storage/contract.ts'
import { compareUtf8 } from '#shared/storage/keys.ts'
import { createOpening } from '#shared/storage/open.ts'
import { escapeName } from '#shared/storage/providers/azure/names.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'
import type { DownloadRules } from '#shared/workspaces/download-rules.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import type { DownloadContext } from '#shared/workspaces/download-context.ts'
import { createDownloadContext } from '#shared/workspaces/download-context.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { storesOf } from '#shared/workspaces/workspace.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'

/** The first is the primary; each is called by its place in the list unless it says otherwise. */
export function workspaceOf(
  stores: readonly Store[],
  downloads: Partial<DownloadRules> = {},
): Workspace {
  const [primary, ...replicas] = stores
  if (primary === undefined) throw new Error('a workspace has at least one store')
  return { name: 'app', primary, replicas, downloads: { ...downloadRules(), ...downloads } }
}

/** A store of the description's server, in a place of its own, called `name`. */
export function openAs(name: string, description: StoreDescription): Store {
  const options = { ...description.options, name }
  return createHarness({ ...description, options }, { fetch }).open()
}

/** One that no server answers for, known at once. */
export function openUnreachable(name: string, description: StoreDescription): Store {
  const { unreachableUri } = description
  if (unreachableUri === undefined) throw new Error('there is no unreachable one')
  const options = { ...description.options, name, retry: { attempts: 1 } }
  return createHarness({ ...description, uri: unreachableUri, options }, { fetch }).open()
}

/** A context that every store of the workspace feeds, with a clock and a random of the test's own. */
export function contextOf(
  workspace: Workspace,
  own: Partial<DownloadContext> & { now?: () => number } = {},
): DownloadContext & { settled(): Promise<unknown> } {
  const work: Promise<unknown>[] = []
  const context = createDownloadContext({
    now: own.now ?? Date.now,
    waitUntil: (one) => void work.push(one),
  })
  for (const store of storesOf(workspace)) store.observe = context.observe
  return { ...context, ...own, settled: () => Promise.all(work.splice(0)) }
}

const platform = { env: {}, fileSystem: false, now: Date.now }
let count = 0

export function memoryStore(name: string): Store {
  const opening = createOpening(`memory:${name}-${++count}`, platform, { name })
  return new Store({ opening, driver: async () => createMemoryDriver(opening) })
}

export interface ToldListing {
  name: string
  keys: readonly string[]
  /** `azure` also keeps some keys by other names, and sorts by those. */
  kind: 'utf8' | 'utf16' | 'azure'
  /** The most entries that a page holds, whatever is asked for. */
  pageSize: number
}

/** A store that only lists, heads and says how often it was asked to list. */
export function toldStore({ name, keys, kind, pageSize }: ToldListing): Store & { pages: number } {
  const uri = kind === 'azure' ? 'az://account/container' : `memory:${name}-${++count}`
  const order = kind === 'utf8' ? ('utf8' as const) : ('utf16' as const)
  const opening = createOpening(uri, platform, {
    name,
    capabilities: { list: { order } },
    ...(kind === 'azure' && { credentials: { accountKey: 'c2VjcmV0' } }),
  })
  const compare = kind === 'utf8' ? compareUtf8 : kind === 'utf16' ? byUnits : byNames
  const sorted = keys.toSorted(compare)
  const driver = createMemoryDriver(opening)
  const store: Store & { pages: number } = Object.assign(
    new Store({
      opening,
      driver: async () => ({
        ...driver,
        async head(key) {
          if (!keys.includes(key)) return driver.head(key, { signal: new AbortController().signal })
          return { ...listed(key), metadata: {}, checksums: {} }
        },
        async list(options) {
          store.pages++
          const { after } = options
          const behind = sorted.filter((key) => after === undefined || compare(key, after) > 0)
          return pageOf(behind, options, pageSize)
        },
      }),
    }),
    { pages: 0 },
  )
  return store
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function byNames(a: string, b: string): number {
  return byUnits(escapeName(a), escapeName(b))
}

function pageOf(sorted: readonly string[], options: ListOptions, pageSize: number): ListPage {
  const { prefix = '', delimiter, cursor = '0', limit = pageSize } = options
  const entries: { key: string; folded: boolean }[] = []
  for (const key of sorted.filter((one) => one.startsWith(prefix))) {
    const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    const folded = at < 0 ? undefined : key.slice(0, at + delimiter!.length)
    if (folded === undefined) entries.push({ key, folded: false })
    else if (!entries.some((entry) => entry.folded && entry.key === folded))
      entries.push({ key: folded, folded: true })
  }
  const first = Number(cursor)
  const end = first + Math.min(limit, pageSize)
  const page = entries.slice(first, end)
  return {
    objects: page.filter(({ folded }) => !folded).map(({ key }) => listed(key)),
    prefixes: page.filter(({ folded }) => folded).map(({ key }) => key),
    cursor: end < entries.length ? String(end) : undefined,
  }
}

function listed(key: string): ListedObject {
  return { key, size: key.length, etag: 'one', modified: new Date(0) }
}

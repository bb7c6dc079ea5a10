// What a store under test is to the conformance suite: a way to open it at a place of its own, what it
// claims, and, where its server has them, faults on demand and a log of requests. A description is plain
// data, so that the same cases run in Node and, sent over a socket, inside workerd.

import type { Capabilities } from '#shared/storage/capabilities.ts'
import type { ProviderRow } from '#shared/storage/compatibility.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { openStore } from '#shared/storage/open.ts'
import type { StoreCredentials, StoreOptions } from '#shared/storage/options.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Control, ControlAddress } from './control.ts'
import { createControl } from './control.ts'

export interface StoreDescription {
  name: string
  /** `{place}` is where each case gets a prefix, folder or memory of its own. */
  uri: string
  /** A store whose server does not answer at all. */
  unreachableUri?: string
  /** How errors call the store, where that is not the harness' own name; `{place}` too. */
  storeName?: string
  /** A store whose bucket is not there. */
  missingUri?: string
  /** The row to be read by, where the URI alone would pick another. */
  row?: string
  /** Rows that the source does not know. */
  rows?: readonly ProviderRow[]
  options?: StoreOptions
  /** Well formed, and not known to the server. */
  wrongCredentials?: StoreCredentials
  env?: Record<string, string>
  fileSystem?: boolean
  /** Where the server takes faults and tells its requests. */
  control?: ControlAddress
  /** The server is known to be wrong here, by `group: case`, with the reason; a pass fails the run. */
  expectedFailures?: Record<string, string>
  /** What cannot be shown here though the record claims it or says nothing of it, with the reasons. */
  notHere?: Partial<Record<Lack, string>>
}

export type Lack =
  | 'versions'
  | 'retention'
  | 'archive'
  | 'classes'
  | 'abort'
  | 'empty-metadata'
  | 'signed-requests'

export interface Opened {
  /** Reopens where another store of this harness already is. */
  place?: string
  now?: () => number
  options?: StoreOptions
}

export interface Harness {
  name: string
  capabilities: Capabilities
  open(opened?: Opened): Store
  openMissingBucket?: () => Store
  openUnreachable?: () => Store
  openWithWrongCredentials?: () => Store
  /** A client that holds nothing but a signed URL. */
  fetch: typeof fetch
  control?: Control
  expectedFailures: Record<string, string>
  notHere: Partial<Record<Lack, string>>
}

/** What the runtime adds to a description. */
export interface Runtime {
  fetch: typeof fetch
  bindings?: Record<string, unknown>
}

/** Quick enough to retry in a test, and enough tries to see that it does. */
const QUICK = { attempts: 3, delaySeconds: 0.01, maxDelaySeconds: 0.05 }

/** workerd's `node:http` never tells that a connection was refused, so there the time limit has to. */
const UNREACHABLE: StoreOptions = { retry: { attempts: 1 }, timeouts: { requestSeconds: 2 } }

export function createHarness(description: StoreDescription, runtime: Runtime): Harness {
  const { name, uri, missingUri, unreachableUri, wrongCredentials, control } = description
  const open = (template: string, opened: Opened = {}, credentials?: StoreCredentials): Store => {
    const { place = freshPlace(), now = Date.now } = opened
    const platform = {
      env: description.env ?? {},
      bindings: runtime.bindings,
      fileSystem: description.fileSystem ?? false,
      now,
    }
    const storeName = description.storeName?.replaceAll('{place}', place) ?? name
    const options = { name: storeName, retry: QUICK, ...description.options, ...opened.options }
    const capabilities = joined(description.options, opened.options)
    const credential = credentials && { credentials }
    const all = { ...options, ...credential, capabilities }
    return openStore(template.replaceAll('{place}', place), platform, all, rowsFor(description))
  }
  const { capabilities } = open(uri)
  return {
    name,
    capabilities,
    open: (opened) => open(uri, opened),
    ...(missingUri && { openMissingBucket: () => open(missingUri) }),
    ...(unreachableUri && {
      openUnreachable: () => open(unreachableUri, { options: UNREACHABLE }),
    }),
    ...(wrongCredentials && { openWithWrongCredentials: () => open(uri, {}, wrongCredentials) }),
    fetch: runtime.fetch,
    ...(control && { control: createControl(control, runtime.fetch) }),
    expectedFailures: description.expectedFailures ?? {},
    notHere: description.notHere ?? {},
  }
}

/** Of rows that share a scheme only the one asked for. */
function rowsFor({ row: id, rows }: StoreDescription): readonly ProviderRow[] | undefined {
  if (rows !== undefined) return rows
  const row = PROVIDERS.find((one) => one.id === id)
  return row && [row]
}

function joined(...options: (StoreOptions | undefined)[]): StoreOptions['capabilities'] {
  const overrides = options.map((one) => one?.capabilities).filter((one) => one !== undefined)
  return overrides.length < 2 ? overrides[0] : { ...overrides[0], ...overrides[1] }
}

/** A name that no other case, run or process uses. */
export function freshPlace(): string {
  return `t${crypto.randomUUID().slice(0, 13)}`
}

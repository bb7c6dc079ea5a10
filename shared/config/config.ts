// The configuration as the program uses it: text, JSON or YAML, in; stores and workspaces, typed and
// checked, out. Every problem is reported at once. Opens nothing but to find out that it could.

import * as z from 'zod/mini'
import type { AccessRules } from '#shared/access/rules.ts'
import { accessRules } from '#shared/access/rules.ts'
import type { Platform } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import type { Setup, StoreEntry } from '#shared/storage/schema.ts'
import { CREDENTIAL_FIELDS, PLACE_FIELDS, toBytes, toSeconds } from '#shared/storage/schema.ts'
import type { Store } from '#shared/storage/store.ts'
import type { UploadRules } from '#shared/uploads/rules.ts'
import { uploadRules } from '#shared/uploads/rules.ts'
import type { DownloadRules } from '#shared/workspaces/download-rules.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import type { Problem } from './problems.ts'
import { ConfigError, problemsOf } from './problems.ts'
import type { ConfigText } from './schema.ts'
import { schema } from './schema.ts'
import { nearest } from './spelling.ts'
import { substitute } from './variables.ts'
import { storeUri } from './uri.ts'

export interface StoreConfig {
  name: string
  uri: string
  options: StoreOptions
  setup: Setup | undefined
}

export interface WorkspaceConfig {
  name: string
  primary: string
  replicas: readonly string[]
  uploads: UploadRules
  downloads: DownloadRules
}

export interface Config {
  /** Where it came from, as messages call it. */
  source: string
  stores: ReadonlyMap<string, StoreConfig>
  workspaces: ReadonlyMap<string, WorkspaceConfig>
  server: { host: string; port: number; publicUrl: string | undefined }
  access: AccessRules
  cors: { origins: readonly string[]; maxAgeSeconds: number } | undefined
  /** The first seals, all open. Empty: `SKEIN_SECRET` does. */
  secrets: readonly string[]
  ledger: string | undefined
  /** Prices that stand in for the catalogue's: a file of them, or they themselves. */
  prices: string | Readonly<Record<string, unknown>> | undefined
}

export const DEFAULT_SERVER = { host: '127.0.0.1', port: 8787 }

/** What is served when nobody has written a configuration: three folders that stand for three clouds. */
export const DEFAULT_CONFIG: ConfigText = {
  stores: {
    main: 'file:./skein-data/main',
    second: 'file:./skein-data/second',
    third: 'file:./skein-data/third',
  },
  workspaces: { demo: { primary: 'main', replicas: ['second', 'third'] } },
}

/** The text's data; YAML is only loaded for text that is not JSON. */
export async function parseText(text: string, source: string): Promise<unknown> {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text.trimStart())
    } catch (error) {
      throw new ConfigError(source, [
        { path: [], message: `it is not JSON: ${withoutExcerpt((error as Error).message)}` },
      ])
    }
  }
  const { parseDocument } = await import('./yaml.ts')
  const document = parseDocument(text)
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message }) => ({
      path: [],
      message: firstLine(message),
    }))
    throw new ConfigError(source, problems)
  }
  return document.toJS()
}

export async function loadConfig(
  text: string,
  source: string,
  platform: Platform,
): Promise<Config> {
  return readConfig(await parseText(text, source), source, platform)
}

export function readConfig(raw: unknown, source: string, platform: Platform): Config {
  const { data, problems } = substitute(raw, platform.env)
  const parsed = z.safeParse(schema, data)
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, data).map(suggest))
  if (!parsed.success || problems.length > 0) throw new ConfigError(source, problems)

  const stores = new Map<string, StoreConfig>()
  for (const [name, entry] of Object.entries(parsed.data.stores)) {
    const store = storeConfig(
      name,
      typeof entry === 'string' ? { uri: entry } : entry,
      parsed.data.defaults,
    )
    if (Array.isArray(store)) problems.push(...store)
    else stores.set(name, store)
  }
  const config = typed(parsed.data, source, stores)
  problems.push(
    ...misfits(config, Object.keys(parsed.data.stores)),
    ...unreadable(config, platform),
    ...unopenable(config, platform),
  )
  if (problems.length > 0) throw new ConfigError(source, problems)
  return config
}

function typed(
  { workspaces = {}, server, access, cors, secrets = [], ledger, prices }: ConfigText,
  source: string,
  stores: Config['stores'],
): Config {
  return {
    source,
    stores,
    workspaces: new Map(
      Object.entries(workspaces).map(([name, { primary, replicas = [], uploads, downloads }]) => [
        name,
        {
          ...{ name, primary, replicas },
          uploads: uploadRules(uploads),
          downloads: downloadRules(downloads),
        },
      ]),
    ),
    server: {
      host: server?.host ?? DEFAULT_SERVER.host,
      port: server?.port ?? DEFAULT_SERVER.port,
      publicUrl: server?.publicUrl,
    },
    access: accessRules(access),
    cors: cors && { origins: cors.origins, maxAgeSeconds: toSeconds(cors.maxAge ?? 600) },
    ...{ secrets, ledger, prices },
  }
}

export function openConfigured(config: Config, name: string, platform: Platform): Store {
  const store = config.stores.get(name)
  if (store === undefined) {
    const known = [...config.stores.keys()].join(', ')
    throw new StorageError(
      'invalid',
      `The configuration has no store "${name}"; it has ${known}.`,
      { store: name },
    )
  }
  return openStore(store.uri, platform, store.options)
}

function storeConfig(
  name: string,
  entry: StoreEntry,
  defaults: ConfigText['defaults'],
): StoreConfig | Problem[] {
  const uri = storeUri(entry)
  if ('problems' in uri)
    return uri.problems.map((p) => ({ ...p, path: ['stores', name, ...p.path] }))
  const transfer = { ...defaults?.transfer, ...entry.transfer }
  const retry = { ...defaults?.retry, ...entry.retry }
  const timeouts = { ...defaults?.timeouts, ...entry.timeouts }
  return {
    name,
    uri: uri.uri,
    setup: entry.setup,
    options: {
      name,
      credentials: Object.fromEntries(
        CREDENTIAL_FIELDS.filter((field) => entry[field] !== undefined).map((field) => [
          field,
          entry[field],
        ]),
      ),
      capabilities: entry.capabilities as StoreOptions['capabilities'],
      transfer: {
        concurrency: transfer.concurrency,
        partSizeBytes: given(transfer.partSize, toBytes),
        multipartThresholdBytes: given(transfer.multipartThreshold, toBytes),
      },
      retry: {
        attempts: retry.attempts,
        delaySeconds: given(retry.delay, toSeconds),
        maxDelaySeconds: given(retry.maxDelay, toSeconds),
      },
      timeouts: {
        requestSeconds: given(timeouts.request, toSeconds),
        idleSeconds: given(timeouts.idle, toSeconds),
        copySeconds: given(timeouts.copy, toSeconds),
      },
    },
  }
}

function given<T, U>(value: T | undefined, convert: (value: T) => U): U | undefined {
  return value === undefined ? undefined : convert(value)
}

/** Workspaces that name stores there are none of, and two names for one place. */
function misfits({ stores, workspaces, ledger }: Config, written: readonly string[]): Problem[] {
  const problems: Problem[] = []
  const check = (path: PropertyKey[], store: string) => {
    if (written.includes(store)) return
    const hint = nearest(store, written)
    problems.push({
      path,
      message: `there is no store "${store}"${hint ? `; did you mean "${hint}"?` : ''}`,
    })
  }
  for (const { name, primary, replicas, downloads } of workspaces.values()) {
    check(['workspaces', name, 'primary'], primary)
    const seen = new Set([primary])
    for (const [index, replica] of replicas.entries()) {
      const path = ['workspaces', name, 'replicas', index]
      check(path, replica)
      if (seen.has(replica))
        problems.push({ path, message: `"${replica}" is in this workspace already` })
      seen.add(replica)
    }
    problems.push(...strangers(name, downloads, seen))
  }
  if (ledger !== undefined) check(['ledger'], ledger)
  const places = new Map<string, string>()
  for (const { name, uri } of stores.values()) {
    const twin = places.get(uri)
    if (twin !== undefined)
      problems.push({ path: ['stores', name], message: `is the same place as stores.${twin}` })
    places.set(uri, name)
  }
  return problems
}

const SOURCES = ['primary', 'fastest', 'cheapest', 'balanced']

/** Stores that a workspace's downloads name and that it does not have. */
function strangers(
  workspace: string,
  { from, weights, cdn }: DownloadRules,
  stores: ReadonlySet<string>,
): Problem[] {
  const path = ['workspaces', workspace, 'downloads']
  const strange = (where: string[], store: string) => ({
    path: [...path, ...where],
    message: `"${store}" is no store of this workspace`,
  })
  return [
    ...(SOURCES.includes(from) || stores.has(from) ? [] : [strange(['from'], from)]),
    ...Object.keys(weights).flatMap((s) => (stores.has(s) ? [] : [strange(['weights', s], s)])),
    ...Object.keys(cdn).flatMap((s) => (stores.has(s) ? [] : [strange(['cdn', s], s)])),
  ]
}

function unreadable({ prices }: Config, { readFile }: Platform): Problem[] {
  if (typeof prices !== 'string' || readFile) return []
  return [{ path: ['prices'], message: 'no file can be read here; write the prices themselves' }]
}

/** Each store's own faults, as far as they can be seen without a request. */
function unopenable({ stores }: Config, platform: Platform): Problem[] {
  return [...stores.values()].flatMap(({ name, uri, options }) => {
    try {
      openStore(uri, platform, options)
      return []
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // Keys may come later, or from elsewhere; a place that cannot be is wrong now.
      if (error.kind === 'unauthenticated') return []
      return [{ path: ['stores', name], message: error.message }]
    }
  })
}

const SETTINGS = [
  ...['stores', 'workspaces', 'defaults', 'server', 'uri', 'primary', 'replicas', 'host', 'port'],
  ...[
    'transfer',
    'retry',
    'timeouts',
    'capabilities',
    'setup',
    ...PLACE_FIELDS,
    ...CREDENTIAL_FIELDS,
  ],
  ...['concurrency', 'partSize', 'multipartThreshold', 'attempts', 'delay', 'maxDelay', 'request'],
  ...['access', 'secrets', 'ledger', 'prices', 'uploads', 'downloads', 'publicUrl'],
  ...['tokens', 'jwt', 'name', 'hash', 'scopes', 'prefix', 'expires', 'issuer', 'audience'],
  ...['jwks', 'keys', 'algorithms', 'clockSkew', 'workspaceClaim', 'scopeClaim', 'from', 'weights'],
  ...['expiry', 'maxExpiry', 'cdn', 'types', 'minSize', 'maxSize', 'maxParts', 'classes'],
  ...['defaultClass', 'requireChecksum', 'onlyIfAbsent', 'staging', 'verifyUpTo', 'sweepAfter'],
  ...['idle', 'copy', 'cors', 'origins', 'maxAge', 'encryption', 'versioning', 'lifecycle'],
]

function suggest(problem: Problem): Problem {
  if (problem.message !== 'no such setting') return problem
  const hint = nearest(String(problem.path.at(-1)), SETTINGS)
  return hint ? { ...problem, message: `no such setting; did you mean "${hint}"?` } : problem
}

/** The parser shows the text around a fault, and that may be a secret. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, '')
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replace(/:$/, '')
}

// The configuration as the program uses it: text, JSON or YAML, in; stores and workspaces, typed and
// checked, out. Every problem is reported at once. Opens nothing but to find out that it could.

import * as z from '#shared/shape/shape.ts'
import type { AccessRules } from '#shared/access/rules.ts'
import { accessRules } from '#shared/access/rules.ts'
import type { HookRule } from '#shared/events/rules.ts'
import { hookRule } from '#shared/events/rules.ts'
import { canCompareAndSet } from '#shared/jobs/ledger.ts'
import type { IntegrityRules } from '#shared/integrity/rules.ts'
import { integrityRules } from '#shared/integrity/rules.ts'
import type { Platform } from '#shared/platform.ts'
import type { ReplicationRules } from '#shared/replication/rules.ts'
import { replicationRules } from '#shared/replication/rules.ts'
import type { StoreAddress } from '#shared/storage/address.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import type { Setup, StoreEntry } from '#shared/storage/schema.ts'
import { CREDENTIAL_FIELDS, PLACE_FIELDS, toBytes, toSeconds } from '#shared/storage/schema.ts'
import type { CostRules } from '#shared/cost/rules.ts'
import { costRules } from '#shared/cost/rules.ts'
import type { UploadRules } from '#shared/uploads/rules.ts'
import { uploadRules } from '#shared/uploads/rules.ts'
import type { DownloadRules } from '#shared/workspaces/download-rules.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import { unfitFailovers } from './failover.ts'
import type { Problem } from './problems.ts'
import { ConfigError, problemsOf } from './problems.ts'
import { misfits } from './misfits.ts'
import type { ConfigText } from './schema.ts'
import { SECRET_PROBLEM, isSecret, schema } from './schema.ts'
import { nearest } from './spelling.ts'
import { substitute } from './variables.ts'
import { storeUri } from './uri.ts'

export interface StoreConfig {
  name: string
  uri: string
  /** The URI taken apart, where that was done ahead. */
  address?: StoreAddress
  options: StoreOptions
  setup: Setup | undefined
}

export interface WorkspaceConfig {
  name: string
  primary: string
  replicas: readonly string[]
  uploads: UploadRules
  downloads: DownloadRules
  replication: ReplicationRules
  /** Absent: nothing is swept unless somebody asks. */
  integrity?: IntegrityRules | undefined
  cost: CostRules
}

export interface Config {
  /** Where it came from, as messages call it. */
  source: string
  stores: ReadonlyMap<string, StoreConfig>
  workspaces: ReadonlyMap<string, WorkspaceConfig>
  server: { host: string; port: number; publicUrl: string | undefined }
  access: AccessRules
  /** By store. */
  hooks: ReadonlyMap<string, HookRule>
  cors: { origins: readonly string[]; maxAgeSeconds: number } | undefined
  /** The first seals, all open. Empty: `SKEIN_SECRET` does. */
  secrets: readonly string[]
  ledger: string | undefined
  /** Prices that stand in for the catalogue's: a file of them, or they themselves. */
  prices: string | Readonly<Record<string, unknown>> | undefined
  /** Who may read `/metrics`: `closed`, whoever has a token for everything; `open`, everybody. */
  metrics: 'closed' | 'open'
}

export const DEFAULT_SERVER = { host: '127.0.0.1', port: 8787 }

/** What is served when nobody has written a configuration: three folders that stand for three clouds. */
export const DEFAULT_CONFIG: ConfigText = {
  stores: {
    main: 'file:./skein-data/main',
    second: 'file:./skein-data/second',
    third: 'file:./skein-data/third',
  },
  workspaces: {
    demo: {
      ...{ primary: 'main', replicas: ['second', 'third'] },
      integrity: { quick: '1h', deep: '1h', coverage: '1h', repair: 'automatic' },
    },
  },
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
    ...guessable(config, platform),
    ...unopenable(config, platform),
    ...unfitLedger(config, platform),
    ...unfitFailovers(config, platform),
  )
  if (problems.length > 0) throw new ConfigError(source, problems)
  return config
}

function typed(
  {
    workspaces = {},
    server,
    access,
    hooks = {},
    cors,
    secrets = [],
    ledger,
    prices,
    metrics = 'closed',
  }: ConfigText,
  source: string,
  stores: Config['stores'],
): Config {
  return {
    source,
    stores,
    workspaces: new Map(
      Object.entries(workspaces).map(([name, { primary, replicas = [], ...rules }]) => [
        name,
        {
          ...{ name, primary, replicas },
          uploads: uploadRules(rules.uploads),
          downloads: downloadRules(rules.downloads),
          replication: replicationRules(rules.replication),
          integrity: integrityRules(rules.integrity),
          cost: costRules(rules.cost),
        },
      ]),
    ),
    server: {
      host: server?.host ?? DEFAULT_SERVER.host,
      port: server?.port ?? DEFAULT_SERVER.port,
      publicUrl: server?.publicUrl,
    },
    access: accessRules(access),
    hooks: new Map(Object.entries(hooks).map(([store, rule]) => [store, hookRule(rule)])),
    cors: cors && { origins: cors.origins, maxAgeSeconds: toSeconds(cors.maxAge ?? 600) },
    ...{ secrets, ledger, prices, metrics },
  }
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

function unreadable({ prices }: Config, { readFile }: Platform): Problem[] {
  if (typeof prices !== 'string' || readFile) return []
  return [{ path: ['prices'], message: 'no file can be read here; write the prices themselves' }]
}

/** A secret of the environment is held to what one of the configuration is. */
function guessable({ secrets }: Config, { env: { SKEIN_SECRET = '' } }: Platform): Problem[] {
  if (secrets.length > 0 || SKEIN_SECRET === '' || isSecret(SKEIN_SECRET)) return []
  return [{ path: ['secrets'], message: `the variable SKEIN_SECRET is not ${SECRET_PROBLEM}` }]
}

/** State that several change at once is kept by compare-and-set. */
function unfitLedger({ ledger, stores }: Config, platform: Platform): Problem[] {
  const written = ledger === undefined ? undefined : stores.get(ledger)
  if (written === undefined) return []
  try {
    if (canCompareAndSet(openStore(written.uri, platform, written.options))) return []
  } catch (error) {
    if (error instanceof StorageError) return []
    throw error
  }
  const message = `"${ledger}" has no conditional writes, which the ledger needs; name another store`
  return [{ path: ['ledger'], message }]
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
  ...['cost', 'months', 'constraints', 'report', 'advise', 'apply', 'budgets', 'redundancy'],
  ...['copies', 'providers', 'within', 'keepPrimary', 'atOnce', 'keptDays', 'reads', 'forecastUsd'],
  ...['egressGb', 'requestsADay', 'maxOnceUsd', 'minSavingUsd', 'maxPayBackMonths', 'irreversible'],
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
  ...[
    'metrics',
    'replication',
    'mode',
    'waitFor',
    'deletes',
    'deleteAfter',
    'conflict',
    'only',
    'prefixes',
  ],
  ...['tags', 'missedAfter', 'webhooks', 'url', 'failover', 'to', 'automatic', 'failures', 'over'],
  ...['integrity', 'quick', 'deep', 'coverage', 'budget', 'read', 'repair', 'repairPrimary'],
  ...['hooks', 'sns', 'topics', 'pubsub', 'serviceAccount', 'eventGrid', 'entra', 'tenant', 'scan'],
  ...['application', 'b2', 'bearer', 'notifications', 'queue', 'topic', 'eventBridge', 'url'],
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

// The API over a real socket, as tests ask it: a configuration, tokens with what they may do, and every line
// that it logged.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '#shared/access/principal.ts'
import type { Skein } from '#shared/app.ts'
import { SCOPES } from '#shared/access/principal.ts'
import { mintToken } from '#shared/access/tokens.ts'
import { readConfig } from '#shared/config/config.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import type { Queue } from '#shared/platform.ts'
import { startServer } from '../../functions/node/server.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import type { Servers } from '../harness/servers.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

export const SECRET = 'the secret that seals the ids of this run'

export interface Holder {
  name: string
  workspaces?: string[] | 'all'
  scopes?: readonly Scope[]
  prefix?: string
  expires?: string
}

export interface RunningApi {
  url: string
  /** By the holders' names. */
  tokens: Record<string, string>
  lines: string[]
  /** The other doors of the same suite. */
  skein: Skein
  /** With the token of `as`, `owner` unless it says another; `null` sends none. */
  send(path: string, init?: Sent): Promise<Response>
  close(): Promise<void>
}

export interface Sent extends Omit<RequestInit, 'headers'> {
  as?: string | null
  headers?: Record<string, string>
  /** Sent as JSON, by POST unless another method is named. */
  json?: unknown
}

const OWNER: Holder = { name: 'owner', workspaces: 'all', scopes: SCOPES }

interface Surroundings {
  holders?: Holder[]
  env?: Record<string, string>
  queue?: Queue
}

export async function startApi(
  written: Omit<ConfigText, 'access'> & { access?: ConfigText['access'] },
  { holders = [], env = {}, queue }: Surroundings = {},
): Promise<RunningApi> {
  const lines: string[] = []
  const minted = [OWNER, ...holders].map((holder) => ({ holder, ...mintToken() }))
  const platform = {
    env: { SKEIN_SECRET: SECRET, SKEIN_SIGNING_SECRET: SECRET, ...env },
    fileSystem: true,
    now: Date.now,
    log: (line: string) => void lines.push(line),
    queue,
  }
  const tokens = minted.map(({ holder, hash }) => {
    const { workspaces = ['app'], scopes = SCOPES, ...rest } = holder
    return { ...rest, hash, workspaces, scopes: [...scopes] }
  })
  const config = readConfig(
    { ...written, access: { ...written.access, tokens } },
    'of this test',
    platform,
  )
  const server = await startServer(config, platform, 0)
  const byName = Object.fromEntries(minted.map(({ holder, token }) => [holder.name, token]))
  return {
    url: server.url,
    tokens: byName,
    lines,
    skein: server.skein,
    send(path, { as = 'owner', headers = {}, json, ...init } = {}) {
      const authorization = as === null ? {} : { authorization: `Bearer ${byName[as]}` }
      const body = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
      const type = json === undefined ? {} : { 'content-type': 'application/json' }
      return fetch(server.url + path, {
        redirect: 'manual',
        ...body,
        ...init,
        headers: { ...authorization, ...type, ...headers },
      })
    },
    close: () => server.close(),
  }
}

/** A store that signs with a key of its own and that nobody asks: what signs makes no request. */
export const SIGNING_STORE = {
  uri: 's3://photos?region=eu-west-1',
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'not-a-secret-but-never-to-be-shown-42',
}

type Entry = Exclude<ConfigText['stores'][string], string>

/** One store of each kind on this run's servers, and one folder. */
export async function everyStore(
  servers: Servers,
): Promise<{ stores: Record<string, Entry>; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-api-'))
  const described = {
    s3: await describeS3(servers, { name: 's3' }),
    gcs: await describeGcs(servers),
    azure: await describeAzurite(servers),
  }
  const stores = Object.fromEntries(
    Object.entries(described).map(([name, one]) => [name, entryOf(one)]),
  )
  return {
    stores: { ...stores, folder: { uri: `file:${folder}` } },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function entryOf({ uri, options }: StoreDescription): Entry {
  const { credentials, capabilities } = options ?? {}
  return {
    uri: uri.replace('/{place}', '/uploads'),
    ...(credentials as Partial<Entry>),
    ...(capabilities && { capabilities: capabilities as NonNullable<Entry['capabilities']> }),
  }
}

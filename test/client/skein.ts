// A whole Skein over real sockets, with one store at one of the run's servers, and clients of it as an app
// would make them. Parts are small, so that a few megabytes are a large file here.

import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SkeinClient, SkeinClientOptions } from '#shared/client/client.ts'
import { createSkeinClient } from '#shared/client/client.ts'
import { readConfig } from '#shared/config/config.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Store } from '#shared/storage/store.ts'
import { startServer } from '../../functions/node/server.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import type { Servers } from '../harness/servers.ts'
import type { Control } from '../suites/storage/control.ts'
import { createControl } from '../suites/storage/control.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { freshPlace } from '../suites/storage/harness.ts'

export const KIND = ['s3', 'gcs', 'azure', 'folder'] as const
export type Kind = (typeof KIND)[number]

/** For a machine that does much else; no test waits for it. */
export const TIME_LIMIT = { timeout: 60_000 }

export const PART_BYTES = 2 ** 20
/** The largest single PUT. */
export const THRESHOLD_BYTES = 2 ** 20

export interface RunningSkein {
  url: string
  token: string
  /** The store behind it, to look at what is really there. */
  store: Store
  /** Faults and the log of requests, where the server has them. */
  control: Control | undefined
  client(options?: Partial<SkeinClientOptions>): SkeinClient
  close(): Promise<void>
}

const WORKSPACE = 'app'
/** Enough tries for what a test breaks, and none of them late. */
const PATIENCE = { attempts: 6, delaySeconds: 0.005, maxDelaySeconds: 0.02 }

interface Behind {
  entry: Record<string, unknown>
  description: StoreDescription
  env: Record<string, string>
  remove(): Promise<void>
}

export async function startSkein(
  servers: Servers,
  kind: Kind,
  now: () => number = Date.now,
): Promise<RunningSkein> {
  const behind = await place(servers, kind)
  const { entry, description, env } = behind
  const token = `skein_${randomBytes(32).toString('base64url')}`
  const hash = `sha256:${createHash('sha256').update(token).digest('base64url')}`
  const scopes = ['upload', 'download', 'list', 'delete', 'operate']
  const transfer = { partSize: PART_BYTES, multipartThreshold: THRESHOLD_BYTES }
  const written = {
    stores: { main: { ...entry, transfer } },
    workspaces: { [WORKSPACE]: { primary: 'main' } },
    access: { tokens: [{ name: 'a test', hash, workspaces: 'all', scopes }] },
    secrets: [randomBytes(32).toString('base64url')],
  }
  const platform = { env, fileSystem: true, now }
  const server = await startServer(readConfig(written, 'by this test', platform), platform, 0)
  const store = openStore(description.uri, platform, { name: kind, ...description.options })
  return {
    url: server.url,
    token,
    store,
    control: description.control && createControl(description.control, fetch),
    client: (options = {}) =>
      createSkeinClient({
        ...{ endpoint: server.url, workspace: WORKSPACE, token, patience: PATIENCE },
        ...options,
      }),
    async close() {
      await store.close()
      await server.close()
      await behind.remove()
    },
  }
}

async function place(servers: Servers, kind: Kind): Promise<Behind> {
  if (kind === 'folder') return folder()
  const described = await describe(servers, kind)
  const uri = described.uri.replace('{place}', freshPlace())
  const rows = described.row ? PROVIDERS.filter(({ id }) => id === described.row) : PROVIDERS
  const options = { name: kind, ...described.options }
  const store = openStore(uri, { env: {}, fileSystem: false, now: Date.now }, options, rows)
  // An endpoint is read with care; what this server can do is known, and its parts may be small.
  const { setup: _, ...known } = store.capabilities
  const multipart = known.multipart && { ...known.multipart, minPartBytes: 1 }
  const capabilities = { ...known, multipart }
  await store.close()
  return {
    entry: { uri, ...described.options?.credentials, capabilities },
    description: { ...described, uri },
    env: {},
    remove: async () => undefined,
  }
}

async function describe(
  servers: Servers,
  kind: Exclude<Kind, 'folder'>,
): Promise<StoreDescription> {
  if (kind === 'gcs') return withSmallParts(await describeGcs(servers))
  if (kind === 'azure') return describeAzurite(servers)
  const parameters = { region: 'us-east-1' }
  const dialect = { like: 'amazon', minPartBytes: 1 }
  return describeS3(servers, { name: 's3', row: 's3', parameters, dialect })
}

async function withSmallParts(described: StoreDescription): Promise<StoreDescription> {
  const { url, bucket } = described.control!
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ name: bucket, minPartBytes: 1 })
  const changed = await fetch(`${url}/__control/buckets`, { method: 'POST', headers, body })
  if (!changed.ok) throw new Error(`The bucket was not changed: ${await changed.text()}`)
  return described
}

async function folder(): Promise<Behind> {
  const path = await mkdtemp(join(tmpdir(), 'skein-client-'))
  const uri = `file:${path}`
  return {
    entry: { uri },
    description: { name: 'folder', uri },
    env: { SKEIN_SIGNING_SECRET: 'a secret that only this run knows' },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

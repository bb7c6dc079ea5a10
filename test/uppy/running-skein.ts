// Skein itself, running for a test: a workspace over each store that it is given, one token for all of them,
// and what it logged.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readConfig } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import type { Outcome } from '#shared/jobs/queue.ts'
import type { Platform, Task } from '#shared/platform.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { CREDENTIAL_FIELDS } from '#shared/storage/schema.ts'
import type { Store } from '#shared/storage/store.ts'
import { startServer } from '../../functions/node/server.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

export type StoreEntry = ConfigText['stores'][string]

export interface RunningSkein {
  url: string
  token: string
  logged: string[]
  /** What was sent to its queue, which nobody works through. */
  queued: { task: Task; delaySeconds: number | undefined }[]
  /** A request with the token. */
  call(path: string, init?: RequestInit): Promise<Response>
  /** Of an endpoint for Uppy. */
  mint(workspace: string, wish?: object): Promise<string>
  /** As the queue would hand it over. */
  work(task: Task): Promise<Outcome[]>
  /** As the configuration has it. */
  store(name: string): Store
  close(): Promise<void>
}

/** A URI with an endpoint picks the careful row, so what the server is known to do is written beside it. */
export function entryOf({ uri, row, options = {} }: StoreDescription, place: string): StoreEntry {
  const { credentials = {}, capabilities } = options
  const known = PROVIDERS.find(({ id }) => id === row)?.capabilities
  // The SDK writes fields of its own into the credentials that a description gave it.
  const fields = CREDENTIAL_FIELDS.map((field) => [field, credentials[field]])
  const entry = {
    uri: uri.replace('{place}', place),
    ...Object.fromEntries(fields),
    capabilities: { ...known, ...capabilities, setup: undefined },
  }
  return JSON.parse(JSON.stringify(entry)) as StoreEntry
}

export interface Wishes {
  uploads?: NonNullable<ConfigText['workspaces']>[string]['uploads']
  prefix?: string
  /** Pages that may call the API. */
  origins?: string[]
  transfer?: NonNullable<ConfigText['defaults']>['transfer']
  now?: () => number
}

export async function startSkein(
  stores: Record<string, StoreEntry>,
  { uploads = {}, prefix = '', origins, transfer, now = Date.now }: Wishes = {},
): Promise<RunningSkein> {
  const token = `skein_${randomBytes(32).toString('base64url')}`
  const hash = `sha256:${createHash('sha256').update(token).digest('base64url')}`
  const logged: string[] = []
  const queued: RunningSkein['queued'] = []
  const platform: Platform = {
    env: { SKEIN_SIGNING_SECRET: SIGNING_SECRET },
    fileSystem: true,
    now,
    log: (line) => void logged.push(line),
    queue: {
      async send(tasks, { delaySeconds } = {}) {
        queued.push(...tasks.map((task) => ({ task, delaySeconds })))
      },
    },
  }
  const scopes = ['upload', 'download', 'list', 'delete', 'operate'] as const
  const written: ConfigText = {
    stores,
    workspaces: Object.fromEntries(
      Object.keys(stores).map((name) => [name, { primary: name, uploads }]),
    ),
    access: { tokens: [{ name: 'test', hash, workspaces: 'all', scopes: [...scopes], prefix }] },
    secrets: [randomBytes(32).toString('base64url')],
    ...(origins && { cors: { origins } }),
    ...(transfer && { defaults: { transfer } }),
  }
  const config = readConfig(written, 'by this test', platform)
  const server = await startServer(config, platform, 0)
  const { url, skein } = server
  const call: RunningSkein['call'] = (path, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    return fetch(`${url}${path}`, { ...init, headers })
  }
  return {
    ...{ url, token, logged, queued, call },
    async mint(workspace, wish = {}) {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(wish) }
      const answer = await call(`/v1/${workspace}/uppy`, init)
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
      return ((await answer.json()) as { endpoint: string }).endpoint
    },
    work: (task) => skein.consume([{ id: randomUUID(), body: JSON.stringify(task), attempt: 1 }]),
    store: (name) => openConfigured(config, name, platform),
    close: () => server.close(),
  }
}

export const SIGNING_SECRET = 'a secret that only this run knows'

// A workspace of two stores behind the local process: its API, its queue and its worker, on real servers. Somebody
// writes, deletes and reads all the time, and remembers what he was told.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { SCOPES } from '#shared/access/principal.ts'
import { mintToken } from '#shared/access/tokens.ts'
import type { Download, Job, ObjectList, UploadPlan } from '#shared/client/protocol.ts'
import type { Config } from '#shared/config/config.ts'
import { readConfig } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Store } from '#shared/storage/store.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import { openDatabase } from '../../functions/node/database.ts'
import { openQueue } from '../../functions/node/queue.ts'
import { startServer } from '../../functions/node/server.ts'
import { startWorker } from '../../functions/node/worker.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

const SECRET = 'a secret of at least thirty-two characters'
/** Longer than a busy machine takes for any of this. */
export const PATIENCE = { timeout: 60_000, interval: 50 }

type Written = NonNullable<ConfigText['workspaces']>[string]
type StoreText = NonNullable<ConfigText['stores']>[string]

export interface House {
  url: string
  token: string
  ask: <T>(path: string, body?: unknown, method?: string) => Promise<T>
  stores: Record<'main' | 'west', Store>
  state(): Promise<WorkspaceState>
  /** As if the last URL of before had ended long ago. */
  letUrlsEnd(): Promise<void>
  schedule(name: string): Promise<void>
  /** Until it rests, or has ended. */
  rested(id: string): Promise<Job>
  /** Serves the same stores by another configuration. */
  servedBy(written: Partial<Written>): Promise<House>
}

export function textOf({ uri, options }: StoreDescription): StoreText {
  const { accessKeyId, secretAccessKey, accountKey, credentialsJson } = options?.credentials ?? {}
  const credentials = { accessKeyId, secretAccessKey, accountKey, credentialsJson }
  const given = Object.entries(credentials).filter(([, value]) => value !== undefined)
  const { capabilities } = options ?? {}
  return {
    uri: uri.replaceAll('{place}', 'house'),
    ...Object.fromEntries(given),
    ...(capabilities && { capabilities }),
  } as StoreText
}

const MOVES: Partial<Written> = { replication: { failover: { to: ['west'] } } }

/** A store that is not described is a folder. */
export async function openHouse(
  described: { main?: StoreText; west?: StoreText } = {},
  written: Partial<Written> = MOVES,
): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-house-'))
  const names = ['main', 'west', 'ledger'] as const
  for (const name of names) await mkdir(join(folder, name))
  const folders = Object.fromEntries(names.map((name) => [name, `file:${join(folder, name)}`]))
  const running: (() => Promise<void>)[] = []
  onTestFinished(async () => {
    await Promise.all(running.map((stop) => stop()))
    await rm(folder, { recursive: true, force: true })
  })
  const serve = async (workspace: Partial<Written>): Promise<House> => {
    await Promise.all(running.splice(0).map((stop) => stop()))
    const stores = { ...folders, ...described }
    const app = { primary: 'main', replicas: ['west'], ...workspace }
    return startHouse({ stores, workspaces: { app }, ledger: 'ledger' }, folder, running, serve)
  }
  return serve(written)
}

async function startHouse(
  written: ConfigText,
  folder: string,
  running: (() => Promise<void>)[],
  servedBy: House['servedBy'],
): Promise<House> {
  const { token, hash } = mintToken()
  const platform = {
    env: { SKEIN_SECRET: SECRET, SKEIN_SIGNING_SECRET: SECRET },
    ...{ fileSystem: true, now: Date.now },
  }
  const access = {
    tokens: [{ name: 'tests', hash, workspaces: 'all' as const, scopes: [...SCOPES] }],
  }
  const config: Config = readConfig({ ...written, access }, 'of this test', platform)
  const database = openDatabase(join(folder, `${crypto.randomUUID()}.sqlite`))
  const queue = await openQueue(database)
  const server = await startServer(config, { ...platform, queue }, 0)
  const worker = startWorker(queue, (messages) => server.skein.consume(messages), console.error)
  running.push(async () => {
    await Promise.all([worker.stop(), server.close()])
    database.close()
  })
  const open = (name: string) => openConfigured(config, name, platform)
  const ledger = createLedger(open('ledger'))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

  async function ask<T>(path: string, body?: unknown, method = body ? 'POST' : 'GET'): Promise<T> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(`${server.url}/v1/app/${path}`, { method, headers, ...sent })
    const text = await answer.text()
    if (!answer.ok) throw new Refused(answer.status, `${method} ${path}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  return {
    ...{
      url: server.url,
      token,
      ask,
      servedBy,
      stores: { main: open('main'), west: open('west') },
    },
    state: async () => (await ledger.read<WorkspaceState>('state/app'))!,
    async letUrlsEnd() {
      await ledger.change<WorkspaceState>('state/app', (state) => {
        const behind = Object.entries(state!.behind).map(([name, left]) => {
          return [name, { ...left, lateUntil: Date.now() - 1 }] as const
        })
        return { ...state!, behind: Object.fromEntries(behind) }
      })
    },
    schedule: (name) => server.skein.schedule(name),
    rested: (id) =>
      vi.waitFor(async () => {
        const job = await ask<Job>(`jobs/${id}`)
        if (job.state === 'running') throw new Error(`${id} is at work: ${JSON.stringify(job)}`)
        return job
      }, PATIENCE),
  }
}

export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Begins it, and waits for its plan; then carries it out up to the rest before the cutover. */
export async function moveTo(house: House, to: string, from = 'main'): Promise<string> {
  const options = { from: { store: from }, to: { store: to }, parts: 2 }
  const { id } = await house.ask<Job>('jobs', { kind: 'migrate', options })
  expect(await house.rested(id)).toMatchObject({ state: 'ready' })
  await tell(house, id, 'start')
  return id
}

/** What the job says when it rests again. */
export async function tell(house: House, id: string, command: string): Promise<Job> {
  await house.ask(`jobs/${id}/${command}`, {})
  return house.rested(id)
}

export async function upload(house: House, key: string, text: string): Promise<UploadPlan> {
  const plan = await planned(house, key, text)
  await finish(house, plan, text)
  return plan
}

export function planned({ ask }: House, key: string, text: string): Promise<UploadPlan> {
  return ask<UploadPlan>('uploads', { key, size: Buffer.byteLength(text) })
}

/** The PUT that was signed, perhaps long ago, and the completion. */
export async function finish({ ask }: House, plan: UploadPlan, text: string): Promise<void> {
  const { url, method, headers } = plan.request!
  const sent = await fetch(url, { method, headers, body: text })
  expect({ status: sent.status, ok: sent.ok }).toMatchObject({ ok: true })
  await ask(`uploads/${plan.id}/complete`, {})
}

/** By a plain download; undefined where there is none. */
export async function read({ ask }: House, key: string): Promise<string | undefined> {
  let download: Download
  try {
    download = await ask<Download>('downloads', { key })
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined
    throw error
  }
  const { url, headers } = download.request
  const answer = await fetch(url, { headers })
  const text = await answer.text()
  return answer.ok ? text : undefined
}

export async function listed({ ask }: House): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await ask<ObjectList>(`objects?limit=50${query}`)
    keys.push(...page.objects.map(({ key }) => key))
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return keys.toSorted()
}

export async function textAt(store: Store, key: string): Promise<string> {
  return new Response((await store.get(key)).body).text()
}

/** All keys of a store with their texts. */
export async function allTexts(store: Store): Promise<Record<string, string>> {
  const keys: string[] = []
  for await (const { key } of store.listAll()) keys.push(key)
  const texts = await Promise.all(keys.map(async (key) => [key, await textAt(store, key)]))
  return Object.fromEntries(texts) as Record<string, string>
}

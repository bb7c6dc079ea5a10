// Over the socket: writes and reads follow the truth to another folder and back, uploads that were begun before
// it moved are ended where they were begun, and another process knows as much as this one.

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Scope } from '#shared/access/principal.ts'
import { SCOPES } from '#shared/access/principal.ts'
import { mintToken } from '#shared/access/tokens.ts'
import type {
  Download,
  FailoverStatus,
  ObjectList,
  Problem,
  ReplicationStatus,
  UploadPlan,
} from '#shared/client/protocol.ts'
import { readConfig } from '#shared/config/config.ts'
import { openDatabase } from '../../functions/node/database.ts'
import { openQueue } from '../../functions/node/queue.ts'
import { startServer } from '../../functions/node/server.ts'
import { startWorker } from '../../functions/node/worker.ts'
import { arrives } from './arrives.ts'

const SECRET = 'a secret of at least thirty-two characters'

async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'skein-failover-'))
  const names = ['main', 'west', 'ledger']
  for (const name of names) await mkdir(join(folder, name))
  const [operator, reader] = [mintToken(), mintToken()]
  const entry = (hash: string, scopes: readonly Scope[]) => ({
    ...{ name: 'tests', hash, workspaces: 'all' as const, scopes: [...scopes] },
  })
  const written = {
    stores: Object.fromEntries(names.map((name) => [name, `file:${join(folder, name)}`])),
    workspaces: {
      app: {
        ...{ primary: 'main', replicas: ['west'] },
        replication: { failover: { to: ['west'] } },
      },
    },
    ledger: 'ledger',
    access: { tokens: [entry(operator.hash, SCOPES), entry(reader.hash, ['download', 'list'])] },
  }
  const platform = {
    env: { SKEIN_SECRET: SECRET, SKEIN_SIGNING_SECRET: SECRET },
    ...{ fileSystem: true, now: Date.now },
  }
  const config = readConfig(written, 'of this test', platform)
  const database = openDatabase(join(folder, 'queue.sqlite'))
  const queue = await openQueue(database)
  const server = await startServer(config, { ...platform, queue }, 0)
  const other = await startServer(config, { ...platform, queue }, 0)
  const worker = startWorker(queue, (messages) => server.skein.consume(messages), console.error)
  onTestFinished(async () => {
    await Promise.all([worker.stop(), server.close(), other.close()])
    database.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function call(path: string, body?: unknown, method = body ? 'POST' : 'GET', at = server) {
    const headers = {
      authorization: `Bearer ${operator.token}`,
      'content-type': 'application/json',
    }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return fetch(`${at.url}/v1/app/${path}`, { method, headers, ...sent })
  }

  async function ask<T>(...asked: Parameters<typeof call>): Promise<T> {
    const answer = await call(...asked)
    const text = await answer.text()
    expect({ ok: answer.ok, text }).toMatchObject({ ok: true })
    return JSON.parse(text) as T
  }

  async function send({ request }: UploadPlan, text: string): Promise<void> {
    const { url, method, headers } = request!
    expect((await fetch(url, { method, headers, body: text })).ok).toBe(true)
  }

  return {
    ...{ call, ask, send, server, other, reader },
    plan: (key: string, text: string, at = server) =>
      ask<UploadPlan>('uploads', { key, size: text.length }, 'POST', at),
    upload: async (key: string, text: string): Promise<string> => {
      const plan = await ask<UploadPlan>('uploads', { key, size: text.length })
      await send(plan, text)
      await ask(`uploads/${plan.id}/complete`, {})
      return plan.store
    },
    read: (path: string) => readFile(join(folder, path), 'utf8'),
  }
}

test('uploads, downloads, lists and deletes follow the truth, and what began before it moved is not lost', async () => {
  const { call, ask, send, plan, upload, read, other } = await start()
  expect(await upload('a.txt', 'first')).toBe('main')
  await arrives(async () => expect(await read('west/a.txt')).toBe('first'))
  const begun = await plan('late.txt', 'begun before')
  // Knows of nothing yet but the time before.
  await plan('seen.txt', 'x', other)

  const moved = await ask<FailoverStatus>('failover', { to: 'west', reason: 'a test' })
  expect(moved).toMatchObject({ epoch: 1, acting: 'west', mode: 'failed-over' })
  expect(await upload('b.txt', 'second')).toBe('west')
  const download = await ask<Download>('downloads', { key: 'b.txt' })
  expect(download).toMatchObject({ store: 'west', maybeStale: false })
  expect(await (await fetch(download.request.url)).text()).toBe('second')
  const { objects } = await ask<ObjectList>('objects')
  expect(objects.map(({ key }) => key)).toEqual(['a.txt', 'b.txt'])

  await send(begun, 'begun before')
  expect(await ask(`uploads/${begun.id}/complete`, {})).toMatchObject({ store: 'main' })
  await arrives(async () => expect(await read('west/late.txt')).toBe('begun before'))

  await ask('object?key=a.txt', undefined, 'DELETE')
  await expect(read('west/a.txt')).rejects.toThrow('ENOENT')
  await arrives(() => expect(read('main/a.txt')).rejects.toThrow('ENOENT'))
  await arrives(async () => expect(await read('main/b.txt')).toBe('second'))

  expect((await call('failover', { to: 'west' })).status).toBe(412)
  await ask('failback', {})
  await arrives(async () => {
    const { failover, primary } = await ask<ReplicationStatus>('replication')
    expect(failover).toMatchObject({ acting: 'main', mode: 'draining', epoch: 3 })
    expect(failover?.changes.map(({ what }) => what)).toEqual([
      ...['failed-back', 'returning', 'failed-over'],
    ])
    expect(primary).toBe('main')
  })
  expect(await upload('c.txt', 'third')).toBe('main')
})

test('a process that starts afterwards knows where the truth is', async () => {
  const { ask, plan, other } = await start()
  await ask('failover', { to: 'west' })
  expect((await plan('a.txt', 'x', other)).store).toBe('west')
})

test('whoever may not operate moves nothing, and is told of no state', async () => {
  const { reader, server } = await start()
  const headers = { authorization: `Bearer ${reader.token}`, 'content-type': 'application/json' }
  for (const path of ['failover', 'failback']) {
    const body = JSON.stringify(path === 'failover' ? { to: 'west' } : {})
    const answer = await fetch(`${server.url}/v1/app/${path}`, { method: 'POST', headers, body })
    expect(answer.status).toBe(403)
    expect(((await answer.json()) as Problem).detail).not.toContain('west')
  }
})

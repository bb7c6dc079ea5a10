// The local process over its socket, with folders and its own queue: what is uploaded appears at every replica,
// what is deleted vanishes there, and the page of what is late tells the truth.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SCOPES } from '#shared/access/principal.ts'
import { mintToken } from '#shared/access/tokens.ts'
import type { ObjectDescription, ReplicationStatus, UploadPlan } from '#shared/client/protocol.ts'
import { readConfig } from '#shared/config/config.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import { openDatabase } from '../../functions/node/database.ts'
import { openQueue } from '../../functions/node/queue.ts'
import { startServer } from '../../functions/node/server.ts'
import { startWorker } from '../../functions/node/worker.ts'
import { arrives } from './arrives.ts'

const SECRET = 'a secret of at least thirty-two characters'

type Rules = NonNullable<ConfigText['workspaces']>[string]['replication']

async function start(rules: Rules = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'skein-replication-'))
  await mkdir(join(folder, 'main'))
  const { token, hash } = mintToken()
  const stores = Object.fromEntries(
    ['main', 'west', 'east'].map((name) => [name, `file:${join(folder, name)}`]),
  )
  const workspaces = {
    app: { primary: 'main', replicas: ['west', 'east'], replication: rules },
  }
  const access = {
    tokens: [{ name: 'tests', hash, workspaces: 'all' as const, scopes: [...SCOPES] }],
  }
  const platform = {
    env: { SKEIN_SECRET: SECRET, SKEIN_SIGNING_SECRET: SECRET },
    fileSystem: true,
    now: Date.now,
  }
  const config = readConfig({ stores, workspaces, access }, 'of this test', platform)
  const database = openDatabase(join(folder, 'queue.sqlite'))
  const queue = await openQueue(database)
  const server = await startServer(config, { ...platform, queue }, 0)
  const worker = startWorker(queue, (messages) => server.skein.consume(messages), console.error)
  onTestFinished(async () => {
    await Promise.all([worker.stop(), server.close()])
    database.close()
    await rm(folder, { recursive: true, force: true })
  })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  async function ask<T>(path: string, body?: unknown, method = body ? 'POST' : 'GET'): Promise<T> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(`${server.url}/v1/app/${path}`, { method, headers, ...sent })
    const text = await answer.text()
    expect({ ok: answer.ok, text }).toMatchObject({ ok: true })
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  return {
    folder,
    ask,
    skein: server.skein,
    read: (path: string) => readFile(join(folder, path), 'utf8'),
  }
}

async function upload(ask: Awaited<ReturnType<typeof start>>['ask'], key: string, text: string) {
  const size = Buffer.byteLength(text)
  const { id, request } = await ask<UploadPlan>('uploads', { key, size, contentType: 'text/plain' })
  const { url, method, headers } = request!
  expect((await fetch(url, { method, headers, body: text })).ok).toBe(true)
  await ask(`uploads/${id}/complete`, {})
}

test('what is uploaded appears at every replica, and what is deleted vanishes there', async () => {
  const { ask, read } = await start()
  await upload(ask, 'letters/a.txt', 'first')
  await arrives(async () => expect(await read('west/letters/a.txt')).toBe('first'))
  await arrives(async () => expect(await read('east/letters/a.txt')).toBe('first'))
  await upload(ask, 'letters/a.txt', 'second')
  await arrives(async () => expect(await read('west/letters/a.txt')).toBe('second'))
  await arrives(async () => expect(await read('east/letters/a.txt')).toBe('second'))
  await ask('object?key=letters/a.txt', undefined, 'DELETE')
  await expect(read('west/letters/a.txt')).rejects.toThrow('ENOENT')
  await expect(read('east/letters/a.txt')).rejects.toThrow('ENOENT')
  const status = await ask<ReplicationStatus>('replication')
  expect(status).toMatchObject({ mode: 'after', primary: 'main', problems: [], heldDeletes: 0 })
})

test('an object says of each copy whether it is the primary’s', async () => {
  const { folder, ask, read } = await start()
  await upload(ask, 'a.txt', 'first')
  await arrives(async () => expect(await read('west/a.txt')).toBe('first'))
  await arrives(async () => expect(await read('east/a.txt')).toBe('first'))
  await writeFile(join(folder, 'east/a.txt'), 'another')
  const { stores } = await ask<ObjectDescription>('object?key=a.txt')
  expect(stores.map(({ store, copy }) => [store, copy])).toEqual([
    ['main', undefined],
    ['west', 'current'],
    ['east', 'foreign'],
  ])
})

test('a resync brings over what nobody told of', async () => {
  const { folder, ask, read } = await start()
  await writeFile(join(folder, 'main/b.txt'), 'put there by hand')
  await ask('replication/resync', { prefix: 'b' })
  await arrives(async () => expect(await read('west/b.txt')).toBe('put there by hand'))
  expect(await ask('replication/replay', {})).toEqual({ replayed: 0, deletes: 0, more: false })
})

test('a completion that waits for copies is answered when they are there', async () => {
  const { ask, read } = await start({ mode: 'sync', waitFor: 2 })
  await upload(ask, 'a.txt', 'at once')
  expect(await read('west/a.txt')).toBe('at once')
  expect(await read('east/a.txt')).toBe('at once')
})

test('the canary arrives and tells how long that takes', async () => {
  const { ask, skein } = await start()
  await skein.schedule('watch')
  await arrives(async () => {
    const { replicas } = await ask<ReplicationStatus>('replication')
    expect(replicas.map(({ canarySeconds }) => typeof canarySeconds)).toEqual(['number', 'number'])
    expect(replicas.map(({ lagSeconds }) => lagSeconds)).toEqual([0, 0])
  })
})

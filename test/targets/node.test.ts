// The suite on the local process, over HTTP, and what it alone has: folders that honour signed URLs, and the
// command line. Both are the built programs, run in an empty folder.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSkein } from '#shared/app.ts'
import { loadConfig } from '#shared/config/config.ts'
import { FOLDER_PATH } from '#shared/storage/providers/file/signature.ts'
import { openDatabase } from '../../functions/node/database.ts'
import type { ServerProcess } from '../servers/process.ts'
import { startProcess } from '../servers/process.ts'
import { defineTarget } from '../suites/targets.ts'
import { buildAside, scratchFolder } from './built.ts'
import type { Ran } from './command.ts'
import { runCommand } from './command.ts'

const { folder } = await buildAside('node')
const SERVER = join(folder, 'server.mjs')
const CLI = join(folder, 'cli.mjs')

/** Nothing of this machine's user but where programs are. */
const BARE = { PATH: process.env['PATH'] }

interface LocalServer extends ServerProcess {
  url: string
}

async function startServer(cwd: string, env: Record<string, string>): Promise<LocalServer> {
  const started = await startProcess({
    command: process.execPath,
    args: [SERVER],
    cwd,
    env: { PORT: '0', ...env },
    ready: /^Skein is at /,
  })
  return { ...started, url: addressIn(started.line) }
}

/** With the tasks that were ever sent written down: what is done is gone. */
const SEEN = `
  CREATE TABLE IF NOT EXISTS seen (body TEXT);
  CREATE TRIGGER IF NOT EXISTS see AFTER INSERT ON tasks BEGIN INSERT INTO seen VALUES (new.body); END
`

async function withState<T>(cwd: string, work: (state: DatabaseSync) => Promise<T>): Promise<T> {
  const state = openDatabase(join(cwd, '.skein', 'local.sqlite'))
  state.exec(SEEN)
  try {
    return await work(state)
  } finally {
    state.close()
  }
}

/** Sent by another process, as it were. */
function consume(cwd: string, bodies: readonly string[]): Promise<string[]> {
  return withState(cwd, (state) => {
    const send = state.prepare('INSERT INTO tasks (body, visible_at) VALUES (?, 0)')
    const task = state.prepare('SELECT attempts, holder FROM tasks WHERE id = ?')
    const aside = state.prepare('SELECT reason FROM set_aside WHERE id = ?')
    const ids = bodies.map((body) => send.run(body).lastInsertRowid)
    const outcomeOf = (id: number | bigint): string => {
      const found = task.get(id)
      if (found === undefined) return aside.get(id) ? 'set-aside' : 'done'
      if (found['attempts'] === 0 || found['holder'] !== null) throw new Error(`${id} waits.`)
      return 'retry'
    }
    return vi.waitFor(() => ids.map(outcomeOf), { timeout: 10_000 })
  })
}

/** What is due when it starts runs then. */
function makeDue(cwd: string, name: string): Promise<void> {
  return withState(cwd, async (state) => {
    state.exec('DELETE FROM seen')
    state.prepare('UPDATE schedules SET next_at = 1 WHERE name = ?').run(name)
  })
}

function whatWasSent(cwd: string): Promise<string[]> {
  return withState(cwd, (state) =>
    vi.waitFor(() => {
      const seen = state.prepare('SELECT body FROM seen ORDER BY rowid').all()
      if (seen.length === 0) throw new Error('Nothing was sent.')
      return seen.map(({ body }) => String(body))
    }),
  )
}

function addressIn(line: string): string {
  return /http:\/\/[\d.:]+/.exec(line)?.[0] ?? ''
}

defineTarget({
  name: 'the local process',
  fileSystem: true,
  async start(env) {
    const cwd = await scratchFolder()
    let server = await startServer(cwd, env)
    return {
      send: ({ path, ...init }) => fetch(server.url + path, { redirect: 'manual', ...init }),
      consume: (bodies) => consume(cwd, bodies),
      async schedule(name) {
        await server.stop()
        await makeDue(cwd, name)
        server = await startServer(cwd, env)
        return whatWasSent(cwd)
      },
      stop: () => server.stop(),
    }
  },
  async failure(env) {
    const ran = await runCommand({
      ...{ command: process.execPath, args: [SERVER], cwd: folder },
      env: { ...BARE, PORT: '0', ...env },
    })
    return ran.code === 1 && ran.out === '' ? ran.error : `It ended with ${ran.code}: ${ran.out}`
  },
})

describe('the local process without a configuration', { timeout: 30_000 }, () => {
  let cwd: string
  let server: LocalServer
  beforeAll(async () => {
    cwd = await scratchFolder()
    server = await startServer(cwd, {})
  })
  afterAll(() => server.stop())

  /** The command line beside the server: same folder, same secret. */
  function skein(...args: string[]): Promise<Ran> {
    return runCommand({
      ...{ command: process.execPath, args: [CLI, ...args], cwd },
      env: { ...BARE, SKEIN_PUBLIC_URL: server.url },
    })
  }

  async function sign(
    ...args: string[]
  ): Promise<{ url: string; headers: Record<string, string> }> {
    const { out, error } = await skein('presign', ...args, '--json')
    expect(error).toBe('')
    return JSON.parse(out) as { url: string; headers: Record<string, string> }
  }

  it('keeps files in one folder, where the command line finds them', async () => {
    const content = 'Fäden\n'.repeat(1000)
    await writeFile(join(cwd, 'in.txt'), content)
    expect(await skein('put', 'in.txt', 'main:notes/ü.txt')).toMatchObject({ code: 0 })
    expect(await skein('get', 'main:notes/ü.txt', 'out.txt')).toMatchObject({ code: 0 })
    expect(await readFile(join(cwd, 'out.txt'), 'utf8')).toBe(content)
    expect(await readFile(join(cwd, 'skein-data/main/notes/ü.txt'), 'utf8')).toBe(content)
  })

  it('takes and gives files by signed URLs', async () => {
    const put = await sign('put', 'main:by url.txt', '--type', 'text/plain')
    expect(put.url).toContain(`${server.url}${FOLDER_PATH}main?`)
    const stored = await fetch(put.url, { method: 'PUT', headers: put.headers, body: 'hello' })
    expect(stored.status).toBe(200)

    const get = await sign('get', 'main:by url.txt')
    const answer = await fetch(get.url, {
      headers: { ...get.headers, origin: 'https://app.example' },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain')
    expect(answer.headers.get('etag')).toBe(stored.headers.get('etag'))
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    expect(await answer.text()).toBe('hello')

    const part = await fetch(get.url, { headers: { range: 'bytes=1-3' } })
    expect([part.status, await part.text()]).toEqual([206, 'ell'])
    const head = await sign('head', 'main:by url.txt')
    const described = await fetch(head.url, { method: 'HEAD' })
    expect([described.status, described.headers.get('content-length')]).toEqual([200, '5'])
  })

  it('lets a page of another origin use them', async () => {
    const { url, headers } = await sign('put', 'main:from-a-page', '--type', 'image/png')
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': Object.keys(headers).join(','),
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type')
  })

  it.each<[string, (url: string) => string, RequestInit]>([
    ['another key', (url) => url.replace('key=secret', 'key=secreu'), {}],
    ['a later expiry', (url) => url.replace(/expires=(\d)/, 'expires=9$1'), {}],
    [
      'another signature',
      (url) => url.replace(/signature=./, (s) => `signature=${s.endsWith('A') ? 'B' : 'A'}`),
      {},
    ],
    ['no signature', (url) => url.replace(/&signature=.*/, ''), {}],
    ['no query', (url) => url.replace(/\?.*/, ''), {}],
    ['another method', (url) => url, { method: 'DELETE' }],
  ])('refuses a signed URL with %s', async (_, change, init) => {
    await writeFile(join(cwd, 'in.txt'), 'nobody else’s')
    expect(await skein('put', 'in.txt', 'main:secret')).toMatchObject({ code: 0 })
    const { url } = await sign('get', 'main:secret')
    const changed = change(url)
    expect(init.method !== undefined || changed !== url).toBe(true)
    const answer = await fetch(changed, init)
    expect(answer.status).toBe(403)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.text()).not.toContain('nobody')
    expect((await fetch(url)).status).toBe(200)
  })

  it('tells when there is no such folder or file', async () => {
    const { url } = await sign('get', 'main:never-written')
    expect((await fetch(url)).status).toBe(404)
    expect((await fetch(url.replace(`${FOLDER_PATH}main`, `${FOLDER_PATH}other`))).status).toBe(404)
  })

  it('the command line writes and shows a configuration', async () => {
    const env = { ...BARE, SKEIN_CONFIG: 'other.yaml' }
    const configure = (...args: string[]): Promise<Ran> =>
      runCommand({ command: process.execPath, args: [CLI, 'config', ...args], cwd, env })
    await writeFile(join(cwd, 'other.yaml'), '# Ours\nstores:\n  photos: gs://photos\n')
    expect(await configure('set', 'stores.backup', 'gs://backup')).toMatchObject({ code: 0 })
    expect(await readFile(join(cwd, 'other.yaml'), 'utf8')).toBe(
      '# Ours\nstores:\n  photos: gs://photos\n  backup: gs://backup\n',
    )
    const { code, out } = await configure('show')
    expect([code, out]).toEqual([0, expect.stringContaining('uri: gs://backup')])
  })

  it('finds Amazon’s keys where its tools keep them', async () => {
    await writeFile(
      join(cwd, 'aws-credentials'),
      '[default]\naws_access_key_id = AKIAOFAPROFILE\naws_secret_access_key = secret\n',
    )
    const { error, out } = await runCommand({
      ...{ command: process.execPath, cwd },
      args: [CLI, 'presign', 'get', 's3://photos/cat.jpg?region=eu-west-1', '--json'],
      env: {
        ...BARE,
        AWS_SHARED_CREDENTIALS_FILE: 'aws-credentials',
        AWS_CONFIG_FILE: '/dev/null',
      },
    })
    expect(error).toBe('')
    expect(out).toContain('X-Amz-Credential=AKIAOFAPROFILE%2F')
  })

  it('finds Google’s credentials where its tools keep them', async () => {
    const person = {
      type: 'authorized_user',
      client_id: 'id',
      client_secret: 's',
      refresh_token: 'r',
    }
    await writeFile(join(cwd, 'google.json'), JSON.stringify(person))
    const { code, error } = await runCommand({
      ...{ command: process.execPath, cwd },
      args: [CLI, 'presign', 'get', 'gs://photos/cat.jpg'],
      env: { ...BARE, GOOGLE_APPLICATION_CREDENTIALS: 'google.json' },
    })
    expect([code, error]).toEqual([
      4,
      expect.stringContaining("are a person's, which cannot sign URLs"),
    ])
  })

  it('the command line explains itself', async () => {
    const { code, out, error } = await skein('--help')
    expect({ code, error }).toEqual({ code: 0, error: '' })
    for (const word of ['put', 'get', 'list', 'presign', 'config', 'capabilities', 'Exit codes'])
      expect(out).toContain(word)
  })

  it.each(['http', '-1', '65536', '80.5'])(
    'a server told the port %s says what a port is',
    async (port) => {
      const env = { ...BARE, PORT: port }
      const ran = await runCommand({ command: process.execPath, args: [SERVER], cwd, env })
      expect(ran).toEqual({
        code: 1,
        out: '',
        error: `PORT is "${port}", and a port is a whole number up to 65535, or 0 for any that is free.\n`,
      })
    },
  )

  it('a server that cannot read its state says which file it is', async () => {
    const elsewhere = await scratchFolder()
    await mkdir(join(elsewhere, '.skein'))
    await writeFile(
      join(elsewhere, '.skein', 'local.sqlite'),
      'no database, and long enough. '.repeat(9),
    )
    const env = { ...BARE, PORT: '0' }
    const ran = await runCommand({ command: process.execPath, args: [SERVER], cwd: elsewhere, env })
    expect(ran).toEqual({
      code: 1,
      out: expect.stringContaining('Skein is at'),
      error: 'The local state in .skein/local.sqlite cannot be opened: file is not a database.\n',
    })
  })

  it('a server that finds its port taken says so', async () => {
    const env = { ...BARE, PORT: new URL(server.url).port }
    const ran = await runCommand({ command: process.execPath, args: [SERVER], cwd, env })
    expect(ran).toEqual({
      code: 1,
      out: '',
      error: 'The port is taken by another process; choose one with PORT=….\n',
    })
  })
})

it('ends with 0 when it is asked to, connections open or not', async () => {
  const env = { ...BARE, PORT: '0' }
  const child = spawn(process.execPath, [SERVER], { cwd: await scratchFolder(), env })
  const ended = once(child, 'exit')
  const [said] = (await once(createInterface(child.stdout), 'line')) as [string]
  const answer = await fetch(`${addressIn(said)}/healthz`)
  expect(await answer.json()).toEqual({ status: 'ok' })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

it('knows a folder by its scheme, however that is written', async () => {
  const platform = { env: {}, fileSystem: true, now: Date.now }
  const config = await loadConfig('{"stores":{"a":"FILE:./nowhere"}}', 'here', platform)
  const answer = await createSkein(config, platform).fetch(
    new Request(`http://127.0.0.1${FOLDER_PATH}a?key=k`),
  )
  expect(await answer.text()).not.toContain('no folder store of this name')
})

// The first ten minutes: the built server in an empty folder, as `npm start` runs it. What it prints works as
// it stands; what it keeps outlives it; and it goes only when what is under way is done.

import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ObjectList } from '#shared/client/protocol.ts'
import { end } from '../servers/process.ts'
import { buildAside, scratchFolder } from './built.ts'

const { folder } = await buildAside('node')
const SERVER = join(folder, 'server.mjs')
const README = '# Hello\n\nThis is what is uploaded.\n'

interface Started {
  child: ChildProcessWithoutNullStreams
  cwd: string
  url: string
  token: string
  lines: string[]
}

async function start(cwd?: string, env: Record<string, string> = {}): Promise<Started> {
  const here = cwd ?? (await scratchFolder())
  await writeFile(join(here, 'README.md'), README)
  const child = spawn(process.execPath, [SERVER], {
    cwd: here,
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
  })
  onTestFinished(() => end(child))
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    if (/download\?key=|\/healthz$/.test(line)) break
  }
  const [, url = ''] = /^Skein is at (\S+),/.exec(lines[0] ?? '') ?? []
  const token = lines.find((line) => line.startsWith('Token'))?.split(/\s+/)[1] ?? ''
  return { child, cwd: here, url, token, lines }
}

async function stop({ child }: Started): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
}

async function list({ url, token }: Started): Promise<string[]> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${url}/v1/demo/objects`, { headers })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as ObjectList).objects.map(({ key }) => key)
}

describe('npm start', { timeout: 30_000 }, () => {
  it('prints lines that upload, list and download', async () => {
    const started = await start()
    const printed = started.lines.filter((line) => line.startsWith('  curl '))
    expect(printed).toHaveLength(3)
    const [uploaded, listed, downloaded] = await inTurn(printed, (line) => run(started, line))
    expect(uploaded).toBe('')
    expect(JSON.parse(listed!)).toMatchObject({
      objects: [{ key: 'hello.md', size: README.length }],
    })
    expect(downloaded).toBe(README)
    expect(await readFile(join(started.cwd, 'skein-data/main/hello.md'), 'utf8')).toBe(README)
  })

  it('prints what the README shows', async () => {
    const { lines, url, token } = await start()
    const printed = lines.filter((line) => line.startsWith('  curl '))
    const anywhere = printed.map((line) =>
      line.trim().replace(url, 'http://127.0.0.1:8787').replace(token, 'TOKEN'),
    )
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    expect(readme.split('\n').filter((line) => line.startsWith('curl '))).toEqual(anywhere)
  })

  it('serves its page to whoever comes, and its API to whoever has the token', async () => {
    const started = await start()
    const page = await fetch(`${started.url}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ])
    expect(started.lines).toContain(`Page   ${started.url}/#token=${started.token}&workspace=demo`)
    expect((await fetch(`${started.url}/v1/demo/objects`)).status).toBe(401)
    expect(await list(started)).toEqual([])
  })

  it('keeps token, secrets and objects over a restart, each secret its owner’s alone', async () => {
    const first = await start()
    await run(
      first,
      first.lines.find((line) => line.includes('curl -LT'))!,
    )
    await stop(first)
    const second = await start(first.cwd)
    expect(second.token).toBe(first.token)
    expect(await list(second)).toEqual(['hello.md'])
    for (const name of ['local-token', 'secret', 'signing-secret']) {
      expect((await stat(join(first.cwd, '.skein', name))).mode & 0o777).toBe(0o600)
    }
    // What the queue keeps tells the keys of objects.
    expect((await stat(join(first.cwd, '.skein'))).mode & 0o777).toBe(0o700)
  })

  it('lets nobody in by the local token where others can reach it', async () => {
    const inside = await start()
    await stop(inside)
    const config = { stores: { main: 'file:./x' }, server: { host: '0.0.0.0' } }
    const env = {
      SKEIN_CONFIG: JSON.stringify({ ...config, workspaces: { demo: { primary: 'main' } } }),
    }
    const { lines, url } = await start(inside.cwd, env)
    expect(lines.join('\n')).not.toContain('skein_')
    const { port } = new URL(url)
    const headers = { authorization: `Bearer ${inside.token}` }
    const answer = await fetch(`http://127.0.0.1:${port}/v1/demo/objects`, { headers })
    expect(answer.status).toBe(401)
  })

  it('redirects an upload before its bytes are sent', async () => {
    const { url, token } = await start()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    const head = [
      'PUT /v1/demo/upload?key=large HTTP/1.1',
      `Host: ${hostname}:${port}`,
      `Authorization: Bearer ${token}`,
      'Content-Length: 104857600',
      'Expect: 100-continue',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 307 /)
    expect(answer).toContain(`location: ${url}/files/main?`)
  })

  it('signs for the address that stands in front of it', async () => {
    const started = await start(undefined, { SKEIN_PUBLIC_URL: 'https://files.example.org' })
    const answer = await fetch(`${started.url}/v1/demo/download?key=a`, {
      headers: { authorization: `Bearer ${started.token}` },
      redirect: 'manual',
    })
    expect(answer.headers.get('location')).toMatch(/^https:\/\/files\.example\.org\/files\/main\?/)
  })

  it('finishes an upload that is under way, and takes no other, however often it is told', async () => {
    const started = await start()
    const { child, url, token } = started
    const bytes = Buffer.from('first half, second half')
    const planned = await fetch(`${url}/v1/demo/uploads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ key: 'slow', size: bytes.length }),
    })
    const plan = (await planned.json()) as { request: { url: string; headers: object } }
    const uploading = request(plan.request.url, {
      method: 'PUT',
      headers: { ...plan.request.headers, 'content-length': bytes.length },
    })
    const answered = once(uploading, 'response')
    uploading.flushHeaders()
    await new Promise((sent) => uploading.write(bytes.subarray(0, 11), sent))
    // The server has this request in hand once it answers a later one.
    expect(await list(started)).toEqual([])
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await refusing(url)
    // A supervisor tells the whole group, and npm tells it once more.
    child.kill('SIGTERM')
    child.kill('SIGINT')
    uploading.end(bytes.subarray(11))
    const [answer] = (await answered) as [{ statusCode: number; resume(): void }]
    answer.resume()
    expect(answer.statusCode).toBe(200)
    expect(await exited).toEqual([0, null])
    expect(await readFile(join(started.cwd, 'skein-data/main/slow'), 'utf8')).toBe(bytes.toString())
  })
})

/** As a person would: pasted into a shell. */
async function run({ cwd }: Started, line: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd })
  return stdout
}

async function inTurn<T>(
  lines: readonly string[],
  act: (line: string) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  for (const line of lines) results.push(await act(line))
  return results
}

/** Resolves when no new connection is taken. */
async function refusing(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  for (;;) {
    const taken = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname)
      socket.once('connect', () => socket.destroy() && resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (!taken) return
  }
}

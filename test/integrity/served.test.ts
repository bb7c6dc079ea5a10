// Sweeps of a running suite: asked for over its API, begun by its schedule, and seen in its status.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Job, WorkspaceStatus } from '#shared/client/protocol.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import type { Task } from '#shared/platform.ts'
import { startApi } from '../api/running-api.ts'
import { newSkein } from '../cli/skein.ts'

// On a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'skein-sweeps-'))
  const stores = Object.fromEntries(
    ['main', 'west'].map((name) => [name, `file:${join(folder, name)}`]),
  )
  for (const name of ['main', 'west']) await mkdir(join(folder, name))
  const sent: Task[] = []
  const queue = { send: async (tasks: readonly Task[]) => void sent.push(...tasks) }
  const integrity = { repair: 'automatic' as const }
  const workspaces = {
    app: { primary: 'main', replicas: ['west'], integrity, replication: { missedAfter: '1ms' } },
  }
  const api = await startApi(
    { stores, workspaces },
    { queue, env: { SKEIN_SIGNING_SECRET: 'x'.repeat(40) } },
  )
  onTestFinished(async () => {
    await api.close()
    await rm(folder, { recursive: true, force: true })
  })
  const ask = async <T>(path: string, json?: unknown): Promise<T> => {
    const answer = await api.send(`/v1/app/${path}`, json === undefined ? {} : { json })
    if (!answer.ok) throw new Error(await answer.text())
    return (await answer.json()) as T
  }
  /** Works off the queue, each task as it would arrive. */
  const work = async (): Promise<void> => {
    for (let task = sent.shift(); task; task = sent.shift()) {
      const message = { id: 'm', body: JSON.stringify(task), attempt: 1 }
      await api.skein.consume([message])
    }
  }
  return { folder, api, ask, work }
}

test('a sweep is asked for, worked off the queue, and reported', async () => {
  const { folder, ask, work } = await open()
  for (const store of ['main', 'west']) await writeFile(join(folder, store, 'a'), 'body')
  await writeFile(join(folder, 'main', 'b'), 'body')
  const { id, state } = await ask<Job>('jobs', { kind: 'verify', options: { mode: 'deep' } })
  expect(state).toBe('running')
  await work()
  expect(await ask<Job>(`jobs/${id}`)).toMatchObject({
    state: 'done',
    tally: { objects: 2, 'found.missing': 1 },
  })
  const { report, signature } = await ask<SignedReport<SweepReport>>(`jobs/${id}/report`)
  expect(report).toMatchObject({ findings: [{ kind: 'missing', store: 'west', key: 'b' }] })
  expect(signature?.algorithm).toBe('Ed25519')
  expect(await ask<WorkspaceStatus>('status')).toMatchObject({
    state: 'degraded',
    issues: [{ severity: 'warning', store: 'west' }],
    sweeps: { deep: { job: id, coverage: { inTime: 1, never: 1 } } },
  })
})

test('a browser is shown the report as a page, in which no key can be more than text', async () => {
  const { folder, api, ask, work } = await open()
  const key = '<img src=x onerror=alert(1)>'
  await writeFile(join(folder, 'main', key), 'body')
  const { id } = await ask<Job>('jobs', { kind: 'verify', options: { mode: 'deep' } })
  await work()
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  const page = await api.send(`/v1/app/jobs/${id}/report`, { headers: { accept } })
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const html = await page.text()
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
  expect(html).not.toContain('<img')
  expect(html).toContain('The copies of app: degraded')
  // Whoever takes JSON gets the report itself.
  for (const one of ['application/json, text/html', '*/*']) {
    const answer = await api.send(`/v1/app/jobs/${id}/report`, { headers: { accept: one } })
    expect(answer.headers.get('content-type')).toBe('application/json')
  }
})

test('the schedule begins the sweeps that are due, and they mend what they find', async () => {
  const { folder, api, ask, work } = await open()
  await writeFile(join(folder, 'main', 'a'), 'body')
  await api.skein.schedule('sweep')
  await work()
  expect(await readFile(join(folder, 'west', 'a'), 'utf8')).toBe('body')
  const { jobs } = await ask<{ jobs: Job[] }>('jobs')
  expect(jobs).toMatchObject([{ kind: 'verify', state: 'done', by: 'schedule' }])
  expect(await ask<WorkspaceStatus>('status')).toMatchObject({ state: 'healthy', issues: [] })
  await api.skein.schedule('sweep')
  await work()
  expect((await ask<{ jobs: Job[] }>('jobs')).jobs).toHaveLength(1)
})

test('options that a sweep does not know are pointed at', async () => {
  const { api } = await open()
  const json = { kind: 'verify', options: { mode: 'shallow', colour: 'red' } }
  const answer = await api.send('/v1/app/jobs', { json })
  expect(answer.status).toBe(400)
  expect(JSON.stringify(await answer.json())).toContain('/options/mode')
})

test('a suite elsewhere is told to sweep by the command line, which shows its report', async () => {
  const { folder, api, work } = await open()
  await writeFile(join(folder, 'main', 'a'), 'body')
  const skein = await newSkein({ SKEIN_TOKEN: api.tokens['owner']! })
  const asked = skein('verify', 'app', '--deep', '--endpoint', api.url)
  const told = new AbortController()
  const answer = asked.finally(() => told.abort())
  while (!told.signal.aborted) {
    await work()
    await setImmediate()
  }
  const { code, out } = await answer
  expect(code).toBe(1)
  expect(out).toMatch(/missing +west +a/)
})

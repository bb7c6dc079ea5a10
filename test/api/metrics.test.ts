// What Prometheus reads: closed to whoever may not see everything, well formed, and true.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ConfigText } from '#shared/config/schema.ts'
import { createCounters } from '#shared/metrics/counters.ts'
import { exposition } from '#shared/metrics/exposition.ts'
import { FAMILIES } from '#shared/metrics/families.ts'
import { createHistogram } from '#shared/metrics/histogram.ts'
import { STORE_BOUNDS } from '#shared/metrics/store-meter.ts'
import type { Holder } from './running-api.ts'
import { SIGNING_STORE, startApi } from './running-api.ts'

const HOLDERS: Holder[] = [
  { name: 'scraper', workspaces: 'all', scopes: ['operate'] },
  { name: 'uploader', workspaces: 'all', scopes: ['upload'] },
  { name: 'of one workspace', workspaces: ['app'], scopes: ['operate'] },
  { name: 'of one prefix', workspaces: 'all', scopes: ['operate'], prefix: 'mine/' },
]

async function start(metrics?: ConfigText['metrics']) {
  const folder = await mkdtemp(join(tmpdir(), 'skein-metrics-'))
  await mkdir(join(folder, 'main'))
  const api = await startApi(
    {
      stores: {
        ...{ main: `file:${join(folder, 'main')}`, west: `file:${join(folder, 'west')}` },
        signing: SIGNING_STORE,
      },
      workspaces: {
        app: { primary: 'main', replicas: ['west'] },
        plain: { primary: 'signing' },
      },
      ...(metrics && { metrics }),
    },
    { holders: HOLDERS },
  )
  onTestFinished(async () => {
    await api.close()
    await rm(folder, { recursive: true, force: true })
  })
  return api
}

/** By name and labels. */
async function scrape(api: Awaited<ReturnType<typeof start>>): Promise<Map<string, number>> {
  const answer = await api.send('/metrics', { as: 'scraper' })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const lines = (await answer.text()).split('\n')
  expect(lines.pop()).toBe('')
  const series = lines.filter((line) => !line.startsWith('#'))
  for (const line of lines)
    expect(line).toMatch(/^(# (HELP|TYPE) skein_\w+ \S|skein_\w+(\{.*\})? \S+$)/)
  return new Map(
    series.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

test.each([
  [null, 401],
  ['uploader', 403],
  ['of one workspace', 403],
  ['of one prefix', 403],
  ['scraper', 200],
])('answers %s with %i', async (as, status) => {
  const api = await start()
  expect((await api.send('/metrics', { as })).status).toBe(status)
})

test('is open where the configuration says so', async () => {
  const api = await start('open')
  expect((await api.send('/metrics', { as: null })).status).toBe(200)
})

test('counts requests by route, signatures by provider, requests to stores, and tasks', async () => {
  const api = await start()
  const upload = { key: 'a.png', size: 1, contentType: 'image/png' }
  for (let i = 0; i < 3; i++) {
    expect((await api.send('/v1/plain/uploads', { json: upload })).status).toBe(200)
  }
  expect((await api.send('/v1/plain/uploads', { json: { ...upload, size: -1 } })).status).toBe(400)
  expect((await api.send('/v1/app/objects')).status).toBe(200)
  await api.skein.consume([
    {
      id: '1',
      attempt: 1,
      body: JSON.stringify({ v: 1, kind: 'sweep-uploads', workspace: 'app' }),
    },
    { id: '2', attempt: 1, body: JSON.stringify({ v: 1, kind: 'nobody-knows"\n' }) },
  ])
  const series = await scrape(api)
  const uploads = 'method="post",route="/v1/:workspace/uploads"'
  expect(Object.fromEntries(series)).toMatchObject({
    [`skein_requests_total{${uploads},status="200"}`]: 3,
    [`skein_requests_total{${uploads},status="400"}`]: 1,
    'skein_signed_total{provider="s3",action="put"}': 3,
    'skein_tasks_total{kind="sweep-uploads",result="done"}': 1,
    'skein_tasks_total{kind="unknown",result="set-aside"}': 1,
  })
  const listed = 'store="main",operation="list"'
  const count = series.get(`skein_store_request_seconds_count{${listed}}`)!
  expect(count).toBeGreaterThan(0)
  expect(series.get(`skein_store_request_seconds_bucket{${listed},le="+Inf"}`)).toBe(count)
})

test('tells how far each replica is behind, whichever instance answers', async () => {
  const api = await start()
  const before = await scrape(api)
  const replica = 'workspace="app",store="west"'
  expect(Object.fromEntries(before)).toMatchObject({
    'skein_replication_status_up{workspace="app"}': 1,
    [`skein_replication_lag_seconds{${replica}}`]: 0,
    [`skein_replication_waiting{${replica},state="set-aside"}`]: 0,
  })
  expect([...before.keys()].some((name) => name.includes('workspace="plain"'))).toBe(false)
  const since = Date.now() - 60_000
  const task = { v: 1, kind: 'replicate', workspace: 'app', key: '../no', to: 'west', since }
  expect([...before.keys()].some((name) => name.startsWith('skein_replication_seconds'))).toBe(
    false,
  )
  await api.skein.consume([{ id: '1', attempt: 12, body: JSON.stringify(task) }])
  const after = await scrape(api)
  expect(after.get(`skein_replication_waiting{${replica},state="set-aside"}`)).toBe(1)
  expect(after.get(`skein_replication_lag_seconds{${replica}}`)).toBeGreaterThanOrEqual(60)
  const fitting = JSON.stringify({ ...task, key: 'never written', since: Date.now() - 20_000 })
  await api.skein.consume([{ id: '2', attempt: 1, body: fitting }])
  const last = await scrape(api)
  const took = (le: string) => last.get(`skein_replication_seconds_bucket{${replica},le="${le}"}`)
  expect([took('10'), took('300'), took('+Inf')]).toEqual([0, 1, 1])
})

test('writes a histogram as a scraper adds it up, and labels that hold anything', () => {
  const counters = createCounters()
  const labels = { store: 'a"\\\n', operation: 'get' }
  const observe = createHistogram(counters, FAMILIES.storeSeconds.name, labels, STORE_BOUNDS)
  for (const seconds of [0.004, 0.03, 60]) observe(seconds)
  counters.add('skein_of_no_family')
  const [help, type, ...lines] = exposition(counters.read()).trimEnd().split('\n')
  expect([help, type]).toEqual([
    expect.stringContaining('# HELP skein_store_request_seconds '),
    '# TYPE skein_store_request_seconds histogram',
  ])
  const values = lines.map((line) => /le="([^"]+)"\} (\d+)$/.exec(line)?.slice(1))
  expect(values.filter((one) => one !== undefined)).toEqual([
    ...[
      ['0.005', '1'],
      ['0.01', '1'],
      ['0.025', '1'],
      ['0.05', '2'],
      ['0.1', '2'],
      ['0.25', '2'],
    ],
    ...[
      ['0.5', '2'],
      ['1', '2'],
      ['2.5', '2'],
      ['5', '2'],
      ['10', '2'],
      ['+Inf', '3'],
    ],
  ])
  expect(lines.at(-2)).toBe(
    'skein_store_request_seconds_sum{store="a\\"\\\\\\n",operation="get"} 60.034',
  )
  expect(lines.at(-1)).toMatch(/_count\{.*\} 3$/)
})

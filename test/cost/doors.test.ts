// Cost from outside: the command line over folders, jobs of the API, downloads counted by the routes that sign
// them, and what a schedule begins.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readUsage } from '#shared/cost/ledger.ts'
import { costRules } from '#shared/cost/rules.ts'
import { runCost } from '#shared/cost/scheduled.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Task } from '#shared/platform.ts'
import { openStore } from '#shared/storage/open.ts'
import { startApi } from '../api/running-api.ts'
import { newSkein } from '../cli/skein.ts'

const TIMEOUT = 60_000

/** Folders cost nothing: here they do, so that there is something to report. */
const PRICES = {
  providers: {
    file: {
      classes: {
        STANDARD: { regions: { any: { storage: [[null, 1000]], requests: { all: 1 } } } },
      },
    },
  },
}

async function folderConfig() {
  const folder = await mkdtemp(join(tmpdir(), 'skein-cost-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return {
    stores: { main: `file:${folder}/main`, second: `file:${folder}/second` },
    workspaces: { app: { primary: 'main', replicas: ['second'] } },
    prices: PRICES,
  }
}

test(
  'the command line: a report as a table, CSV, JSON and a page, and advice',
  { timeout: TIMEOUT },
  async () => {
    const skein = await newSkein()
    await writeFile(join(skein.folder, 'skein.yaml'), JSON.stringify(await folderConfig()))
    for (const key of ['a/1', 'a/2', 'b/3']) {
      const { code } = await skein.withInput('x'.repeat(1_000_000), 'put', '-', `main:${key}`)
      expect(code).toBe(0)
    }
    const report = await skein('cost', 'report', 'app')
    expect(report.code).toBe(0)
    // 3 MB at $1,000 a GB, and three requests at $1 a thousand.
    expect(report.out).toMatch(/main +\d+\.\d\d +3\.00/)
    expect(report.err).toContain('3 objects')
    const csv = await skein('cost', 'report', 'app', '--last', '--format', 'csv')
    expect(csv.out).toContain('STORE,SO FAR,FORECAST')
    const json = JSON.parse(
      (await skein('cost', 'report', 'app', '--last', '--json')).out,
    ) as object
    expect(json).toMatchObject({ report: { objects: 3, forecast: { amount: '3.003000' } } })
    await skein('cost', 'report', 'app', '--last', '--format', 'html', '--save', 'cost.html')
    expect(await readFile(join(skein.folder, 'cost.html'), 'utf8')).toContain('</svg>')
    const compared = await skein('cost', 'compare', 'app', '--last')
    expect(compared.out).toContain('wasabi')
    const advised = await skein('cost', 'advise', 'app', '--last')
    expect([advised.code, advised.err]).toEqual([0, expect.stringContaining('Leave all as it is')])
    expect((await skein('cost', 'prices', 's3', 'eu-central-1')).out).toContain('0.0245')
    expect((await skein('cost', 'report', 'nobody')).code).toBe(2)
    expect((await skein('cost', 'report', 'app', '--format', 'pdf')).code).toBe(2)
  },
)

test(
  'the command line: what is advised is shown first, then done, then brought back',
  { timeout: TIMEOUT },
  async () => {
    const skein = await newSkein()
    const config = await folderConfig()
    const file = {
      ...PRICES.providers.file,
      meters: { of: { put: ['all'], get: ['all'], list: ['all'], head: ['all'] } },
      egress: { internet: { any: { tiers: [[null, 0]] } } },
    }
    const written = { ...config, prices: { providers: { file } } }
    await writeFile(join(skein.folder, 'skein.yaml'), JSON.stringify(written))
    for (const key of ['a/1', 'a/2', 'b/3'])
      expect((await skein.withInput('x'.repeat(1000), 'put', '-', `main:${key}`)).code).toBe(0)
    const advised = await skein('cost', 'advise', 'app', '--copies', '2', '--json')
    const { job } = JSON.parse(advised.out) as { job: string }

    const dry = await skein('cost', 'apply', 'app', job)
    expect([dry.code, dry.err]).toEqual([0, expect.stringContaining('Nothing has been changed')])
    expect(dry.out).toMatch(/a\/ +second: a copy in STANDARD +2 +< 0\.01/)
    expect((await skein('list', 'second:')).out).not.toContain('a/')

    const capped = await skein('cost', 'apply', 'app', job, '--yes', '--budget', '0.0000001')
    expect(capped.out).toContain('more at once than is allowed')
    const done = await skein('cost', 'apply', 'app', job, '--yes')
    expect([done.code, done.out]).toEqual([0, expect.stringContaining('changed 3')])
    expect((await skein('get', 'second:a/2', '-')).out).toBe('x'.repeat(1000))
    const [, undo] = /skein (cost apply app \S+ --undo)/.exec(done.out)!
    const undone = await skein(...undo!.split(' '))
    expect([undone.code, undone.out]).toEqual([0, expect.stringContaining('undone 0')])
    expect((await skein('cost', 'apply', 'app', 'nonsense')).code).not.toBe(0)
    expect((await skein('cost', 'apply', 'app', job, '--budget', 'much')).code).toBe(2)
  },
)

test('a log is imported once, however often it is given', { timeout: TIMEOUT }, async () => {
  const skein = await newSkein()
  const config = await folderConfig()
  await writeFile(join(skein.folder, 'skein.yaml'), JSON.stringify(config))
  const bucket = config.stores.main.replace('file:', '')
  const at = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4')
  const line = `o ${bucket} [${at} +0000] 192.0.2.3 - R REST.GET.OBJECT a/1 "GET /main/a/1 HTTP/1.1" 200 - 1000 1000 7 6 "-" "x" -`
  await writeFile(join(skein.folder, 'access.log'), `${line}\n${line}\nnonsense\n`)
  const given = ['cost', 'import', 'app', 'main', 'access.log', '--of', 's3']
  for (let again = 0; again < 2; again++) {
    const imported = await skein(...given, '--json')
    expect([imported.code, imported.err]).toEqual([0, ''])
  }
  const report = await skein('cost', 'report', 'app', '--json')
  expect(report.out).toContain('Reads of')
})

test(
  'jobs of the API: a report with the same elsewhere, and its sums',
  { timeout: TIMEOUT },
  async () => {
    const waiting: Task[] = []
    const queue = { send: async (tasks: readonly Task[]) => void waiting.push(...tasks) }
    const api = await startApi(await folderConfig(), { queue })
    onTestFinished(() => api.close())
    await api.send('/v1/app/downloads', { json: { key: 'a/b' } })
    const begun = await api.send('/v1/app/jobs', {
      json: { kind: 'cost-report', options: { compare: true } },
    })
    expect(begun.status).toBe(200)
    const { id } = (await begun.json()) as { id: string }
    for (let step = 1; waiting.length > 0; step++) {
      const body = JSON.stringify(waiting.shift())
      const outcomes = await api.skein.consume([{ id: `message-${step}`, body, attempt: 1 }])
      expect(outcomes).toEqual([{ result: 'done' }])
    }
    const report = (await (await api.send(`/v1/app/jobs/${id}/report`)).json()) as {
      elsewhere: unknown[]
    }
    expect(report).toMatchObject({ report: { workspace: 'app', objects: 0 } })
    expect(report.elsewhere.length).toBeGreaterThan(15)
    const wrong = await api.send('/v1/app/jobs', {
      json: { kind: 'cost-advise', options: { months: 0 } },
    })
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('months')])
  },
)

test(
  'downloads are counted as they are signed, and written down a minute later',
  {
    timeout: TIMEOUT,
  },
  async () => {
    // Noon: at midnight the second read is another day's.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T12:00:00Z') })
    onTestFinished(() => void vi.useRealTimers())
    const config = await folderConfig()
    const api = await startApi(config)
    onTestFinished(() => api.close())
    const range = { first: 0, last: 99 }
    await api.send('/v1/app/downloads', { json: { key: 'a/b/c', range } })
    vi.setSystemTime(Date.now() + 61_000)
    await api.send('/v1/app/download?key=a/b/d')
    const platform = { env: {}, fileSystem: true, now: Date.now }
    const ledger = createLedger(openStore(config.stores.main, platform, { name: 'main' }))
    const day = new Date().toISOString().slice(0, 10)
    const usage = await vi.waitFor(
      async () => {
        const found = await readUsage(ledger, 'app', { from: day, to: day, now: Date.now() })
        expect(found.coverage.signedReads).toBe(2)
        return found
      },
      { timeout: 10_000 },
    )
    expect(usage.rows).toEqual([
      { day, store: 'main', prefix: 'a/b/', counts: { get: 2 }, sentBytes: 100, unsizedReads: 1 },
    ])
  },
)

test('a schedule begins what is due, once', async () => {
  const begun: string[] = []
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const store = openStore(`memory:${crypto.randomUUID()}`, platform, { name: 'ledger' })
  const ledger = createLedger(store)
  let at = Date.parse('2026-11-21')
  const options = {
    ...{ workspace: 'app', ledger, fetch, now: () => at, background: () => undefined },
    rules: costRules({ report: 'weekly', advise: 'monthly' }),
    jobs: {
      async start(kind: string) {
        begun.push(kind)
        return {} as never
      },
    },
  }
  const begin = () => runCost(options, { workspace: 'app', does: 'begin' })
  await begin()
  await begin()
  expect(begun).toEqual(['cost-report', 'cost-advise'])
  at += 8 * 86_400_000
  await begin()
  expect(begun.slice(2)).toEqual(['cost-report'])
  const days = { from: '2026-11-21', to: '2026-11-21', now: at }
  expect((await readUsage(ledger, 'app', days)).coverage.signedReads).toBe(0)
})

test('a webhook of a budget is signed, and goes to those of the configuration alone', async () => {
  const asked: { url: string; headers: Headers; body: string }[] = []
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const store = openStore(`memory:${crypto.randomUUID()}`, platform, { name: 'ledger' })
  const url = 'https://hooks.example.com/cost'
  const secrets = [`whsec_${Buffer.alloc(32, 7).toString('base64')}`]
  const options = {
    ...{
      workspace: 'app',
      ledger: createLedger(store),
      now: Date.now,
      background: () => undefined,
    },
    rules: costRules({ webhooks: [{ url, secrets }] }),
    jobs: { start: () => Promise.reject(new Error('nothing is to begin')) },
    fetch: async (to: string | URL | Request, init?: RequestInit) => {
      const request = new Request(to, init)
      asked.push({ url: request.url, headers: request.headers, body: await request.text() })
      return new Response(null, { status: 204 })
    },
  }
  const tell = { workspace: 'app', does: 'tell', id: 'msg_1', body: '{"a":1}' } as const
  await runCost(options, { ...tell, url })
  await runCost(options, { ...tell, url: 'https://elsewhere.example.com/' })
  expect(asked.map((one) => [one.url, one.body])).toEqual([[url, '{"a":1}']])
  expect(asked[0]!.headers.get('webhook-signature')).toMatch(/^v1,/)
})

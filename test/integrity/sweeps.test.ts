// Sweeps as jobs: many steps that are as good as one, writers at work meanwhile, keys that stores list in different
// orders, ten thousand objects that are well, and repairs that are asked about.

import { expect, inject, test } from 'vitest'
import { checkReport } from '#shared/jobs/signed-report.ts'
import { azureStore, gcsStore, s3Store } from '../copy/stores.ts'
import { bytesAt } from '../copy/opened.ts'
import { now } from '../replication/cloud.ts'
import { randomFrom } from '../seeds.ts'
import { memoryStore, openAs } from '../workspaces/workspace-of.ts'
import { bytesOf, named, openSweeping } from './sweeping.ts'

const servers = inject('servers')
const TIMEOUT = 120_000

test(
  'ten thousand healthy objects give no finding, and cost no request the second time',
  { timeout: TIMEOUT },
  async () => {
    const stores = [memoryStore('main'), memoryStore('west'), memoryStore('east')]
    const { sweep } = openSweeping({ stores })
    for (let n = 0; n < 10_000; n++) {
      for (const store of stores) await store.put(`k/${n}`, `body ${n}`)
    }
    const first = await sweep({ mode: 'deep', parts: 4 })
    expect(first).toMatchObject({ objects: 10_000, findings: [], pending: 0, state: 'healthy' })
    expect(first.same.bytes).toBe(20_000)
    expect(first.coverage).toMatchObject({ sharePercent: 100, never: 0 })
    const second = await sweep({ parts: 4 })
    expect(second).toMatchObject({ objects: 10_000, findings: [], requests: { head: 0, get: 0 } })
    expect(second.same.bytes).toBe(20_000)
  },
)

test('a sweep of many short steps counts and finds what one step does', async () => {
  const { write, sweep, replica } = openSweeping({ stepSeconds: 0.02 })
  for (let n = 0; n < 400; n++) await write(`k${n}`, `body ${n}`)
  await sweep({ mode: 'deep', parts: 3 })
  for (let n = 0; n < 400; n += 40) await replica.delete(`k${n}`)
  const report = await sweep({ mode: 'deep', parts: 3 })
  expect(report.objects).toBe(400)
  expect(named(report)).toHaveLength(10)
  expect(report.found.missing).toBe(10)
  expect(await sweep()).toMatchObject({ objects: 400, found: { missing: 10 } })
})

test(
  'steps that die before they leave a cursor lose nothing and tell nothing twice',
  { timeout: TIMEOUT },
  async () => {
    let deaths = 4
    const { write, sweep, replica } = openSweeping({
      stepSeconds: 0.03,
      dies: () => deaths > 0 && deaths-- > 0,
    })
    for (let n = 0; n < 200; n++) await write(`k${n}`, `body ${n}`)
    const { metadata } = await replica.head('k7')
    await replica.put('k7', 'rotten', { metadata })
    await replica.delete('k70')
    const report = await sweep({ mode: 'deep', parts: 2, repair: 'automatic' })
    expect(deaths).toBe(0)
    expect(report).toMatchObject({ objects: 200, found: { corrupt: 1, missing: 1 } })
    expect(report.repairs.items.map(({ key, outcome }) => [key, outcome])).toEqual([
      ['k7', 'mended'],
      ['k70', 'mended'],
    ])
    expect(named(await sweep({ mode: 'deep' })).filter((one) => !one.startsWith('quar'))).toEqual(
      [],
    )
  },
)

test(
  'writers at work meanwhile cause no finding, and lose nothing',
  { timeout: TIMEOUT },
  async () => {
    const description = await s3Store(servers, 'west')
    const { write, sweep, primary, replica, replication, work, place } = openSweeping({
      stores: [memoryStore('main'), openAs('west', description)],
    })
    place.copies!.settleSeconds = 60
    const keys = Array.from({ length: 40 }, (_, n) => `k${n}`)
    for (const key of keys) await write(key, bytesOf(key, 300))
    const latest = new Map<string, string>()
    const random = randomFrom(7)
    const writing = new AbortController()
    const writers = (async () => {
      for (let n = 0; !writing.signal.aborted; n++) {
        const key = keys[Math.floor(random() * keys.length)]!
        const body = `version ${n} of ${key}`
        await primary.put(key, body)
        latest.set(key, body)
        await replication.changed(key, now())
        await work()
      }
    })()
    for (let n = 0; n < 6; n++) {
      const report = await sweep({ mode: n % 2 ? 'deep' : 'quick', repair: 'automatic' })
      expect(named(report)).toEqual([])
    }
    writing.abort()
    await writers
    for (const [key, body] of latest) {
      for (const store of [primary, replica]) {
        expect(new TextDecoder().decode(await bytesAt(store, key))).toBe(body)
      }
    }
  },
)

test('a copy that somebody overwrites while it is mended is left to him', async () => {
  const { write, begin, engine, finish, signed, replica, primary } = openSweeping()
  await write('a', 'right')
  const { metadata } = await replica.head('a')
  await replica.put('a', 'wrong', { metadata })
  const { id, state } = await begin({ mode: 'deep', repair: 'ask' })
  expect(state).toBe('ready')
  await primary.put('a', 'newer')
  await replica.put('a', 'newer', { metadata })
  await engine.command(id, 'repair')
  await finish()
  const { report } = await signed(id)
  expect(report.repairs.items).toMatchObject([{ key: 'a', outcome: 'gone' }])
  expect(new TextDecoder().decode(await bytesAt(replica, 'a'))).toBe('newer')
})

test('repair waits for a word, keeps the wrong bytes aside, and tells where', async () => {
  const { write, begin, engine, finish, signed, replica, place } = openSweeping()
  await write('a', 'right')
  const { metadata } = await replica.head('a')
  await replica.put('a', 'wrong', { metadata })
  const { id } = await begin({ mode: 'deep', repair: 'ask' })
  expect((await signed(id)).report.findings).toMatchObject([{ kind: 'corrupt', right: ['main'] }])
  await engine.command(id, 'repair')
  await finish()
  const done = await signed(id)
  const [repair] = done.report.repairs.items
  expect(repair).toMatchObject({ outcome: 'mended', from: 'main', kind: 'corrupt' })
  expect(new TextDecoder().decode(await bytesAt(replica.reserved(), repair!.aside!))).toBe('wrong')
  expect(await checkReport(done)).toMatchObject({ valid: true })
  const { report } = done
  expect(await checkReport({ ...done, report: { ...report, state: 'critical' } })).toMatchObject({
    valid: false,
  })
  expect(place.seal.derive('reports')).toEqual(place.seal.derive('reports'))
})

test('stores that list in different orders are swept as one', { timeout: TIMEOUT }, async () => {
  const stores = [
    openAs('main', await s3Store(servers, 'main')),
    openAs('west', await azureStore(servers, 'west')),
    openAs('east', await gcsStore(servers, 'east')),
  ]
  const { write, sweep } = openSweeping({ stores })
  const keys = [
    'a/\uff5e',
    'a/😀',
    'a/\ue000x',
    'ends.',
    'b/dot./x',
    'z',
    'a',
    '𐀀',
    '\ufffd',
    'm\\n',
  ]
  for (const key of keys) await write(key, `of ${key}`)
  const first = await sweep({ mode: 'deep', parts: 4 })
  expect(first).toMatchObject({ objects: keys.length, findings: [] })
  expect(first.same.bytes).toBe(keys.length * 2)
  expect(await sweep({ parts: 4 })).toMatchObject({
    objects: keys.length,
    findings: [],
    requests: { head: 0 },
  })
  await stores[1]!.delete('a/😀')
  await stores[2]!.delete('ends.')
  expect(named(await sweep({ parts: 4 }))).toEqual(['missing east ends.', 'missing west a/😀'])
})

test(
  'a large object is read in pieces over many steps, and what has rotted in it is found',
  { timeout: TIMEOUT },
  async () => {
    const west = openAs('west', await gcsStore(servers, 'west'))
    const sweeping = openSweeping({
      stores: [memoryStore('main'), west],
      ...{ piecewiseBytes: 30_000, stepSeconds: 0.001 },
    })
    const { write, sweep, replica } = sweeping
    const [large, small] = [bytesOf('large', 500_000), bytesOf('small', 500)]
    await write('large', large)
    await write('small', small)
    const well = await sweep({ mode: 'deep' })
    expect(well).toMatchObject({
      objects: 2,
      findings: [],
      same: { bytes: 2 },
      coverage: { never: 0 },
    })
    expect(well.readBytes).toBe(2 * (large.length + small.length))
    const { metadata } = await replica.head('large')
    large[400_000] = 0xff & ~large[400_000]!
    await replica.put('large', large, { metadata })
    expect(named(await sweep({ mode: 'deep' }))).toEqual(['corrupt west large'])
  },
)

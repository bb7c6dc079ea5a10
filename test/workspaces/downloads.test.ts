// Signed downloads over three real servers: which store is chosen and why, and that what was signed is what a
// client with nothing but the URL gets.

import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Download } from '#shared/client/protocol.ts'
import { createControl } from '../suites/storage/control.ts'
import type { Store } from '#shared/storage/store.ts'
import type { DownloadContext } from '#shared/workspaces/download-context.ts'
import type { DownloadRules } from '#shared/workspaces/download-rules.ts'
import { signDownload } from '#shared/workspaces/downloads.ts'
import { describeAzurite, describeGcs, describeS3 } from '../harness/descriptions.ts'
import { contextOf, memoryStore, openAs, openUnreachable, workspaceOf } from './workspace-of.ts'

const servers = inject('servers')
const s3 = await describeS3(servers, {
  name: 's3',
  row: 's3',
  parameters: { region: 'us-east-1' },
  versioning: 'Enabled',
})
const gcs = await describeGcs(servers)
const azure = await describeAzurite(servers)
const control = createControl(s3.control, fetch)

const main = openAs('main', s3)
const second = openAs('second', gcs)
const third = openAs('third', azure)
const all = [main, second, third]
const KEY = 'pictures/größe 😀.txt'
const TEXT = 'what all of them hold'

beforeAll(async () => {
  for (const store of all) await store.put(KEY, TEXT, { contentType: 'text/plain' })
})

afterEach(() => control.clear())

function sign(
  request: Omit<Parameters<typeof signDownload>[1], 'key'> & { key?: string },
  downloads: Partial<DownloadRules> = {},
  own: Partial<DownloadContext> = {},
  stores: readonly Store[] = all,
): Promise<Download> {
  const workspace = workspaceOf(stores, downloads)
  return signDownload(workspace, { key: KEY, ...request }, contextOf(workspace, own))
}

async function read({ request }: Pick<Download, 'request'>): Promise<Response> {
  return fetch(request.url, { method: request.method, headers: request.headers })
}

/** As if each had been measured. */
function latencies(known: Record<string, number>): DownloadContext['latencies'] {
  return { observe: () => {}, of: (store) => known[store], wantsLook: () => false }
}

function openCircuits(...stores: string[]): Partial<DownloadContext> {
  const circuits = {
    observe: () => {},
    isOpen: (store: string) => stores.includes(store),
    mayProbe: () => false,
  }
  return { circuits }
}

describe('from the primary', () => {
  test('the URL gives the bytes, and so does every fallback', async () => {
    const download = await sign({})
    expect(download).toMatchObject({
      store: 'main',
      maybeStale: false,
      because: 'it is the primary',
    })
    expect(download.fallbacks.map(({ store }) => store)).toEqual(['second', 'third'])
    for (const one of [download, ...download.fallbacks]) {
      const answer = await read(one)
      expect([answer.status, await answer.text()]).toEqual([200, TEXT])
    }
  })

  test('nothing is asked of any store', async () => {
    await main.head(KEY)
    await control.clear()
    const asked = [await control.requests(), await sign({}), await control.requests()]
    expect([asked[0], asked[2]]).toEqual([[], []])
  })

  test('disposition, type and range reach the answer', async () => {
    const download = await sign({
      ...{ disposition: 'attachment', filename: 'Größe.txt', contentType: 'text/x-own' },
      range: { first: 5, last: 7 },
    })
    for (const one of [download, ...download.fallbacks]) {
      const answer = await read(one)
      expect([answer.status, await answer.text()]).toEqual([206, TEXT.slice(5, 8)])
      expect(answer.headers.get('content-type')).toBe('text/x-own')
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="Gr__e.txt"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt`,
      )
    }
  })

  test('it lasts as long as asked, within the rules', async () => {
    const before = Date.now()
    const { expiresAt } = await sign({ expiresInSeconds: 60 })
    const seconds = (Date.parse(expiresAt!) - before) / 1000
    expect(seconds).toBeGreaterThan(55)
    expect(seconds).toBeLessThanOrEqual(61)
    await expect(sign({ expiresInSeconds: 61 }, { maxExpirySeconds: 60 })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('60 seconds at most (downloads.maxExpiry), not 61'),
    })
  })

  test('a version is read from the primary alone', async () => {
    const old = await main.put('versioned', 'the first')
    await main.put('versioned', 'the second')
    const download = await sign({ key: 'versioned', version: old.version, from: 'fastest' })
    expect([download.store, download.fallbacks]).toEqual(['main', []])
    expect(await (await read(download)).text()).toBe('the first')
    await expect(sign({ version: 'any', from: 'second' })).rejects.toMatchObject({
      kind: 'invalid',
    })
  })

  test('a redirect needs no header and takes none', async () => {
    const workspace = workspaceOf(all)
    const options = { redirect: true }
    const context = contextOf(workspace)
    const { request, fallbacks } = await signDownload(
      workspace,
      { key: KEY, verify: true, filename: 'a.txt' },
      context,
      options,
    )
    expect([request.headers, fallbacks]).toEqual([{}, []])
    expect(await (await fetch(request.url)).text()).toBe(TEXT)
    const head = await signDownload(workspace, { key: KEY }, context, {
      redirect: true,
      head: true,
    })
    const looked = await fetch(head.request.url, { method: 'HEAD' })
    expect([looked.status, looked.headers.get('content-length')]).toEqual([
      200,
      String(TEXT.length),
    ])
    const ranged = { key: KEY, range: { first: 0, last: 1 } }
    await expect(signDownload(workspace, ranged, context, options)).rejects.toThrow(
      /carries no Range/,
    )
  })
})

describe('the choice', () => {
  test('a named store is taken, and may be stale', async () => {
    const download = await sign({ from: 'third' })
    expect(download).toMatchObject({ store: 'third', maybeStale: true, because: 'it was named' })
    expect(download.fallbacks.map(({ store }) => store)).toEqual(['main', 'second'])
  })

  test('a store that the workspace does not have is refused by name', async () => {
    await expect(sign({ from: 'fourth' })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('no store "fourth"; name one of main, second, third'),
    })
  })

  test('the fastest is the one measured to be', async () => {
    const own = { latencies: latencies({ main: 80, second: 12.4 }) }
    const download = await sign({ from: 'fastest' }, {}, own)
    expect(download).toMatchObject({
      store: 'second',
      maybeStale: true,
      because: 'second answers fastest here, in 12 ms; not measured yet: third',
    })
    expect(download.fallbacks.map(({ store }) => store)).toEqual(['main', 'third'])
  })

  test('with nothing measured it is the primary, and the measuring comes after', async () => {
    const workspace = workspaceOf(all, { from: 'fastest' })
    const context = contextOf(workspace)
    const first = await signDownload(workspace, { key: KEY }, context)
    expect(first).toMatchObject({
      store: 'main',
      because: 'no store has been measured yet, so it is the primary',
    })
    await context.settled()
    const measured = all.map(({ name }) => context.latencies.of(name))
    expect(measured.every((one) => typeof one === 'number')).toBe(true)
    const next = await signDownload(workspace, { key: KEY }, context)
    expect(next.because).toMatch(/answers fastest here, in \d+ ms$/)
  })

  test('weights are kept to, and a store without one is never chosen', async () => {
    const weights = { main: 1, second: 3, third: 0 }
    const counts: Record<string, number> = { main: 0, second: 0, third: 0 }
    const steps = 400
    const stores = [main, openAs('second', s3), openAs('third', s3)]
    for (let i = 0; i < steps; i++) {
      const own = { random: () => (i + 0.5) / steps }
      const { store, fallbacks } = await sign({ from: 'balanced' }, { weights }, own, stores)
      counts[store]!++
      expect(fallbacks.map((one) => one.store)).not.toContain('third')
    }
    expect(counts).toEqual({ main: 100, second: 300, third: 0 })
  })

  test('balanced without weights is refused', async () => {
    await expect(sign({ from: 'balanced' })).rejects.toThrow(/gives no store a weight/)
  })

  test('the cheapest is so by its price of egress, and what is unknown comes last', async () => {
    const { fraction } = await import('#shared/prices/money.ts')
    const figure = (cents: number) => ({
      value: fraction(cents, 100),
      unit: 'USD per GB of 1000000000 bytes',
      unitSize: 1e9,
      source: { from: 'https://example.com/prices', asOf: '2024-01-01' },
      trust: 'vendor' as const,
      flags: ['stale' as const],
    })
    const prices = async () => ({
      egressToInternet: (id: string) =>
        id === 's3' ? figure(9) : id === 'gcs' ? figure(4) : { reason: 'Nobody knows.' },
    })
    const stores = [third, main, second]
    const download = await sign({ from: 'cheapest' }, {}, { prices }, stores)
    expect(download.store).toBe('second')
    expect(download.fallbacks.map(({ store }) => store)).toEqual(['main', 'third'])
    expect(download.because).toMatch(
      /0\.04.*vendor, as of 2024-01-01, stale.*no price is known for third/,
    )
    const unknown = async () => ({ egressToInternet: () => ({ reason: 'Nobody knows.' }) })
    const blind = await sign({ from: 'cheapest' }, {}, { prices: unknown })
    expect(blind.store).toBe('main')
    expect(blind.because).toMatch(/no price of egress is known/)
  })

  test('the catalogue itself can be asked', async () => {
    const download = await sign({ from: 'cheapest' })
    expect(all.map(({ name }) => name)).toContain(download.store)
    expect(download.because).toMatch(/egress/)
  })

  test('a store that cannot sign is passed over, and the answer says why', async () => {
    const download = await sign({}, {}, {}, [memoryStore('main'), second])
    expect(download).toMatchObject({ store: 'second', maybeStale: true })
    expect(download.because).toBe('second is the first that can sign it: main cannot sign URLs.')
    await expect(sign({}, {}, {}, [memoryStore('main')])).rejects.toMatchObject({
      kind: 'unsupported',
    })
  })
})

describe('a circuit', () => {
  test('that is open takes its store out', async () => {
    const download = await sign({}, {}, openCircuits('main'))
    expect(download).toMatchObject({
      store: 'second',
      because: 'the circuit of main is open, and second is next',
    })
    expect(download.fallbacks.map(({ store }) => store)).toEqual(['third'])
  })

  test('with all of them open changes nothing', async () => {
    const download = await sign({}, {}, openCircuits('main', 'second', 'third'))
    expect(download.store).toBe('main')
    expect(download.because).toMatch(/the circuit of every store is open$/)
  })

  test('opens by the faults of a real server, and closes by a probe after the answer', async () => {
    let at = Date.now()
    const workspace = workspaceOf(all)
    const context = contextOf(workspace, { now: () => at })
    await control.fault({ times: 100, action: { status: 503, code: 'ServiceUnavailable' } })
    for (let i = 0; i < 2; i++) await expect(main.head(KEY)).rejects.toThrow(/main/)
    const during = await signDownload(workspace, { key: KEY }, context)
    expect(during.store).toBe('second')
    await control.clear()
    at += 31_000
    const probing = await signDownload(workspace, { key: KEY }, context)
    expect(probing.store).toBe('second')
    await context.settled()
    const after = await signDownload(workspace, { key: KEY }, context)
    expect(after.store).toBe('main')
  })
})

describe('a CDN in front of a store', () => {
  const cdn = { main: 'https://cdn.example.com/files/' }

  test('takes the key as it is encoded, unsigned and without an end', async () => {
    const { request, expiresAt, maybeStale, because } = await sign(
      { range: { first: 0, last: 9 } },
      { cdn },
    )
    expect(request).toEqual({
      method: 'GET',
      url: 'https://cdn.example.com/files/pictures/gr%C3%B6%C3%9Fe%20%F0%9F%98%80.txt',
      headers: { range: 'bytes=0-9' },
    })
    expect([expiresAt, maybeStale]).toEqual([undefined, true])
    expect(because).toBe('it is the primary, through its CDN')
  })

  test.each([{ filename: 'a.txt' }, { contentType: 'text/x-own' }, { verify: true }])(
    'is passed by where it could not do what is asked: %j',
    async (request) => {
      const download = await sign(request, { cdn })
      expect(download.request.url).not.toContain('cdn.example.com')
      expect((await read(download)).status).toBe(200)
    },
  )

  test('gets no key that cannot be', async () => {
    await expect(sign({ key: '../secret' }, { cdn })).rejects.toMatchObject({ kind: 'invalid' })
    await expect(sign({ key: '.skein/ledger' }, { cdn })).rejects.toMatchObject({ kind: 'invalid' })
  })
})

describe('verified', () => {
  test('it names size, identity and time, and holds the bearer to them', async () => {
    const put = await main.put('verified', 'one')
    const download = await sign({ key: 'verified', verify: true })
    expect(download).toMatchObject({ store: 'main', object: { size: 3, etag: put.etag } })
    expect((await read(download)).status).toBe(200)
    await main.put('verified', 'two')
    expect((await read(download)).status).toBe(412)
  })

  test('a copy with the primary’s digest is current; one of other content is left out', async () => {
    await main.put('copied', 'the same')
    await second.put('copied', 'the same')
    await third.put('copied', 'an older')
    const download = await sign({ key: 'copied', verify: true, from: 'second' })
    expect(download).toMatchObject({ store: 'second', maybeStale: false, object: { size: 8 } })
    expect(download.fallbacks.map(({ store }) => store)).toEqual(['main'])
    expect(await (await read(download)).text()).toBe('the same')
    const older = await sign({ key: 'copied', verify: true, from: 'third' })
    expect(older).toMatchObject({ store: 'main', maybeStale: false })
    expect(older.because).toBe('main is the first that holds it as the primary does')
  })

  test('a copy of the same size without a digest in common may be stale', async () => {
    const whole = await main.head(KEY)
    const blind = { ...whole, etag: '1', checksums: {} }
    const stores = [main, Object.assign(openAs('blind', gcs), { find: async () => blind })]
    const download = await sign({ verify: true, from: 'blind' }, {}, {}, stores)
    expect(download).toMatchObject({ store: 'blind', maybeStale: true })
  })

  test('what no store holds is not found; what may be where nobody answers is unavailable', async () => {
    await expect(sign({ key: 'nowhere', verify: true })).rejects.toMatchObject({
      kind: 'not-found',
    })
    const stores = [main, openUnreachable('away', gcs)]
    await expect(sign({ key: 'nowhere', verify: true }, {}, {}, stores)).rejects.toMatchObject({
      kind: 'unavailable',
    })
    const held = await sign({ verify: true }, {}, {}, [openUnreachable('away', s3), second])
    expect(held).toMatchObject({ store: 'second', maybeStale: true })
    expect(held.because).toMatch(/second is the first that holds it/)
  })
})

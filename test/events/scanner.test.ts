// A scan tells of every change since the last one, once its last step is done; steps that die, that come twice
// and that run beside another scan change nothing of that.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change, ScanCursor } from '#shared/events/scanner.ts'
import { scanCursor, scanStep } from '#shared/events/scanner.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Store } from '#shared/storage/store.ts'
import { seeded } from '../seeds.ts'

let places = 0

function open(capabilities?: object) {
  const place = `scans-${++places}`
  const platform = { env: {}, fileSystem: false, now: Date.now }
  const options = capabilities ? { capabilities } : {}
  const store = openStore(`memory:${place}`, platform, { name: 'main', ...options })
  let clock = 1_000_000
  const scan = { store, records: store.reserved(), now: () => clock, keysAtOnce: 3 }
  const step = (cursor?: ScanCursor) =>
    scanStep(scan, cursor && scanCursor.parse(throughQueue(cursor)))
  return { store, step, wait: (ms: number) => void (clock += ms) }
}

const throughQueue = (cursor: ScanCursor): unknown => JSON.parse(JSON.stringify(cursor)) as unknown

type Step = ReturnType<typeof open>['step']

async function whole(step: Step): Promise<Change[]> {
  const changes: Change[] = []
  let cursor: ScanCursor | undefined
  do {
    const done = await step(cursor)
    changes.push(...done.changes)
    cursor = done.cursor
  } while (cursor)
  return changes
}

const said = (changes: readonly Change[]) =>
  changes.map(({ key, told }) => `${told.type} ${key}`).toSorted()

async function put(store: Store, keys: readonly string[], text = 'x'): Promise<void> {
  for (const key of keys) await store.put(key, text)
}

const MANY = Array.from({ length: 20 }, (_, i) => `key-${String(i).padStart(2, '0')}`)

describe('a scan', () => {
  it('tells of everything at first, and then of nothing', async () => {
    const { store, step } = open()
    await put(store, MANY)
    expect(said(await whole(step))).toEqual(MANY.map((key) => `created ${key}`))
    expect(await whole(step)).toEqual([])
  })

  it('tells what is new, what is other and what is no longer seen', async () => {
    const { store, step } = open()
    await put(store, MANY)
    await whole(step)
    await put(store, ['a-first', 'key-07b', 'z-last'])
    await put(store, ['key-03'], 'other')
    await store.delete(['key-00', 'key-05', 'key-19'])
    const changes = await whole(step)
    expect(said(changes)).toEqual([
      ...['created a-first', 'created key-03', 'created key-07b', 'created z-last'],
      ...['missing key-00', 'missing key-05', 'missing key-19'],
    ])
    const { etag } = await store.head('key-03')
    expect(changes.find(({ key }) => key === 'key-03')?.told).toMatchObject({ etag, size: 5 })
    expect(await whole(step)).toEqual([])
  })

  it('of a store that was emptied tells, in steps that stay bounded', async () => {
    const { store, step } = open()
    await put(store, MANY)
    await whole(step)
    await store.delete(MANY)
    const first = await step()
    expect(first.changes.length).toBeLessThanOrEqual(6)
    const rest: Change[] = []
    for (let cursor = first.cursor; cursor;) {
      const next = await step(cursor)
      expect(next.changes.length).toBeLessThanOrEqual(6)
      rest.push(...next.changes)
      cursor = next.cursor
    }
    expect(said([...first.changes, ...rest])).toEqual(MANY.map((key) => `missing ${key}`))
  })

  it('looks again at what a listing lacks', async () => {
    const { store, step } = open()
    await put(store, MANY)
    await whole(step)
    const list = store.list.bind(store)
    store.list = async (query) => {
      const page = await list(query)
      return { ...page, objects: page.objects.filter(({ key }) => key !== 'key-04') }
    }
    expect(await whole(step)).toEqual([])
  })

  it('leaves one pass behind, and none of Skein’s own keys is a change', async () => {
    const { store, step } = open()
    await put(store, MANY)
    await whole(step)
    const count = async () =>
      (await store.reserved().list({ prefix: '.skein/scans/' })).objects.length
    const after = await count()
    for (let pass = 0; pass < 3; pass++) expect(await whole(step)).toEqual([])
    expect(await count()).toBe(after)
  })

  it('waits while another is at work, and takes over from one that died', async () => {
    const { store, step, wait } = open()
    await put(store, MANY)
    const { cursor } = await step()
    expect(cursor).toBeDefined()
    expect(await step()).toEqual({ changes: [] })
    wait(900_001)
    expect(said(await whole(step))).toEqual(MANY.map((key) => `created ${key}`))
    // The one that had died wakes up: what it compared with has gone, or is no longer the last.
    let late = cursor
    while (late) late = (await step(late)).cursor
    expect(await whole(step)).toEqual([])
  })

  it('works where the ledger knows no conditional writes', async () => {
    const { store, step } = open({ put: { create: false, match: false } })
    await put(store, MANY)
    expect(await whole(step)).toHaveLength(MANY.length)
    await store.delete('key-11')
    expect(said(await whole(step))).toEqual(['missing key-11'])
  })
})

describe('whatever happens to its steps', { timeout: 60_000 }, () => {
  const key = fc.constantFrom(...MANY, 'é', '😀', '\uffee', 'a/b')
  const act = fc.record({ key, gone: fc.boolean(), at: fc.nat(12) })

  it('a scan after the last change knows all', async () => {
    const property = fc.asyncProperty(
      fc.array(key, { maxLength: 20 }),
      fc.array(act, { maxLength: 12 }),
      // Steps whose answer was lost after they had kept what they saw.
      fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
      async (first, acts, twice) => {
        const { store, step } = open()
        await put(store, first)
        const known = new Map<string, string | undefined>()
        const learn = (changes: readonly Change[]) => {
          for (const { key: name, told } of changes) known.set(name, told.etag)
        }
        let cursor: ScanCursor | undefined
        for (let number = 0; number === 0 || cursor; number++) {
          for (const one of acts.filter(({ at }) => at === number)) {
            await (one.gone ? store.delete(one.key) : store.put(one.key, `${number}`))
          }
          if (twice.includes(number)) await step(cursor)
          const done = await step(cursor)
          learn(done.changes)
          cursor = done.cursor
        }
        learn(await whole(step))
        const there = new Map<string, string>()
        for await (const { key: name, etag } of store.listAll()) there.set(name, etag)
        const believed = [...known].filter(([, etag]) => etag !== undefined)
        expect(new Map(believed)).toEqual(there)
      },
    )
    await fc.assert(property, seeded())
  })
})

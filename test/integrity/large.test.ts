// Objects too large for one step, at real servers, with steps so short that each takes many: read in pieces, found wrong,
// kept aside in parts, mended in parts and read back, and no piece more often than that takes.

import { expect, inject, test } from 'vitest'
import type { Store } from '#shared/storage/store.ts'
import { bytesAt } from '../copy/opened.ts'
import { azureStore, gcsStore, s3Store } from '../copy/stores.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createControl } from '../suites/storage/control.ts'
import { openAs } from '../workspaces/workspace-of.ts'
import type { Sweeping } from './sweeping.ts'
import { bytesOf, named, openSweeping } from './sweeping.ts'

const servers = inject('servers')
const TIMEOUT = 120_000
const LARGE = 900_000
const SHORT = { piecewiseBytes: 100_000, stepSeconds: 0.001 }
/** What the first sweep reads. */
const BOTH = 2 * LARGE

const MAKE: Record<string, () => Promise<StoreDescription>> = {
  s3: () => s3Store(servers, 'west'),
  gcs: () => gcsStore(servers, 'west'),
  azure: () => azureStore(servers, 'west'),
}

async function open(kind: keyof typeof MAKE, dies?: () => boolean) {
  const stores = [
    openAs('main', await s3Store(servers, 'main')),
    openAs('west', await MAKE[kind]!()),
  ]
  const sweeping = openSweeping({ stores, ...SHORT, ...(dies && { dies }) })
  const bytes = bytesOf(`large ${kind}`, LARGE)
  await sweeping.write('large', bytes)
  await sweeping.write('small', bytesOf('small', 100))
  return { ...sweeping, bytes }
}

/** Its mark stays, and one byte does not. */
async function spoil(store: Store, bytes: Uint8Array): Promise<Uint8Array> {
  const { metadata } = await store.head('large')
  const wrong = bytes.map((byte, at) => (at === 700_000 ? byte ^ 1 : byte))
  await store.put('large', wrong, { metadata })
  return wrong
}

async function stepsOf({ engine, place }: Sweeping): Promise<number> {
  const [job] = await engine.list()
  const { entries } = await place.ledger.list(`job/${job!.id}/parts/`)
  const steps = entries.map(async ({ name }) => {
    return (await place.ledger.read<{ steps: number }>(name))!.steps
  })
  return Math.max(...(await Promise.all(steps)))
}

const well = (found: string[]): string[] => found.filter((one) => !one.startsWith('quarantined'))

for (const kind of Object.keys(MAKE)) {
  test(
    `at ${kind} a large object is swept and mended in many steps`,
    { timeout: TIMEOUT },
    async () => {
      const sweeping = await open(kind)
      const { sweep, replica, bytes } = sweeping
      const first = await sweep({ mode: 'deep' })
      expect(first).toMatchObject({ findings: [], readBytes: BOTH + 200, coverage: { never: 0 } })
      expect(await stepsOf(sweeping)).toBeGreaterThan(2)
      const wrong = await spoil(replica, bytes)
      const report = await sweep({ mode: 'deep', repair: 'automatic' })
      expect(named(report).filter((one) => one.startsWith('corrupt'))).toEqual([])
      const [repair] = report.repairs.items
      expect(repair).toMatchObject({ outcome: 'mended', kind: 'corrupt', from: 'main' })
      expect(await stepsOf(sweeping)).toBeGreaterThan(3)
      expect(Buffer.compare(await bytesAt(replica, 'large'), bytes)).toBe(0)
      expect(Buffer.compare(await bytesAt(replica.reserved(), repair!.aside!), wrong)).toBe(0)
      // Swept, judged anew, brought over, and read back at the one store alone.
      expect(report.readBytes).toBe(200 + BOTH + BOTH + LARGE + LARGE)
      expect(well(named(await sweep({ mode: 'deep' })))).toEqual([])
    },
  )
}

test('steps that die lose nothing of a large repair', { timeout: TIMEOUT }, async () => {
  let deaths = 0
  const sweeping = await open('s3', () => deaths > 0 && deaths-- > 0 && deaths % 2 === 0)
  const { sweep, replica, bytes } = sweeping
  await sweep({ mode: 'deep' })
  await spoil(replica, bytes)
  deaths = 6
  const report = await sweep({ mode: 'deep', repair: 'automatic' })
  expect(report.repairs.counts).toMatchObject({ failed: 0, left: 0, moved: 0 })
  expect(Buffer.compare(await bytesAt(replica, 'large'), bytes)).toBe(0)
  expect(well(named(await sweep({ mode: 'deep' })))).toEqual([])
})

test(
  'whoever overwrites a large object while it is mended wins',
  { timeout: TIMEOUT },
  async () => {
    const newer = bytesOf('newer', LARGE)
    const done = { steps: 0 }
    const sweeping = await open('s3', () => {
      done.steps++
      return false
    })
    const { begin, engine, finish, signed, replica, primary, bytes, replication, work } = sweeping
    await begin({ mode: 'deep' })
    await spoil(replica, bytes)
    const { id, state } = await begin({ mode: 'deep', repair: 'ask' })
    expect(state).toBe('ready')
    done.steps = 0
    await engine.command(id, 'repair')
    const { metadata } = await replica.head('large')
    const mending = finish()
    while (done.steps < 2) await new Promise(setImmediate)
    await primary.put('large', newer)
    await replica.put('large', newer, { metadata })
    await mending
    const { report } = await signed(id)
    expect(['moved', 'gone', 'failed']).toContain(report.repairs.items[0]!.outcome)
    expect(Buffer.compare(await bytesAt(replica, 'large'), newer)).toBe(0)
    await replication.changed('large', { since: Date.now() })
    await work()
  },
)

test(
  'a store that does not answer for a while does not cost what is read already',
  { timeout: TIMEOUT },
  async () => {
    const description = await s3Store(servers, 'west')
    const west = openAs('west', {
      ...description,
      options: { ...description.options, retry: { attempts: 1 } },
    })
    const control = createControl(description.control!, fetch)
    const stores = [openAs('main', await s3Store(servers, 'main')), west]
    const sweeping = openSweeping({ stores, ...SHORT, isImpatient: true })
    const { write, sweep, replica } = sweeping
    const bytes = bytesOf('large', LARGE)
    await write('large', bytes)
    const busy = { status: 503, code: 'SlowDown' }
    const fault = { operation: 'GetObject', keyPrefix: west.fullKey('large'), action: busy }
    await control.fault({ ...fault, skip: 5, times: 2 })
    const { findings, readBytes } = await sweep({ mode: 'deep' })
    expect(findings).toEqual([])
    // Only what was on its way beside what failed is read twice.
    expect(readBytes).toBeLessThanOrEqual(BOTH + 2 * 3 * SHORT.piecewiseBytes)
    await spoil(replica, bytes)
    await control.fault({ ...fault, skip: 12, times: 2 })
    const report = await sweep({ mode: 'deep', repair: 'automatic' })
    expect(report.repairs.counts).toMatchObject({ mended: 1, failed: 0 })
    expect(Buffer.compare(await bytesAt(replica, 'large'), bytes)).toBe(0)
    await control.fault({ ...fault, skip: 5, times: 1000 })
    expect(well(named(await sweep({ mode: 'deep' })))).toEqual(['unreadable west large'])
  },
)

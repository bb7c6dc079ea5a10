// `skein sync` between real servers: what is copied, what is left alone and what it costs; what goes wrong and
// what is deleted. Every pair of wires ends with both sides alike.

import { afterAll, describe, expect, inject, test, vi } from 'vitest'
import { b2Store, azureStore, gcsStore, s3Store } from '../copy/stores.ts'
import { describeRadosgw } from '../harness/descriptions.ts'
import { openFolders } from '../harness/folders.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import type { Outcome } from './skein.ts'
import { configured, contentOf, fill } from './stores-of.ts'

const servers = inject('servers')

vi.setConfig({ testTimeout: 60_000 })

const folders = await openFolders()
afterAll(() => folders.close())
const radosgw = await describeRadosgw(servers)

const MAKE: Record<string, () => Promise<StoreDescription> | StoreDescription> = {
  s3: () => s3Store(servers),
  gcs: () => gcsStore(servers),
  azure: () => azureStore(servers),
  b2: () => b2Store(servers),
  folder: () => folders.description,
}
const PAIRS: [string, string][] = [
  ['s3', 'gcs'],
  ['gcs', 'azure'],
  ['azure', 's3'],
  ['folder', 'azure'],
  ['azure', 'folder'],
  ['s3', 'b2'],
  ['b2', 's3'],
]
if (typeof radosgw !== 'string') {
  MAKE['radosgw'] = () => radosgw
  PAIRS.push(['radosgw', 's3'], ['s3', 'radosgw'])
}

/** Some sort differently in some stores, or are kept by other names. */
const ODD: Record<string, string> = {
  'a.txt': 'a',
  'a/b c.txt': 'b',
  'a\\b': 'backslash',
  'dot.': 'dot',
  'ü/\uff01': 'high',
  'ü/😀': 'astral',
  'ü/\u{10fffd}x': 'last',
  empty: '',
  'z/large': 'x'.repeat(400_000),
}

async function open(from: string, to: string) {
  return configured({ from: await MAKE[from]!(), to: await MAKE[to]!() })
}

async function told(run: Promise<Outcome>): Promise<Record<string, unknown>> {
  const { code, out, err } = await run
  expect(err).toBe('')
  return { code, ...(JSON.parse(out) as object) }
}

describe.each(PAIRS)('from %s to %s', (a, b) => {
  test('copies what is new and changed, and then nothing; deletes when asked to', async () => {
    const { skein, ends } = await open(a, b)
    const { from, to } = ends
    await fill(from, ODD)
    const count = Object.keys(ODD).length
    const sync = (...more: string[]) => told(skein('sync', 'from', 'to', '--json', ...more))

    expect(await sync()).toMatchObject({ code: 0, copied: count, failed: 0 })
    expect(await contentOf(to)).toEqual(ODD)
    expect(await sync()).toMatchObject({ code: 0, copied: 0, same: count, compared: 0 })

    await from.store.put('a.txt', 'other')
    await from.store.delete('dot.')
    await to.store.put('ü/😀', 'strange')
    await to.store.delete('a\\b')
    expect(await sync()).toMatchObject({ code: 0, copied: 3, extra: 1, deleted: 0 })
    expect(await contentOf(to)).toEqual({ ...ODD, 'a.txt': 'other' })
    expect(await sync('--delete')).toMatchObject({ code: 0, copied: 0, deleted: 1 })
    expect(await contentOf(to)).toEqual(await contentOf(from))
    expect(await sync('--delete')).toMatchObject({ code: 0, copied: 0, same: count - 1 })
  })

  test('compares what both have already, and remembers it', async () => {
    const { skein, ends } = await open(a, b)
    await fill(ends.from, ODD)
    await fill(ends.to, { ...ODD, 'a.txt': 'b' })
    const sync = () => told(skein('sync', 'from', 'to', '--json'))
    const compared = Object.keys(ODD).length - 1
    expect(await sync()).toMatchObject({ code: 0, copied: 1, compared })
    expect(await contentOf(ends.to)).toEqual(ODD)
    expect(await sync()).toMatchObject({ code: 0, copied: 0, compared: 0, same: compared + 1 })
  })
})

const SOME = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [`f${String(i).padStart(2, '0')}`, `content ${i}`]),
)

test('asks for a new small object once, puts it once, and asks nothing of what is the same', async () => {
  const { skein, ends } = await open('s3', 's3')
  await fill(ends.from, SOME)
  const sync = async () => {
    await Promise.all([ends.from.control.clear(), ends.to.control.clear()])
    const { code } = await skein('sync', 'from', 'to', '--through-here')
    expect(code).toBe(0)
    return { from: await ends.from.asked(), to: await ends.to.asked() }
  }
  expect(await sync()).toEqual({
    from: { ListObjectsV2: 1, GetObject: 30 },
    // And the records' own folder.
    to: { ListObjectsV2: 2, PutObject: 30 },
  })
  expect(await sync()).toEqual({ from: { ListObjectsV2: 1 }, to: { ListObjectsV2: 1 } })
  // Another run of other places does not take these records for its own.
  await ends.to.control.clear()
  expect((await skein('sync', 'from', 'to:other/')).code).toBe(0)
  expect(await contentOf(ends.to)).toMatchObject({ 'other/f00': 'content 0' })
})

test('goes on with the rest when one object fails, says which, and deletes nothing then', async () => {
  const { skein, ends } = await open('s3', 's3')
  await fill(ends.from, SOME)
  await fill(ends.to, { extra: 'x' })
  const broken = { operation: 'GetObject', times: 99, action: { status: 500 } }
  await ends.from.control.fault({ ...broken, keyPrefix: ends.from.store.fullKey('f07') })
  const first = await skein('sync', 'from', 'to', '--delete', '--through-here')
  expect(first.code).toBe(1)
  expect(first.err).toMatch(/f07.*\nNot deleted: the object that only to has, since not everything/)
  expect(first.out).toMatch(/^29 copied .* 1 only at the target, left there, 1 failed, in /)
  const { f07: _, ...others } = SOME
  expect(await contentOf(ends.to)).toEqual({ ...others, extra: 'x' })
  await ends.from.control.clear()
  const second = await skein('sync', 'from', 'to', '--delete', '--through-here')
  expect(second.out).toMatch(/^1 copied .*, 1 deleted, 29 the same/)
  expect(await contentOf(ends.to)).toEqual(SOME)
})

test('takes half a listing for an error, and deletes nothing by it', async () => {
  const { skein, ends } = await open('s3', 's3')
  await fill(ends.from, SOME)
  await fill(ends.to, { extra: 'x' })
  const broken = { operation: 'ListObjectsV2', times: 99, action: { status: 503 } }
  await ends.from.control.fault(broken)
  const { code, err } = await skein('sync', 'from', 'to', '--delete')
  expect({ code, err }).toMatchObject({ code: 5, err: expect.stringMatching(/^skein: from/) })
  expect(await contentOf(ends.to)).toEqual({ extra: 'x' })
})

test('goes below a prefix of a folder that the configuration names', async () => {
  const { skein, ends } = await open('folder', 'folder')
  await fill(ends.from, { one: '1' })
  const done = await skein('sync', 'from:', 'to:2026/')
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining('1 copied') })
  expect(await contentOf(ends.to)).toEqual({ '2026/one': '1' })
})

test('deletes no suspicious many unless told how many', async () => {
  const { skein, ends } = await open('s3', 'folder')
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, '']))
  await fill(ends.from, { one: '' })
  await fill(ends.to, many)
  const refused = await skein('sync', 'from', 'to', '--delete')
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('--max-delete') })
  expect(Object.keys(await contentOf(ends.to))).toHaveLength(102)
  const few = await skein('sync', 'from', 'to', '--delete', '--max-delete', '100')
  expect(few.code).toBe(1)
  const done = await skein('sync', 'from', 'to', '--delete', '--max-delete', '101')
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining('101 deleted') })
  expect(await contentOf(ends.to)).toEqual({ one: '' })
})

test('deletes nothing because a source is empty, or not there', async () => {
  const { skein, ends } = await open('s3', 'folder')
  await fill(ends.to, { a: '' })
  const empty = await skein('sync', 'from:misspelt/', 'to', '--delete')
  expect(empty).toMatchObject({ code: 1, err: expect.stringContaining('from has nothing at all') })
  const missing = await skein('sync', './misspelt', 'to', '--delete')
  expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('There is no folder') })
  expect(await contentOf(ends.to)).toEqual({ a: '' })
  const meant = await skein('sync', 'from:misspelt/', 'to', '--delete', '--max-delete', '1')
  expect(meant.code).toBe(0)
  expect(await contentOf(ends.to)).toEqual({})
})

test('a dry run says what would be done, and does nothing', async () => {
  const { skein, ends } = await open('s3', 'gcs')
  await fill(ends.from, { a: 'new', b: 'longer' })
  await fill(ends.to, { b: 'short', c: 'extra' })
  const { code, out } = await skein('sync', 'from', 'to', '--delete', '--dry-run')
  expect(code).toBe(0)
  expect(out.split('\n').slice(0, 3).toSorted()).toEqual([
    'would copy  a  3 B  new',
    'would copy  b  6 B  unknown',
    'would delete  c  5 B  extra',
  ])
  expect(out).toContain('2 to copy (9 B), 1 to delete, in ')
  expect(await contentOf(ends.to)).toEqual({ b: 'short', c: 'extra' })
  expect((await ends.to.store.reserved().list({ prefix: '.skein/' })).objects).toEqual([])
})

test('what is left out is neither copied nor deleted', async () => {
  const { skein, ends } = await open('s3', 'folder')
  await fill(ends.from, { 'a.jpg': 'aa', 'b/c.jpg': 'cc', 'b/d.txt': 'dd', 'large.jpg': 'llll' })
  await fill(ends.to, { 'old.txt': 'x', 'old.jpg': 'y' })
  const { code, out } = await skein(
    ...[
      'sync',
      'from',
      'to',
      '--delete',
      '--include',
      '*.jpg',
      '--exclude',
      '/b/',
      '--max-size',
      '3',
    ],
  )
  expect(code).toBe(0)
  expect(out).toMatch(/^1 copied \(2 B\), 1 deleted, 4 left out, in/)
  expect(await contentOf(ends.to)).toEqual({ 'a.jpg': 'aa', 'old.txt': 'x' })
  const young = await skein('sync', 'from', 'to', '--min-age', '1h')
  expect(young.out).toMatch(/^0 copied .* left out/)
})

test('a large object that broke off goes on where it was', async () => {
  const { skein, ends } = await open('s3', 'gcs')
  const bytes = bytesOf(1_000_000)
  await ends.from.store.put('large', bytes)
  const unavailable = { status: 503, reason: 'backendError' }
  const broken = { operation: 'multipart.part', skip: 6, times: 99, action: unavailable }
  await ends.to.control.fault(broken)
  const { code, err } = await skein('sync', 'from', 'to')
  expect(code).toBe(1)
  expect(err).toContain('large')
  await ends.to.control.clear()
  const again = await told(skein('sync', 'from', 'to', '--json'))
  expect(again).toMatchObject({ code: 0, copied: 1, copiedBytes: 1_000_000 })
  expect(again['resumedBytes']).toBeGreaterThan(0)
  sameBytes(await readAll((await ends.to.store.get('large')).body), bytes)
})

test('an interrupted run keeps what it had, and the next one does the rest', async () => {
  const { skein, ends } = await open('s3', 's3')
  await fill(ends.from, SOME)
  const keyPrefix = ends.from.store.fullKey('f29')
  await ends.from.control.fault({
    operation: 'GetObject',
    keyPrefix,
    times: 1,
    action: { hang: true },
  })
  const interrupted = skein('sync', 'from', 'to', '--through-here')
  await vi.waitFor(async () => expect((await ends.to.asked())['PutObject']).toBe(29), 20_000)
  process.emit('SIGINT')
  expect((await interrupted).code).toBe(130)
  await ends.from.control.clear()
  const again = await told(skein('sync', 'from', 'to', '--through-here', '--json'))
  expect(again).toMatchObject({ copied: 1, same: 29, compared: 0 })
})

test('what was found out is kept where it is said, or nowhere', async () => {
  const { skein, ends } = await configured({
    from: await MAKE['s3']!(),
    to: await MAKE['s3']!(),
    kept: folders.description,
  })
  await fill(ends.from, SOME)
  const own = async () => (await ends.to.store.reserved().list({ prefix: '.skein/pairs/' })).objects
  await skein('sync', 'from', 'to', '--records', 'none')
  expect(await own()).toEqual([])
  const kept = () => told(skein('sync', 'from', 'to', '--json', '--records', 'kept'))
  expect(await kept()).toMatchObject({ compared: 30 })
  expect(await own()).toEqual([])
  expect(await kept()).toMatchObject({ compared: 0, same: 30 })
})

test('records that cannot be kept are told of, and nothing else comes of it', async () => {
  const { skein, ends } = await open('s3', 's3')
  await fill(ends.from, SOME)
  await ends.to.control.fault({
    operation: 'PutObject',
    keyPrefix: ends.to.store.reserved().fullKey('.skein/pairs/'),
    times: 99,
    action: { status: 403, code: 'AccessDenied' },
  })
  const { code, err, out } = await skein('sync', 'from', 'to', '--through-here')
  expect(code).toBe(0)
  expect(err).toMatch(/^What was found out cannot be recorded: /)
  expect(out).toMatch(/^30 copied/)
})

test('says what is wrong with a call', async () => {
  const { skein } = await open('s3', 'folder')
  const wrong = async (...args: string[]) => (await skein('sync', ...args)).err
  expect(await wrong('from', 'from:a/')).toContain('within the other')
  expect(await wrong('from', 'to', '--transfers', '0')).toContain('--transfers')
  expect(await wrong('from', 'to', '--max-delete', '5')).toContain('--delete')
  expect(await wrong('from', 'to', '--max-size', 'big')).toContain('16k')
  expect(await wrong('from', 'to', '--max-age', 'old')).toContain('7d')
  expect(await wrong('from', 'to', '--include', '[')).not.toContain('internal')
})

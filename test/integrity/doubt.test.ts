// Where a sweep must not say more than it has seen: stores that do not answer for a while, or refuse one object; copies
// that are newer than the primary; majorities of those who have not heard yet; archives; records that do not hold any more.

import { expect, inject, test, vi } from 'vitest'
import { judge } from '#shared/integrity/judge.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesAt } from '../copy/opened.ts'
import { gcsStore, s3Store } from '../copy/stores.ts'
import type { Control } from '../suites/storage/control.ts'
import { createControl } from '../suites/storage/control.ts'
import { describeS3 } from '../harness/descriptions.ts'
import { putComposite } from './composite.ts'
import { memoryStore, openAs } from '../workspaces/workspace-of.ts'
import { bytesOf, named, openSweeping } from './sweeping.ts'

const servers = inject('servers')
// On a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })
const REFUSED = { status: 403, code: 'AccessDenied' }
const BUSY = { status: 503, code: 'SlowDown' }

async function openFaulty(): Promise<{ store: Store; control: Control }> {
  const description = await s3Store(servers, 'west')
  const retry = { attempts: 1 }
  const store = openAs('west', { ...description, options: { ...description.options, retry } })
  return { store, control: createControl(description.control!, fetch) }
}

test('a store that does not answer for a while is waited for, and nothing is held against it', async () => {
  const { store, control } = await openFaulty()
  const { write, sweep } = openSweeping({
    stores: [memoryStore('main'), store],
    isImpatient: true,
  })
  for (const key of ['a', 'b', 'c']) await write(key, bytesOf(key, 100))
  const keyPrefix = store.fullKey('b')
  await control.fault({ operation: 'GetObject', keyPrefix, times: 2, action: BUSY })
  const report = await sweep({ mode: 'deep' })
  expect(report).toMatchObject({ objects: 3, findings: [], same: { bytes: 3 } })
})

test('an object that its store never answers for is unreadable in the end, and holds up no other', async () => {
  const { store, control } = await openFaulty()
  const { write, sweep } = openSweeping({
    stores: [memoryStore('main'), store],
    isImpatient: true,
  })
  for (const key of ['a', 'b', 'c']) await write(key, bytesOf(key, 100))
  const keyPrefix = store.fullKey('b')
  await control.fault({ operation: 'GetObject', keyPrefix, times: 100, action: BUSY })
  const report = await sweep({ mode: 'deep', repair: 'automatic' })
  expect(named(report)).toEqual(['unreadable west b'])
  expect(report).toMatchObject({ objects: 3, same: { bytes: 2 }, repairs: { items: [] } })
  const asked = (await control.requests()).filter(({ operation, key }) => {
    return operation === 'GetObject' && key === keyPrefix
  })
  expect(asked).toHaveLength(4)
})

test('a store that answers for no object pauses the sweep, which goes on from there', async () => {
  const { store, control } = await openFaulty()
  const { write, begin, engine, finish, signed } = openSweeping({
    ...{ stores: [memoryStore('main'), store], isImpatient: true },
  })
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const key of keys) await write(key, bytesOf(key, 100))
  const fault = { operation: 'GetObject', keyPrefix: store.prefix, action: BUSY }
  await control.fault({ ...fault, times: 10_000 })
  const { id, state, why } = await begin({ mode: 'deep', parts: 1 })
  expect([state, why]).toEqual(['paused', expect.stringContaining('west') as string])
  await control.clear()
  await engine.resume(id)
  await finish()
  const { report } = await signed(id)
  expect(report.objects).toBe(keys.length)
  expect(report.found.unreadable).toBe(3)
})

test('an object that even a HEAD is refused for is one finding, and not the end of the sweep', async () => {
  const { store, control } = await openFaulty()
  const { write, sweep } = openSweeping({ stores: [memoryStore('main'), store] })
  for (const key of ['a', 'b', 'c']) await write(key, bytesOf(key, 100))
  const keyPrefix = store.fullKey('b')
  for (const operation of ['GetObject', 'HeadObject']) {
    await control.fault({ operation, keyPrefix, times: 100, action: REFUSED })
  }
  for (const mode of ['quick', 'deep'] as const) {
    const report = await sweep({ mode })
    expect(named(report)).toEqual(['unreadable west b'])
    expect(report.objects).toBe(3)
  }
})

test('who may not list unfinished uploads is told of it, and the sweep goes on', async () => {
  const { store, control } = await openFaulty()
  const { write, sweep } = openSweeping({ stores: [memoryStore('main'), store] })
  await write('a', bytesOf('a', 100))
  await control.fault({ operation: 'ListMultipartUploads', times: 100, action: REFUSED })
  const report = await sweep()
  expect(report).toMatchObject({ state: 'healthy', objects: 1 })
  expect(report.findings).toMatchObject([{ kind: 'unchecked', store: 'west', key: '' }])
})

test('a copy of a newer version than the primary holds is not called stale, nor mended', () => {
  const at = (second: number) => new Date(1_700_000_000_000 + second * 1000)
  const info = (etag: string, second: number, crc32c: string): ObjectInfo => {
    return { key: 'a', size: 3, etag, modified: at(second), metadata: {}, checksums: { crc32c } }
  }
  const originAt = (identity: string, second: number) => {
    return { store: 'main', identity, modified: at(second).getTime() }
  }
  const judged = (ofPrimary: number, ofCopy: number) => {
    const origin = originAt(`v${ofPrimary}`, ofPrimary)
    const claim = { origin: originAt(`v${ofCopy}`, ofCopy), size: 3, digest: undefined }
    const copy = { store: 'west', info: info('w', 100, 'BBBB'), claim }
    const primary = { store: 'main', info: info('m', ofPrimary, 'AAAA'), origin }
    return judge({ key: 'a', primary, followers: [{ copy, recorded: {}, wanted: true }] })
  }
  expect(judged(20, 10).findings).toMatchObject([{ kind: 'stale', store: 'west' }])
  expect(judged(10, 20).findings).toMatchObject([{ kind: 'differs', store: 'west' }])
  // The same version by its mark, and other bytes, while the primary's own provider vouches for its.
  expect(judged(10, 10).findings).toMatchObject([{ kind: 'corrupt', store: 'west' }])
})

test('a mark that says another size than the primary has tells that the primary was cut', () => {
  const modified = new Date(1_700_000_000_000)
  const info = { key: 'a', etag: 'e', modified, metadata: {}, checksums: {} }
  const origin = { store: 'main', identity: 'v1', modified: modified.getTime() }
  const claim = { origin, size: 5, digest: undefined }
  const primary = { store: 'main', info: { ...info, size: 3 }, origin }
  const copy = { store: 'west', info: { ...info, size: 5 }, claim }
  const { findings, proof } = judge({
    ...{ key: 'a', primary },
    followers: [{ copy, recorded: {}, wanted: true }],
  })
  expect(findings).toMatchObject([{ kind: 'corrupt', store: 'main', right: ['west'] }])
  // It is what the mark says by its size alone: nothing to mend the primary from.
  expect(proof).toEqual([])
})

test('copies that have not heard of a new version are no majority against it', async () => {
  const stores = ['main', 'west', 'east'].map(memoryStore)
  const { sweep, place } = openSweeping({ stores })
  place.copies!.settleSeconds = 60
  for (const store of stores) await store.put('a', 'old')
  await stores[0]!.put('a', 'new')
  expect(await sweep({ mode: 'deep' })).toMatchObject({ findings: [], pending: 1 })
  // And were it called wrong, it would not be overwritten: it is the newest.
  const late = { mode: 'deep', settleSeconds: 0, repair: 'automatic', repairPrimary: true } as const
  const report = await sweep(late)
  expect(named(report)).toEqual(['corrupt main a'])
  expect(report.repairs.items).toMatchObject([{ outcome: 'left' }])
  expect(new TextDecoder().decode(await bytesAt(stores[0]!, 'a'))).toBe('new')
})

test('an object that was overwritten counts as never read until it is read', async () => {
  const { write, sweep } = openSweeping()
  await write('a', 'one')
  await write('b', 'one')
  expect((await sweep({ mode: 'deep' })).coverage).toMatchObject({ inTime: 2, never: 0 })
  await write('a', 'two')
  expect((await sweep()).coverage).toMatchObject({ inTime: 1, never: 1, oldest: { key: 'a' } })
  expect((await sweep({ mode: 'deep' })).coverage).toMatchObject({ inTime: 2, never: 0 })
})

test('what lies in an archive is no fault, is counted, and is not called read', async () => {
  const stores = [
    openAs('main', await s3Store(servers, 'main')),
    openAs('west', await gcsStore(servers, 'west')),
  ]
  const { write, sweep, primary } = openSweeping({ stores })
  for (const key of ['a', 'b']) await write(key, bytesOf(key, 100))
  await primary.groups.classes.set('a', 'GLACIER')
  const report = await sweep({ mode: 'deep' })
  expect(report.findings).toEqual([])
  expect(report).toMatchObject({ archived: 1, state: 'healthy', objects: 2 })
})

test('where both lists tell a digest, the first quick sweep asks nothing else', async () => {
  const stores = [
    openAs('main', await gcsStore(servers, 'main')),
    openAs('west', await gcsStore(servers, 'west')),
    openAs('east', await s3Store(servers, 'east')),
  ]
  const [main, west, east] = stores
  const { sweep } = openSweeping({ stores: [main!, west!] })
  for (const store of stores) for (const key of ['a', 'b']) await store.put(key, bytesOf(key, 100))
  const report = await sweep()
  expect(report).toMatchObject({ requests: { head: 0, get: 0 }, same: { declared: 2 } })
  await west!.put('b', bytesOf('c', 100))
  expect(named(await sweep())).toEqual(['corrupt west b'])
  // S3's lists tell none.
  const other = openSweeping({ stores: [main!, east!] })
  expect((await other.sweep()).requests.head).toBeGreaterThan(0)
})

test('tags are compared where the bytes are read, and mended with their object', async () => {
  const stores = [
    openAs('main', await s3Store(servers, 'main')),
    openAs('west', await s3Store(servers, 'west')),
  ]
  const { write, sweep, replica } = openSweeping({ stores })
  await write('plain', bytesOf('plain', 100))
  await write('tagged', bytesOf('tagged', 100), { tags: { kind: 'invoice' } })
  const first = await sweep({ mode: 'deep' })
  // Of what has no tags nobody asks for any.
  expect(first).toMatchObject({ findings: [], requests: { get: 4 + 2 } })
  await replica.groups.tags.set('tagged', { kind: 'letter' })
  await replica.groups.tags.set('plain', { more: 'than there are' })
  expect(named(await sweep())).toEqual([])
  const ill = await sweep({ mode: 'deep' })
  expect(named(ill)).toEqual(['metadata west plain', 'metadata west tagged'])
  expect(ill.findings[0]!.reason).toContain('tags')
  const mended = await sweep({ mode: 'deep', repair: 'automatic' })
  expect(mended.repairs.counts).toMatchObject({ mended: 2, failed: 0 })
  expect(await replica.groups.tags.get('tagged')).toEqual({ kind: 'invoice' })
  expect(await replica.groups.tags.get('plain')).toEqual({})
  expect(named(await sweep({ mode: 'deep' }))).toEqual([])
})

test('a primary that keeps versions says of what a replica has too much that it was deleted there', async () => {
  const versioned = { name: 'main', row: 's3', versioning: 'Enabled' } as const
  const parameters = { region: 'us-east-1' }
  const main = openAs('main', await describeS3(servers, { ...versioned, parameters }))
  const { write, sweep, primary, replica } = openSweeping({ stores: [main, memoryStore('west')] })
  await write('a', 'deleted')
  await replica.put('b', 'never there')
  await primary.delete('a')
  const { findings } = await sweep()
  expect(findings.map(({ kind, key }) => [kind, key])).toEqual([
    ['extra', 'a'],
    ['extra', 'b'],
  ])
  expect(findings[0]!.reason).toContain('was deleted at main on')
  expect(findings[1]!.reason).toContain('nothing says that it was deleted')
})

test('an object in parts is held to the CRCs that its provider tells of these', async () => {
  const description = await s3Store(servers, 'main')
  const main = openAs('main', description)
  const bytes = bytesOf('parts', 200_000)
  await putComposite(main, 'a', [bytes.subarray(0, 70_000), bytes.subarray(70_000)])
  const west = openAs('west', await gcsStore(servers, 'west'))
  await west.put('a', bytes)
  const { sweep } = openSweeping({ stores: [main, west] })
  // Two looks and one for the parts: no byte is read.
  expect(await sweep()).toMatchObject({ same: { declared: 1 }, requests: { head: 3, get: 0 } })
  const alone = { mode: 'deep' as const, stores: [{ store: 'main' }] }
  expect(await sweep(alone)).toMatchObject({ findings: [], same: { attested: 1 } })
  const { url, bucket } = description.control!
  const body = JSON.stringify({ bucket, key: main.fullKey('a'), flipByteAt: 150_000 })
  await fetch(`${url}/__control/corrupt`, { method: 'POST', body })
  expect(named(await sweep(alone))).toEqual(['corrupt main a'])
})

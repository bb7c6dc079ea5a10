// One key at one replica, for every kind of store on either side: what is brought about, what is left alone,
// and what a replica's object has to be to count as Skein's own.

import { afterAll, describe, expect, inject, it } from 'vitest'
import { SOURCE_MARK } from '#shared/copy/mark.ts'
import type { Store } from '#shared/storage/store.ts'
import { describeStores } from '../uploads/stores.ts'
import { memoryStore, openAs } from '../workspaces/workspace-of.ts'
import type { CloudOptions } from './cloud.ts'
import { now, openCloud, textAt } from './cloud.ts'

const TIMEOUT = 30_000
const HOUR = 3_600_000

const { described, missing, ...opened } = await describeStores(inject('servers'))
afterAll(() => opened.close())

for (const { name, reason } of missing) it.skip(`copies at ${name} (${reason})`, () => undefined)
for (const description of described) {
  describe(`${description.name} as the replica`, { timeout: TIMEOUT }, () => {
    define(() => [memoryStore('main'), openAs('west', description)])
  })
  describe(`${description.name} as the primary`, { timeout: TIMEOUT }, () => {
    define(() => [openAs('main', description), memoryStore('west')])
  })
}

function define(stores: () => Store[]): void {
  const open = (options: CloudOptions = {}) => openCloud({ stores: stores(), ...options })

  it('a new object, an overwritten one, and nothing for what is there', async () => {
    const { replication, primary, replica, work } = open()
    const metadata = { colour: 'réd' }
    await primary.put('ordner/ü.txt', 'one', { contentType: 'text/plain', metadata })
    await replication.changed('ordner/ü.txt', { ...now(), size: 3 })
    await work()
    expect(await textAt(replica, 'ordner/ü.txt')).toBe('one')
    const first = await replica.head('ordner/ü.txt')
    expect(first).toMatchObject({ contentType: 'text/plain', metadata })
    // The same event again, and late.
    await replication.changed('ordner/ü.txt', { ...now(), size: 3 })
    await replication.changed('ordner/ü.txt', now())
    await work()
    expect((await replica.head('ordner/ü.txt')).etag).toBe(first.etag)
    await primary.put('ordner/ü.txt', 'two!')
    await replication.changed('ordner/ü.txt', now())
    await work()
    expect(await textAt(replica, 'ordner/ü.txt')).toBe('two!')
  })

  it('what somebody else put at the replica gives way, and is kept aside', async () => {
    const { replication, primary, replica, work } = open()
    await replica.put('a.txt', 'a stranger’s', { metadata: { whose: 'his' } })
    await primary.put('a.txt', 'the truth')
    await replication.changed('a.txt', now())
    await work()
    expect(await textAt(replica, 'a.txt')).toBe('the truth')
    const reserved = replica.reserved()
    const [kept, ...others] = (await reserved.list({ prefix: '.skein/conflict/' })).objects
    expect(others).toEqual([])
    expect(await textAt(reserved, kept!.key)).toBe('a stranger’s')
    expect((await reserved.head(kept!.key)).metadata).toMatchObject({ skein_key: 'a.txt' })
  })

  it('a mark that was made up, or carried along, is nobody’s', async () => {
    const { replication, primary, replica, work, ledger } = open()
    for (const key of ['a', 'b']) {
      await primary.put(key, 'first')
      await replication.changed(key, now())
    }
    await work()
    const carried = (await replica.head('a')).metadata[SOURCE_MARK]!
    const forged = `${carried.slice(0, -3)}abc`
    await replica.put('b', 'other', { metadata: { [SOURCE_MARK]: carried } })
    await replica.put('c', 'third', { metadata: { [SOURCE_MARK]: forged } })
    // Its own, on other bytes than it was made for.
    await replica.put('a', 'longer', { metadata: { [SOURCE_MARK]: carried } })
    await primary.delete(['a', 'b'])
    for (const key of ['a', 'b', 'c']) {
      await replication.changed(key, { ...now(), deleted: Date.now() + HOUR })
    }
    await work()
    expect(await textAt(replica, 'a')).toBe('longer')
    expect(await textAt(replica, 'b')).toBe('other')
    expect(await textAt(replica, 'c')).toBe('third')
    const { entries } = await ledger.list('replication/app/finding/')
    expect(entries).toHaveLength(3)
  })

  it('deletes what was deleted, looks again later, and then removes what a late copy brought back', async () => {
    const { replication, primary, replica, work, waiting } = open()
    await primary.put('a', 'one')
    await replication.changed('a', now())
    await work()
    const { metadata } = await replica.head('a')
    expect((await replication.remove('a', {})).stores).toMatchObject([
      { store: 'main', deleted: true },
      { store: 'west', deleted: true },
    ])
    await work()
    expect(await replica.find('a')).toBeUndefined()
    expect(waiting).toMatchObject([{ delaySeconds: 900, task: { key: 'a', again: true } }])
    // A copy that had begun before the deletion ends after it.
    await replica.put('a', 'one', { metadata })
    await work({ delayed: true })
    expect(await replica.find('a')).toBeUndefined()
    expect(waiting).toEqual([])
  })

  it('never deletes for bare absence, and tells of it', async () => {
    const { replication, primary, replica, work, failed } = open()
    await primary.put('a', 'one')
    await replication.changed('a', now())
    await work()
    const { version } = await primary.head('a')
    await primary.delete([version === undefined ? { key: 'a' } : { key: 'a', version }])
    await replication.changed('a', now())
    await work()
    expect(failed).toEqual([])
    expect(await textAt(replica, 'a')).toBe('one')
    const { problems } = await replication.status()
    expect(problems).toMatchObject([{ kind: 'bare-absence', store: 'west', key: 'a' }])
  })
}

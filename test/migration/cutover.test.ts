// When a workspace may be cut over, and what is told where it may not; what holds between the cutover and the end of
// the old store, and after the configuration says what is so.

import { expect, test, vi } from 'vitest'
import type { Job, ObjectDescription, ReplicationStatus } from '#shared/client/protocol.ts'
import type { House } from './house.ts'
import { PATIENCE, allTexts, finish, listed, moveTo, openHouse, planned } from './house.ts'
import { read, tell, upload } from './house.ts'

vi.setConfig({ testTimeout: 60_000 })

const MODES = { primary: 'west', replicas: ['main'], replication: { failover: { to: ['main'] } } }

async function modeOf({ ask }: House): Promise<string | undefined> {
  return (await ask<ReplicationStatus>('replication')).failover?.mode
}

async function remove({ ask }: House, key: string): Promise<void> {
  await ask(`object?key=${encodeURIComponent(key)}`, undefined, 'DELETE')
}

async function arrived(house: House, name: 'main' | 'west', texts: object): Promise<void> {
  await vi.waitFor(async () => expect(await allTexts(house.stores[name])).toEqual(texts), PATIENCE)
}

test('a workspace whose writes may not move is told what to write into its configuration', async () => {
  const house = await openHouse({}, {})
  await upload(house, 'a', 'a')
  const id = await moveTo(house, 'west')
  const { state, why } = await tell(house, id, 'cutover')
  expect(state).toBe('ready')
  expect(why).toContain('Not cut over: the configuration does not let the writes')
  expect(why).toContain('`replication: { failover: { to: [west] } }`')
})

test('nothing is cut over that is not verified', async () => {
  const house = await openHouse()
  await upload(house, 'a', 'a')
  const options = { from: { store: 'main' }, to: { store: 'west' } }
  const { id } = await house.ask<Job>('jobs', { kind: 'migrate', options })
  await house.rested(id)
  const { why } = await tell(house, id, 'cutover')
  expect(why).toBe(
    'Not cut over: nothing has been verified since the last copy; start another pass.',
  )
  expect((await house.ask<ReplicationStatus>('replication')).failover).toMatchObject({ epoch: 0 })
})

test('before the cutover there is nothing to bring back', async () => {
  const house = await openHouse()
  await upload(house, 'a', 'a')
  const id = await moveTo(house, 'west')
  const { state, why } = await tell(house, id, 'rollback')
  expect(state).toBe('ready')
  expect(why).toContain('Not rolled back: the writes of app go to main as before')
})

test('the old store drains until its last URL has ended, and is then left alone', async () => {
  const house = await openHouse()
  for (const key of ['a', 'b', 'c']) await upload(house, key, `${key} before`)
  const late = await planned(house, 'd', 'by an old URL')
  const id = await moveTo(house, 'west')
  const cut = await tell(house, id, 'cutover')
  expect(cut).toMatchObject({ state: 'ready' })
  const { lateUntil = 0 } = (await house.state()).behind['main'] ?? {}
  expect(cut.why).toContain(new Date(lateUntil).toISOString())
  // STATE_TERM, the longest that the workspace's upload URLs last, and the longest PUT.
  expect(lateUntil - Date.now()).toBeGreaterThan(6 * 3_600_000)
  expect((await tell(house, id, 'cleanup')).why).toContain('may write to main until')
  expect((await tell(house, id, 'cutover')).why).toContain('west takes the writes of app already')

  await upload(house, 'b', 'b after')
  await remove(house, 'c')
  await finish(house, late, 'by an old URL')
  const wanted = { a: 'a before', b: 'b after', d: 'by an old URL' }
  await arrived(house, 'west', wanted)
  await arrived(house, 'main', wanted)

  await house.letUrlsEnd()
  await house.schedule('watch')
  await vi.waitFor(async () => expect((await house.state()).behind).toEqual({}), PATIENCE)
  expect((await tell(house, id, 'cleanup')).why).toContain(
    '"main" is still a store of the workspace',
  )
})

test('with the new store as the primary in the configuration all is normal, and nothing is taken back', async () => {
  const before = await openHouse()
  for (const key of ['a', 'b', 'c']) await upload(before, key, `${key} before`)
  const id = await moveTo(before, 'west')
  await tell(before, id, 'cutover')
  await upload(before, 'b', 'b after')
  await before.letUrlsEnd()
  await before.schedule('watch')
  await vi.waitFor(async () => expect((await before.state()).behind).toEqual({}), PATIENCE)

  const house = await before.servedBy(MODES)
  expect(await modeOf(house)).toBe('normal')
  expect((await planned(house, 'x', 'x')).store).toBe('west')
  await house.schedule('watch')
  await upload(house, 'd', 'd')
  await remove(house, 'a')
  const wanted = { b: 'b after', c: 'c before', d: 'd' }
  await arrived(house, 'west', wanted)
  await arrived(house, 'main', wanted)
  expect(await listed(house)).toEqual(Object.keys(wanted))
  expect(await modeOf(house)).toBe('normal')
  const { problems } = await house.ask<ReplicationStatus>('replication')
  expect(problems).toEqual([])
})

test('the configuration may follow while the old store still drains', async () => {
  const before = await openHouse()
  await upload(before, 'a', 'a before')
  const late = await planned(before, 'late', 'by an old URL')
  const id = await moveTo(before, 'west')
  await tell(before, id, 'cutover')

  const house = await before.servedBy(MODES)
  expect(await modeOf(house)).toBe('draining')
  await house.stores.main.put('late', 'by an old URL')
  expect(late.store).toBe('main')
  expect(await read(house, 'late')).toBe('by an old URL')
  await house.letUrlsEnd()
  await house.schedule('watch')
  await vi.waitFor(async () => expect(await modeOf(house)).toBe('normal'), PATIENCE)
  await arrived(house, 'west', { a: 'a before', late: 'by an old URL' })
})

test('the way back loses nothing that was written since', async () => {
  const house = await openHouse()
  for (const key of ['a', 'b']) await upload(house, key, `${key} before`)
  const id = await moveTo(house, 'west')
  await tell(house, id, 'cutover')
  await upload(house, 'c', 'c after')
  await upload(house, 'a', 'a after')
  await remove(house, 'b')
  const late = await planned(house, 'd', 'by a URL of west')
  expect(late.store).toBe('west')
  const { state } = await tell(house, id, 'rollback')
  expect(state).toBe('done')
  expect(await house.state()).toMatchObject({ acting: 'main' })
  await finish(house, late, 'by a URL of west')
  expect(await read(house, 'd')).toBe('by a URL of west')
  const wanted = { a: 'a after', c: 'c after', d: 'by a URL of west' }
  await arrived(house, 'main', wanted)
  await arrived(house, 'west', wanted)
})

test('what the new truth lacks is read from the old store, and what was deleted is not', async () => {
  const house = await openHouse()
  await upload(house, 'moved', 'at both')
  await arrived(house, 'west', { moved: 'at both' })
  // Nobody tells of these, so that they lie at the old store alone when the truth moves.
  const { main } = house.stores
  for (const key of ['kept', 'gone', 'again']) await main.put(key, `${key} of main`)
  await main.put('folder/one', 'one')
  await house.ask('failover', { to: 'west' })
  expect(await read(house, 'kept')).toBe('kept of main')
  await remove(house, 'gone')
  await remove(house, 'again')
  await upload(house, 'again', 'again of west')
  expect(await read(house, 'gone')).toBeUndefined()
  expect(await read(house, 'again')).toBe('again of west')
  expect(await listed(house)).toEqual(['again', 'folder/one', 'kept', 'moved'])
  const { key, size } = await house.ask<ObjectDescription>('object?key=kept')
  expect({ key, size }).toEqual({ key: 'kept', size: 'kept of main'.length })
  await expect(house.ask('object?key=gone')).rejects.toMatchObject({ status: 404 })
  await house.ask('objects/copy', { from: 'kept', to: 'copied' })
  const wanted = {
    again: 'again of west',
    copied: 'kept of main',
    'folder/one': 'one',
    kept: 'kept of main',
    moved: 'at both',
  }
  await arrived(house, 'west', wanted)
  await arrived(house, 'main', wanted)
})

test('the old store is cleaned up once it has left the workspace, and what has changed since stays right', async () => {
  const before = await openHouse()
  for (const key of ['a', 'b', 'c']) await upload(before, key, `${key} before`)
  await tell(before, await moveTo(before, 'west'), 'cutover')
  await before.letUrlsEnd()
  await before.schedule('watch')
  await vi.waitFor(async () => expect((await before.state()).behind).toEqual({}), PATIENCE)

  const house = await before.servedBy({ primary: 'west', replicas: [], replication: {} })
  await upload(house, 'd', 'd of west')
  const options = { from: { store: 'main' }, to: { store: 'west' }, graceSeconds: 0 }
  const { id } = await house.ask<Job>('jobs', { kind: 'migrate', options })
  await house.rested(id)
  await tell(house, id, 'start')
  expect((await tell(house, id, 'cutover')).why).toContain("are not Skein's to switch")
  expect(await tell(house, id, 'cleanup')).toMatchObject({ state: 'done' })
  expect(await allTexts(house.stores.main)).toEqual({})
  const wanted = { a: 'a before', b: 'b before', c: 'c before', d: 'd of west' }
  expect(await allTexts(house.stores.west)).toEqual(wanted)
})

// What a move of a whole workspace is made of: keys carried on their own, comparisons that go on from where they were
// left, and what is brought over for somebody who waits; and a store that leaves the configuration.

import { expect, test } from 'vitest'
import type { Task } from '#shared/platform.ts'
import type { Cloud } from './cloud.ts'
import { openCloud, textAt } from './cloud.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

const DAY = 86_400_000
const MOVES = { failover: { to: ['west'] } }
const always = () => true

function open() {
  const [main, west, ledger] = ['main', 'west', 'ledger'].map((name) => memoryStore(name))
  const stores = [main!, west!]
  const cloud = openCloud({ stores, ledger: ledger!, rules: MOVES })
  return { ...cloud, main: main!, west: west!, ledgerStore: ledger! }
}

const modeOf = async ({ replication }: Cloud) => (await replication.status()).failover?.mode

test('a key is carried as replication carries it', async () => {
  const { replication, main, west } = open()
  const moving = await replication.moving()
  await main.put('a', 'first')
  expect(await moving.carry('west', 'a', always)).toMatchObject({ became: 'copied' })
  expect(await moving.carry('west', 'a', always)).toMatchObject({ became: 'same' })
  await main.put('a', 'second')
  expect(await moving.carry('west', 'a', always)).toMatchObject({ became: 'copied' })
  expect(await textAt(west, 'a')).toBe('second')
  await replication.remove('a', {})
  expect(await moving.carry('west', 'a', always)).toMatchObject({ became: 'absent' })
  await expect(moving.carry('main', 'a', always)).rejects.toMatchObject({ kind: 'precondition' })
})

test('without failover the truth stays where it is, and keys are carried all the same', async () => {
  const cloud = openCloud()
  const moving = await cloud.replication.moving()
  await cloud.primary.put('a', 'first')
  expect(await moving.carry('west', 'a', always)).toMatchObject({ became: 'copied' })
  expect(await moving.state()).toMatchObject({ epoch: 0, acting: 'main', behind: {} })
  expect(moving.objection('west')).toContain('replication: { failover: { to: [west] } }')
  expect(await moving.catchUp(always)).toEqual([])
})

test('a store that may take the writes has no objection, and the primary another', async () => {
  const moving = await open().replication.moving()
  expect(moving.objection('west')).toBeUndefined()
  expect(moving.objection('main')).toContain('skein failover app --back')
  expect(moving.objection('east')).toContain('failover: { to: [west, east] }')
})

test('what was given up, and how late the oldest change is, is told', async () => {
  const { replication, clock } = open()
  const moving = await replication.moving()
  expect(await moving.lag('west')).toEqual({ seconds: 0, setAside: 0 })
  const since = Date.now()
  const fields = { workspace: 'app', key: 'a', to: 'west', at: 'main', since }
  await replication.failed(fields, { attempt: 12, reason: 'west is full.', givenUp: true })
  clock.ahead = 90_000
  const { seconds, setAside } = await moving.lag('west')
  expect(setAside).toBe(1)
  expect(Math.round(seconds / 10)).toBe(9)
})

test('a comparison goes on from where it was left, and counts when it is through', async () => {
  const { replication, main, west, ledger, waiting, clock } = open()
  const moving = await replication.moving()
  for (let n = 0; n < 450; n++) await main.put(`key ${n}`, `text ${n}`)
  await replication.failOver({ to: 'west' }, 'tests')
  // What the schedule has begun dies, and is silent.
  waiting.splice(0)
  expect(await moving.catchUp(always)).toEqual([])
  clock.ahead = 600_000
  let [left, calls]: [readonly Task[], number] = [[], 0]
  do {
    let asked = 0
    left = await moving.catchUp(() => asked++ === 0, JSON.parse(JSON.stringify(left)) as Task[])
    calls += 1
  } while (left.length > 0)
  expect(calls).toBe(3)
  expect((await moving.state()).behind['main']?.comparedAt).toBeTypeOf('number')
  expect(await textAt(west, 'key 449')).toBe('text 449')
  expect(await ledger.read('replication/app/catch-up/main')).toBeUndefined()
})

test('what somebody waits for is brought over at once', async () => {
  const { replication, main, west, waiting } = open()
  const moving = await replication.moving()
  await main.put('a', 'at the old store')
  await main.put('b', 'older')
  await replication.failOver({ to: 'west' }, 'tests')
  waiting.splice(0)
  await west.put('b', 'newer')
  for (const key of ['a', 'b', 'nowhere']) await moving.bring(key)
  expect(await textAt(west, 'a')).toBe('at the old store')
  expect(await textAt(west, 'b')).toBe('newer')
  expect(await west.find('nowhere')).toBeUndefined()
})

test('a store that has left the configuration is waited for no longer than its last URL', async () => {
  const before = open()
  await before.replication.failOver({ to: 'west' }, 'tests')
  const [west, east] = [before.west, memoryStore('east')]
  const rules = { failover: { to: ['east'] } }
  const cloud = openCloud({ stores: [west, east], ledger: before.ledgerStore, rules })
  expect(await modeOf(cloud)).toBe('draining')
  await cloud.replication.watch()
  expect(await modeOf(cloud)).toBe('draining')
  cloud.clock.ahead = DAY
  await cloud.replication.watch()
  expect(await modeOf(cloud)).toBe('normal')
  const { failover } = await cloud.replication.status()
  expect(failover?.changes[0]).toMatchObject({ what: 'settled', from: 'main', to: 'west' })
})

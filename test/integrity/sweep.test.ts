// Sweeps of a workspace in memory: what is well costs lists alone, and what is wrong is called by its name.

import { expect, test } from 'vitest'
import { bytesOf, named, openSweeping } from './sweeping.ts'

test('a healthy workspace has no findings, and a second sweep asks nothing but lists', async () => {
  const { write, sweep } = openSweeping()
  for (let n = 0; n < 30; n++) await write(`k${n}`, bytesOf(`${n}`, 100 + n))
  const first = await sweep()
  expect(first).toMatchObject({ state: 'healthy', objects: 30, findings: [], pending: 0 })
  // Both lists tell a digest.
  expect(first.requests).toMatchObject({ head: 0, get: 0 })
  const second = await sweep()
  expect(second).toMatchObject({
    objects: 30,
    requests: { head: 0, get: 0 },
    says: '30 objects looked at, nothing wrong.',
  })
  expect(second.same.declared).toBe(30)
})

test('what happens to a replica is named', async () => {
  const { write, sweep, replica, primary } = openSweeping()
  for (const key of ['same', 'gone', 'other', 'drifts', 'left']) {
    await write(key, bytesOf(key, 200), { contentType: 'text/plain', metadata: { colour: 'red' } })
  }
  await sweep()
  await replica.delete('gone')
  const { metadata } = await replica.head('other')
  await replica.put('other', bytesOf('not it', 200), { metadata })
  const { metadata: mark } = await replica.head('drifts')
  await replica.put('drifts', bytesOf('drifts', 200), {
    metadata: { ...mark, colour: 'blue' },
    contentType: 'text/html',
  })
  await primary.delete('left')
  await replica.put('stranger', 'who?')
  const report = await sweep()
  expect(named(report)).toEqual([
    'corrupt west other',
    'extra west left',
    'extra west stranger',
    'metadata west drifts',
    'missing west gone',
  ])
  expect(report.state).toBe('degraded')
  expect(named(await sweep({ mode: 'deep' }))).toEqual(named(report))
})

test('an object that was overwritten at the primary is stale at the replica, until it is copied', async () => {
  const { write, sweep, primary, replication, work } = openSweeping()
  await write('a', 'one')
  await sweep()
  await primary.put('a', 'two')
  expect(named(await sweep())).toEqual(['stale west a'])
  await replication.changed('a', { since: Date.now() })
  await work()
  expect(named(await sweep())).toEqual([])
})

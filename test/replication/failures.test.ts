// What fails is tried again, told of, set aside and replayed; nothing else waits for it.

import { expect, test } from 'vitest'
import type { CompletedObject } from '#shared/client/protocol.ts'
import { runWithoutQueue } from '#shared/replication/without-queue.ts'
import { replicateFields } from '#shared/replication/task.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { now, openCloud, runTask, textAt } from './cloud.ts'
import { storeWith } from './faulty-store.ts'

/** A replica that refuses one key until it is told not to. */
function openRefusing() {
  const state = { refused: 'bad' as string | undefined }
  const west = storeWith('west', async (operation, key) => {
    if (operation === 'put' && key === state.refused) {
      throw new StorageError('denied', 'west does not take this.', { store: 'west', key })
    }
  })
  const main = storeWith('main', async () => undefined)
  return { state, ...openCloud({ stores: [main, west] }) }
}

const GIVEN_UP = { attempt: 12, reason: 'west does not take this.', givenUp: true }

async function giveUp(cloud: ReturnType<typeof openRefusing>): Promise<void> {
  for (const { task } of cloud.failed.splice(0)) {
    expect(await cloud.replication.failed(replicateFields.parse(task), GIVEN_UP)).toBe(true)
  }
}

test('one bad object holds up no other', async () => {
  const cloud = openRefusing()
  for (const key of ['bad', ...Array.from({ length: 50 }, (_, i) => `good${i}`)]) {
    await cloud.primary.put(key, 'one')
    await cloud.replication.changed(key, now())
  }
  await cloud.work()
  expect(cloud.failed).toHaveLength(1)
  expect((await cloud.replica.list()).objects).toHaveLength(50)
})

test('what was given up is shown, counts as lag, and is replayed', async () => {
  const cloud = openRefusing()
  await cloud.primary.put('bad', 'one')
  await cloud.replication.changed('bad', { since: Date.now() - 60_000 })
  await cloud.work()
  await giveUp(cloud)
  const shown = await cloud.replication.status()
  expect(shown.problems).toMatchObject([
    { kind: 'set-aside', store: 'west', key: 'bad', attempts: 12, reason: GIVEN_UP.reason },
  ])
  expect(shown.replicas[0]).toMatchObject({ setAside: 1, late: 0 })
  expect(shown.replicas[0]!.lagSeconds).toBeGreaterThanOrEqual(60)
  // Replayed in vain, then with the cause gone.
  expect(await cloud.replication.replay({ store: 'west' })).toMatchObject({ replayed: 1 })
  expect((await cloud.replication.status()).replicas[0]).toMatchObject({ setAside: 0, late: 1 })
  await cloud.work()
  await giveUp(cloud)
  cloud.state.refused = undefined
  expect(await cloud.replication.replay({ key: 'another' })).toMatchObject({ replayed: 0 })
  expect(await cloud.replication.replay({ key: 'bad' })).toMatchObject({ replayed: 1 })
  await cloud.work()
  expect(await textAt(cloud.replica, 'bad')).toBe('one')
  expect(await cloud.replication.status()).toMatchObject({
    problems: [],
    replicas: [{ lagSeconds: 0, late: 0, setAside: 0 }],
  })
})

test('a change is late from its second failure on, until it succeeds', async () => {
  const cloud = openRefusing()
  await cloud.primary.put('bad', 'one')
  await cloud.replication.changed('bad', now())
  const [waiting] = cloud.waiting.splice(0)
  const { task } = waiting!
  const fields = replicateFields.parse(task)
  const failure = { reason: 'a test', givenUp: false }
  expect(await cloud.replication.failed(fields, { ...failure, attempt: 1 })).toBe(false)
  expect((await cloud.replication.status()).problems).toEqual([])
  expect(await cloud.replication.failed(fields, { ...failure, attempt: 2 })).toBe(false)
  expect((await cloud.replication.status()).problems).toMatchObject([{ kind: 'late', attempts: 2 }])
  cloud.state.refused = undefined
  await runTask(cloud.replication, task, 3)
  expect((await cloud.replication.status()).problems).toEqual([])
})

function completed(key: string): CompletedObject {
  const completedAt = new Date().toISOString()
  return { key, store: 'main', size: 3, etag: 'e', completedAt }
}

test('a completion is not answered before its tasks are kept, and who asks again gets them', async () => {
  const cloud = openRefusing()
  await cloud.replication.accepted(completed('a'))
  await cloud.replication.settled(completed('a'))
  expect(cloud.waiting).toHaveLength(1)
  // Another process, or a client that comes back: nobody here knows of the first time.
  await cloud.replication.settled(completed('a'))
  expect(cloud.waiting).toHaveLength(2)
})

test('who waits for copies is told when there are too few, and the next replica stands in', async () => {
  const refuse = async (operation: string) => {
    if (operation === 'put') throw new StorageError('unavailable', 'west is down.')
  }
  const main = storeWith('main', async () => undefined)
  const stores = [main, storeWith('west', refuse), storeWith('east', async () => undefined)]
  await main.put('a', 'one')
  const one = openCloud({ stores, rules: { mode: 'sync', waitFor: 1 } })
  await one.replication.settled(completed('a'))
  expect(await textAt(stores[2]!, 'a')).toBe('one')
  const both = openCloud({ stores, rules: { mode: 'sync', waitFor: 2 } })
  await expect(both.replication.settled(completed('a'))).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringContaining('1 of the 2') as string,
  })
})

test('without a queue the process that saw a change carries it out, and notes what fails', async () => {
  const cloud = openRefusing()
  const work: Promise<unknown>[] = []
  const send = runWithoutQueue(cloud.replication, { waitUntil: (one) => void work.push(one) })
  for (const key of ['good', 'bad']) {
    await cloud.primary.put(key, 'one')
    await cloud.replication.changed(key, now())
  }
  await cloud.replication.resync({ prefix: 'bad' })
  await send(cloud.waiting.splice(0).map(({ task }) => task))
  await Promise.all(work)
  expect(await textAt(cloud.replica, 'good')).toBe('one')
  expect((await cloud.replication.status()).problems).toMatchObject([
    { kind: 'set-aside', key: 'bad' },
  ])
})

test('in manual mode nothing is copied but by a resync', async () => {
  const cloud = openCloud({ rules: { mode: 'manual' } })
  await cloud.primary.put('a', 'one')
  await cloud.replication.accepted(completed('a'))
  await cloud.replication.settled(completed('a'))
  await cloud.replication.changed('a', now())
  expect(await cloud.replication.watch()).toEqual([])
  expect(cloud.waiting).toEqual([])
  await cloud.replication.resync({})
  await cloud.work()
  expect(await textAt(cloud.replica, 'a')).toBe('one')
})

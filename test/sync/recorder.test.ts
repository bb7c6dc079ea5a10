// What a run finds out is kept in order, whenever it comes to be known; nothing is written of what stood before.

import { expect, test, vi } from 'vitest'
import { joinOrder } from '#shared/compare/listing.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { openPairRecords } from '#shared/compare/pair-records.ts'
import type { RecorderOptions } from '#shared/sync/recorder.ts'
import { createRecorder } from '#shared/sync/recorder.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'

const { compare, ...order } = joinOrder([])

function named(key: string, size = 1): PairRecord {
  return { key, size, from: { etag: 'f' }, to: { etag: 't' }, grade: 'declared' }
}

function open(options: RecorderOptions = {}) {
  const store = memoryStore('kept')
  let written = 0
  store.observe = ({ operation }) => void (written += Number(operation === 'put'))
  const records = openPairRecords(store, 'a~b', { compare, ...order })
  const problems: unknown[] = []
  const recorder = () => createRecorder(records, compare, (one) => problems.push(one), options)
  const read = async () => {
    const all: string[] = []
    for await (const some of records.read()) all.push(...some.map(({ key, size }) => key + size))
    return all
  }
  return { recorder, read, problems, written: () => written }
}

test('outcomes in any sequence are kept in that of the keys', async () => {
  const { recorder, read } = open()
  const [a, b] = [Promise.withResolvers<PairRecord>(), Promise.withResolvers<undefined>()]
  const one = recorder()
  one.add('a', undefined, a.promise)
  one.add('b', undefined, b.promise)
  one.add('c', undefined, named('c'))
  b.resolve(undefined)
  a.resolve(named('a'))
  await one.end(true)
  expect(await read()).toEqual(['a1', 'c1'])
})

test('one that takes long does not hold up the others, and is put in its place', async () => {
  const { recorder, read } = open({ maxWaiting: 3 })
  const slow = Promise.withResolvers<PairRecord>()
  const one = recorder()
  one.add('b', undefined, slow.promise)
  for (const key of ['c', 'd', 'e', 'f', 'g', 'h']) {
    one.add(key, undefined, named(key))
    await one.room()
  }
  slow.resolve(named('b'))
  await one.end(true)
  expect(await read()).toEqual(['b1', 'c1', 'd1', 'e1', 'f1', 'g1', 'h1'])
})

test('nothing is written as long as all is as it was, and what follows a change is', async () => {
  const { recorder, read, written } = open()
  const known = ['a', 'b', 'c'].map((key) => named(key))
  const first = recorder()
  for (const record of known) first.add(record.key, undefined, record)
  await first.end(true)
  const before = written()
  const same = recorder()
  for (const record of known) same.add(record.key, record, record)
  await same.end(true)
  expect(written()).toBe(before)
  const changed = recorder()
  for (const record of known) {
    changed.add(record.key, record, record.key === 'b' ? named('b', 2) : record)
  }
  await changed.end(true)
  expect(await read()).toEqual(['a1', 'b2', 'c1'])
})

test('a run that is killed has lost a minute at most', async () => {
  let now = 0
  const { recorder, read } = open({ now: () => now })
  const killed = recorder()
  now = 60_000
  killed.add('a', undefined, named('a'))
  killed.add('b', undefined, new Promise(() => undefined))
  await vi.waitFor(async () => expect(await read()).toEqual(['a1']))
})

test('a run that was broken off keeps what it had, and leaves the rest as it was', async () => {
  const { recorder, read } = open()
  const first = recorder()
  for (const key of ['a', 'b', 'c']) first.add(key, undefined, named(key))
  await first.end(true)
  const broken = recorder()
  broken.add('a', named('a'), named('a', 2))
  broken.add('b', named('b'), undefined)
  await broken.end(false)
  expect(await read()).toEqual(['a2', 'c1'])
})

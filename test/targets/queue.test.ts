// The embedded queue, its worker and the schedules of the local process.

import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Message, Outcome } from '#shared/jobs/queue.ts'
import { openDatabase } from '../../functions/node/database.ts'
import { TERM_SECONDS, openQueue } from '../../functions/node/queue.ts'
import { startSchedules } from '../../functions/node/schedules.ts'
import { startWorker } from '../../functions/node/worker.ts'
import { scratchFolder } from './built.ts'

async function openHere(path?: string) {
  const file = path ?? join(await scratchFolder(), 'state', 'queue.sqlite')
  const database = openDatabase(file)
  onTestFinished(() => void (database.isOpen && database.close()))
  const clock = { now: 1_000_000 }
  const queue = await openQueue(database, () => clock.now)
  return { file, database, clock, queue }
}

const task = (name: string) => ({ v: 1, kind: 'test', name }) as const
const names = (messages: readonly Message[]): string[] =>
  messages.map(({ body }) => (JSON.parse(body) as { name: string }).name)

const DONE: Outcome = { result: 'done' }

test('gives tasks oldest first, each to one taker, until they are done', async () => {
  const { queue } = await openHere()
  await queue.send([task('a'), task('b'), task('c')])
  const first = queue.receive(2)
  expect([names(first), first.map(({ attempt }) => attempt)]).toEqual([
    ['a', 'b'],
    [1, 1],
  ])
  const second = queue.receive(9)
  expect(names(second)).toEqual(['c'])
  for (const message of [...first, ...second]) queue.settle(message, DONE)
  expect([queue.receive(9), queue.nextAt()]).toEqual([[], undefined])
})

test('a delay is kept, and so is the one of a retry', async () => {
  const { queue, clock } = await openHere()
  await queue.send([task('later')], { delaySeconds: 60 })
  expect([queue.receive(9), queue.nextAt()]).toEqual([[], clock.now + 60_000])
  clock.now += 60_000
  const [message] = queue.receive(9)
  queue.settle(message!, { result: 'retry', afterSeconds: 30, reason: 'not yet' })
  expect(queue.receive(9)).toEqual([])
  clock.now += 30_000
  expect(queue.receive(9)).toMatchObject([{ attempt: 2 }])
})

test('what is set aside is kept with its reason, and comes no more', async () => {
  const { queue, clock } = await openHere()
  await queue.send([task('bad')])
  const [message] = queue.receive(1)
  queue.settle(message!, { result: 'set-aside', reason: 'Never.' })
  expect(queue.setAside()).toEqual([
    { body: JSON.stringify(task('bad')), attempts: 1, reason: 'Never.', at: clock.now },
  ])
  expect(queue.nextAt()).toBeUndefined()
})

test('one in hand comes again after its term, and whoever had it has no say any more', async () => {
  const { queue, clock } = await openHere()
  await queue.send([task('slow')])
  const [slow] = queue.receive(1)
  clock.now += TERM_SECONDS * 1000 - 1
  queue.prolong([slow!])
  clock.now += TERM_SECONDS * 1000 - 1
  expect(queue.receive(1)).toEqual([])
  clock.now += 1
  const [again] = queue.receive(1)
  expect(again).toMatchObject({ id: slow!.id, attempt: 2 })
  queue.settle(slow!, DONE)
  queue.prolong([slow!])
  queue.settle(again!, { result: 'retry', afterSeconds: 0, reason: '' })
  expect(queue.receive(1)).toMatchObject([{ attempt: 3 }])
})

test('opening it takes nothing from a process that lives', async () => {
  const { queue, file } = await openHere()
  await queue.send([task('mine')])
  expect(queue.receive(1)).toHaveLength(1)
  const beside = await openHere(file)
  expect(beside.queue.receive(1)).toEqual([])
})

test('a worker does what comes, a few at a time, and finishes what it has in hand', async () => {
  const { database } = await openHere()
  const queue = await openQueue(database)
  const begun: string[] = []
  const waiting: PromiseWithResolvers<Outcome[]>[] = []
  const fourBegun = Promise.withResolvers<void>()
  const worker = startWorker(
    queue,
    ([message]) => {
      begun.push(...names([message!]))
      if (begun.length === 4) fourBegun.resolve()
      const settled = Promise.withResolvers<Outcome[]>()
      waiting.push(settled)
      return settled.promise
    },
    (line) => expect.unreachable(line),
  )
  await queue.send(['a', 'b', 'c', 'd', 'e'].map(task))
  await fourBegun.promise
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  const stopped = worker.stop()
  for (const one of waiting) one.resolve([DONE])
  await stopped
  expect(begun).toHaveLength(4)
  expect(names(queue.receive(9))).toEqual(['e'])
})

test('a schedule runs when it is due, and a restart does not begin its interval anew', async () => {
  const { database } = await openHere()
  const never = () => expect.unreachable('It is not due.')
  const intervals = { sweep: { everySeconds: 3600 } }
  await startSchedules(database, intervals, never, never).stop()
  const due = () => Number(database.prepare('SELECT next_at FROM schedules').get()?.['next_at'])
  const first = due()
  await startSchedules(database, intervals, never, never).stop()
  expect(due()).toBe(first)

  database.exec('UPDATE schedules SET next_at = 1')
  const ran = Promise.withResolvers<string>()
  const logged: string[] = []
  const schedules = startSchedules(
    database,
    intervals,
    async (name) => {
      ran.resolve(name)
      throw new Error('It went wrong.')
    },
    (line) => logged.push(line),
  )
  expect(await ran.promise).toBe('sweep')
  await schedules.stop()
  expect(logged).toEqual([expect.stringContaining('It went wrong.')])
  expect(due()).toBeGreaterThan(first - 1)
})

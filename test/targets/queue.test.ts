// The embedded queue, its worker and the schedules of the local process.

import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Message, Outcome } from '#shared/jobs/queue.ts'
import { openDatabase } from '../../functions/node/database.ts'
import { MAX_RECEIVED, TERM_SECONDS, openQueue } from '../../functions/node/queue.ts'
import { startSchedules } from '../../functions/node/schedules.ts'
import { LONGEST_STEP_MILLISECONDS, startWorker } from '../../functions/node/worker.ts'
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

test('what ends the process each time is set aside in the end', async () => {
  const { queue, clock } = await openHere()
  await queue.send([task('deadly'), task('harmless')])
  for (let attempt = 1; attempt <= MAX_RECEIVED; attempt++) {
    const received = queue.receive(9)
    expect(received[0]).toMatchObject({ attempt, body: JSON.stringify(task('deadly')) })
    for (const other of received.slice(1)) queue.settle(other, DONE)
    clock.now += TERM_SECONDS * 1000
  }
  expect(queue.receive(9)).toEqual([])
  expect(queue.setAside()).toMatchObject([
    {
      attempts: MAX_RECEIVED + 1,
      reason: expect.stringContaining('never came to an end') as string,
    },
  ])
  expect(queue.nextAt()).toBeUndefined()
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

test('tasks that never end hold up the others for a while, and not for good', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { database } = await openHere()
  const queue = await openQueue(database)
  const seen: string[] = []
  const logged: string[] = []
  const consume = async (messages: readonly Message[]): Promise<Outcome[]> => {
    seen.push(...names(messages))
    return names(messages).includes('good') ? [DONE] : new Promise(() => {})
  }
  const worker = startWorker(queue, consume, (line) => logged.push(line))
  await queue.send(['bad', 'bad', 'bad', 'bad', 'good'].map(task))
  await vi.advanceTimersByTimeAsync(LONGEST_STEP_MILLISECONDS - 1)
  expect(seen).toEqual(['bad', 'bad', 'bad', 'bad'])
  await vi.advanceTimersByTimeAsync(1)
  expect(seen).toContain('good')
  expect(logged).toHaveLength(4)
  expect(logged[0]).toContain('15 minutes')
  // They are free again when their term ends, as if their process had died.
  await vi.advanceTimersByTimeAsync(TERM_SECONDS * 1000 + 2_000)
  expect(seen.filter((name) => name === 'bad')).toHaveLength(8)
  const stopped = worker.stop()
  await vi.advanceTimersByTimeAsync(LONGEST_STEP_MILLISECONDS)
  await stopped
})

test('a worker outlives a database that is busy for too long', async () => {
  const { database } = await openHere()
  const queue = await openQueue(database)
  const failures = [new Error('database is locked'), new Error('disk is full')]
  const receive = (limit: number): Message[] => {
    const failure = failures.pop()
    if (failure) throw failure
    return queue.receive(limit)
  }
  const logged: string[] = []
  const done = Promise.withResolvers<Message>()
  const consume = async ([message]: readonly Message[]): Promise<Outcome[]> => {
    done.resolve(message!)
    return [DONE]
  }
  const worker = startWorker({ ...queue, receive }, consume, (line) => logged.push(line))
  await queue.send([task('a')])
  expect(names([await done.promise])).toEqual(['a'])
  await worker.stop()
  expect(logged).toEqual([
    expect.stringContaining('disk is full'),
    expect.stringContaining('database is locked'),
  ])
  expect(queue.nextAt()).toBeUndefined()
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

// Jobs over a ledger: whatever is doubled, lost or killed between two steps, every part comes to its end once.

import { expect, test } from 'vitest'
import { createEngine } from '#shared/jobs/engine.ts'
import type { Engine } from '#shared/jobs/engine.ts'
import { createHere } from '#shared/jobs/here.ts'
import type { JobKind } from '#shared/jobs/job.ts'
import { jobFields, names } from '#shared/jobs/job.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { readNotes } from '#shared/jobs/part.ts'
import type { Task } from '#shared/platform.ts'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { openStore } from '#shared/storage/open.ts'
import { randomFrom } from '../seeds.ts'

interface Counting {
  parts: number
  upTo: number
}

/** Counts each part up to a number, three at a step, and then counts all of it again. */
function countKind(hooks: { step?: () => Promise<void> } = {}): JobKind {
  const kind: JobKind<Counting, number, number> = {
    name: 'count',
    input: z.strictObject({ parts: z.int(), upTo: z.int() }),
    commands: ['recount', 'rollback'],
    async next({ input }, ended, command) {
      const parts = Array.from({ length: input.parts }, (_, n) => n)
      if (command === 'recount') return { phase: 'again', parts }
      if (command === 'rollback') return { phase: 'back', parts: parts.slice(0, 1) }
      if (!ended) return { phase: 'first', parts }
      if (ended.name === 'first') return { ready: 'It can be counted again.', result: ended.tally }
      return { done: true, result: ended.tally }
    },
    async step({ input }, { cursor = 0, ...part }) {
      await hooks.step?.()
      const to = Math.min(cursor + 3, input.upTo)
      for (let n = cursor; n < to; n++) part.note('counted', n)
      const tally = { counted: to - cursor }
      return to < input.upTo ? { cursor: to, tally } : { tally }
    },
  }
  return kind
}

let ledgers = 0

function setUp(kind: JobKind) {
  let time = Date.UTC(2026, 10, 21)
  const ledger = createLedger(
    openStore(`memory:jobs-${++ledgers}`, { env: {}, fileSystem: false, now: () => time }),
  )
  const sent: Task[] = []
  const engine = createEngine({
    ...{ workspace: 'w', ledger, kinds: [kind.name], now: () => time },
    kind: async (name) => (name === kind.name ? kind : undefined),
    send: async (tasks) => void sent.push(...tasks),
  })
  return { engine, ledger, sent, pass: (seconds: number) => (time += seconds * 1000) }
}

async function list(ledger: ReturnType<typeof setUp>['ledger'], id: string): Promise<number[]> {
  const found: number[] = []
  for await (const n of readNotes<number>(ledger, id, 'counted')) found.push(n)
  return found
}

async function drain(engine: Engine, sent: Task[]): Promise<void> {
  for (let task = sent.shift(); task; task = sent.shift()) {
    sent.push(...(await engine.step(jobFields.parse(task), 1)))
  }
}

test('a job goes through its phases, rests, and takes commands', async () => {
  const { engine, ledger, sent } = setUp(countKind())
  const { id } = await engine.start('count', { parts: 4, upTo: 8 }, 'ada')
  await drain(engine, sent)
  expect(await engine.view(id)).toMatchObject({
    ...{ state: 'ready', why: 'It can be counted again.', by: 'ada', tally: { counted: 32 } },
    ...{ result: { counted: 32 }, progress: { phase: 'first', ended: 4, parts: 4 } },
  })
  expect(await list(ledger, id)).toHaveLength(32)
  await engine.command(id, 'recount')
  await drain(engine, sent)
  expect(await engine.view(id)).toMatchObject({ state: 'done', tally: { counted: 64 } })
  await expect(engine.resume(id)).rejects.toThrow('is done; begin another')
})

test('a paused job takes no step until it is resumed', async () => {
  const { engine, sent } = setUp(countKind())
  const { id } = await engine.start('count', { parts: 2, upTo: 9 })
  sent.push(...(await engine.step(jobFields.parse(sent.shift()), 1)))
  await engine.pause(id, 'Lunch.')
  await drain(engine, sent)
  expect(await engine.view(id)).toMatchObject({
    ...{ state: 'paused', why: 'Lunch.', tally: { counted: 3 } },
  })
  await engine.resume(id)
  await drain(engine, sent)
  expect(await engine.view(id)).toMatchObject({ state: 'ready', tally: { counted: 18 } })
})

test('what fails for good pauses the job with the reason, and a command can turn it back from there', async () => {
  let broken = true
  const failing = countKind({
    async step() {
      if (broken) throw new StorageError('denied', 'The store photos refuses to be written.')
    },
  })
  const { engine } = setUp(failing)
  const here = createHere()
  const own = createEngine({ ...setUpOptions(failing), send: (...tasks) => here.send(...tasks) })
  const { id } = await own.start('count', { parts: 2, upTo: 9 })
  await here.run(own, { atOnce: 2 })
  expect(await own.view(id)).toMatchObject({
    ...{ state: 'paused', why: 'The store photos refuses to be written.' },
  })
  broken = false
  await own.command(id, 'rollback')
  await here.run(own, { atOnce: 2 })
  expect(await own.view(id)).toMatchObject({ state: 'done', tally: { counted: 9 } })
  await expect(engine.view('none')).rejects.toThrow('There is no job "none"')
})

function setUpOptions(kind: JobKind) {
  return {
    ...{ workspace: 'w', kinds: [kind.name], now: Date.now },
    ledger: createLedger(openStore('memory:other', { env: {}, fileSystem: false, now: Date.now })),
    kind: async () => kind,
  }
}

test('a command is not answered by the phase that a dead process had made ready for another', async () => {
  const { engine, ledger, sent } = setUp(countKind())
  const { id } = await engine.start('count', { parts: 1, upTo: 3 })
  await drain(engine, sent)
  await ledger.write(names.plan(id, 1), { next: { phase: 'another', parts: [0] } })
  await engine.command(id, 'recount')
  await drain(engine, sent)
  const { state, phases } = await engine.view(id)
  expect({ state, phases: phases.map(({ name }) => name) }).toEqual({
    ...{ state: 'done', phases: ['first', 'again'] },
  })
})

test('a job that is cancelled while its next phase is made stays cancelled', async () => {
  const kind = countKind()
  const { engine, sent } = setUp({
    ...kind,
    async next(job, ended, command) {
      if (ended) await engine.cancel(job.id)
      return kind.next(job, ended, command)
    },
  })
  const { id } = await engine.start('count', { parts: 1, upTo: 3 })
  await drain(engine, sent)
  expect(await engine.view(id)).toMatchObject({ state: 'cancelled' })
})

test('what cannot begin is told to whoever asks, and not left as if it were under way', async () => {
  const kind = countKind()
  const refuses: JobKind = {
    ...kind,
    async next(job, ended, command) {
      if (command === 'recount' || (job.input as Counting).parts === 13) {
        throw new StorageError('invalid', 'That cannot be counted.')
      }
      return kind.next(job, ended, command)
    },
  }
  const { engine, sent } = setUp(refuses)
  await expect(engine.start('count', { parts: 13, upTo: 1 })).rejects.toThrow('cannot be counted')
  expect(await engine.list()).toMatchObject([
    { state: 'cancelled', why: 'That cannot be counted.' },
  ])
  expect(await engine.watch()).toEqual([])
  const { id } = await engine.start('count', { parts: 1, upTo: 1 })
  await engine.step(jobFields.parse(sent[0]), 1)
  await expect(engine.command(id, 'recount')).rejects.toThrow('cannot be counted')
  expect(await engine.view(id)).toMatchObject({ state: 'paused', why: 'That cannot be counted.' })
})

test('input that is not the kind’s own is refused by name', async () => {
  const { engine } = setUp(countKind())
  await expect(engine.start('count', { parts: 'x', upTo: 1 })).rejects.toThrow(
    'A job "count" cannot begin so: look at "parts".',
  )
  await expect(engine.start('sing', {})).rejects.toThrow('There are no jobs "sing", only count.')
})

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
  test(`doubled and lost messages and dying steps count everything once: seed ${seed}`, async () => {
    const random = randomFrom(seed)
    const dying = countKind({
      async step() {
        if (random() < 0.15) throw new Error('killed')
      },
    })
    const { engine, ledger, sent, pass } = setUp(dying)
    const { id } = await engine.start('count', { parts: 5, upTo: 20 })
    for (let round = 0; round < 2000 && (await engine.view(id)).state === 'running'; round++) {
      if (sent.length === 0) {
        pass(3600)
        sent.push(...(await engine.watch()))
      }
      const [task] = sent.splice(Math.floor(random() * sent.length), 1)
      if (!task || random() < 0.1) continue
      if (random() < 0.2) sent.push(task)
      const following = await engine.step(jobFields.parse(task), 1).catch(() => [])
      if (random() < 0.9) sent.push(...following)
    }
    expect(await engine.view(id)).toMatchObject({ state: 'ready', tally: { counted: 100 } })
    expect(await list(ledger, id)).toHaveLength(100)
  })
}

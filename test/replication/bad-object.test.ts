// One bad object among a thousand, through the queue's door and over sockets: the other 999 are where they should
// be as soon as they are without it, batch for batch, and do not wait for one that hangs.

import { expect, inject, test } from 'vitest'
import type { Skein } from '#shared/app.ts'
import { createSkein } from '#shared/app.ts'
import { readConfig } from '#shared/config/config.ts'
import { openConfigured } from '#shared/config/open-configured.ts'
import type { ConfigText } from '#shared/config/schema.ts'
import { replicateTask } from '#shared/replication/task.ts'
import type { Store } from '#shared/storage/store.ts'
import { describeS3 } from '../harness/descriptions.ts'
import type { Held } from '../servers/sqs/queue.ts'
import { Queue } from '../servers/sqs/queue.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createControl } from '../suites/storage/control.ts'
import { arrives } from './arrives.ts'

const BATCH = 10
/** Near the front, so that nearly all others come after it. */
const BAD = 'object-003'
const REFUSED = { operation: 'PutObject', keyPrefix: `copies/${BAD}`, times: 100 }

const SECRET = 'a secret of at least thirty-two characters'

/** A store with so many objects, another that may refuse one of them, and a task for each on the queue. */
async function open(objects: number) {
  const keys = Array.from({ length: objects }, (_, i) => `object-${String(i).padStart(3, '0')}`)
  const { control, ...west } = await describeS3(inject('servers'), { name: 'west' })
  const config = {
    stores: {
      main: entryOf(await describeS3(inject('servers'), { name: 'main' })),
      west: { ...entryOf(west), retry: { attempts: 1 }, timeouts: { request: '20s' } },
    },
    workspaces: { app: { primary: 'main', replicas: ['west'] } },
    secrets: [SECRET],
  } as ConfigText
  /** Of the queue's: however long this takes, nothing comes again before it is told to. */
  const clock = { at: Date.now() }
  const queue = new Queue({ visibilitySeconds: 900, now: () => clock.at })
  const platform = {
    ...{ env: {}, fileSystem: false, now: Date.now },
    queue: { send: async () => undefined },
  }
  const read = readConfig(config, 'of this test', platform)
  const main = openConfigured(read, 'main', platform)
  await Promise.all(keys.map((key) => main.put(key, key)))
  for (const key of keys) {
    const task = { workspace: 'app', key, to: 'west', since: Date.now(), size: key.length }
    queue.send(JSON.stringify(replicateTask(task)))
  }
  const faults = createControl(control, fetch)
  const others = keys.filter((key) => key !== BAD)
  return {
    skein: createSkein(read, platform),
    queue,
    clock,
    west: openConfigured(read, 'west', platform),
    faults,
    others,
  }
}

function entryOf({ uri, options }: StoreDescription) {
  return { uri: uri.replaceAll('{place}', 'copies'), ...options?.credentials }
}

/** One batch, as a function is handed it; gives the keys that are done with. */
async function consume(skein: Skein, queue: Queue, batch: readonly Held[]): Promise<string[]> {
  const outcomes = await skein.consume(
    batch.map(({ id, body, receiveCount }) => ({ id, body, attempt: receiveCount })),
  )
  const done: string[] = []
  for (const [i, { receipt = '', body }] of batch.entries()) {
    const outcome = outcomes[i]!
    if (outcome.result === 'retry') queue.postpone(receipt, outcome.afterSeconds)
    else {
      queue.delete(receipt)
      done.push((JSON.parse(body) as { key: string }).key)
    }
  }
  return done
}

/** What is done with after each batch, until nothing is left that is not put off. */
async function consumeAll(skein: Skein, queue: Queue): Promise<string[][]> {
  const batches: string[][] = []
  for (let batch = queue.receive(BATCH); batch.length > 0; batch = queue.receive(BATCH)) {
    batches.push((await consume(skein, queue, batch)).filter((key) => key !== BAD))
  }
  return batches
}

async function keysAt(store: Store): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.listAll()) keys.push(key)
  return keys.toSorted()
}

test(
  'one that is refused delays no other by as much as a batch',
  { timeout: 180_000 },
  async () => {
    const ill = await open(1000)
    await ill.faults.fault({ ...REFUSED, action: { status: 503 } })
    const batches = await consumeAll(ill.skein, ill.queue)
    // Each with the batch that it was handed over in: nobody was put off.
    const numbers = batches.map((batch) => batch.map((key) => Number(key.slice(-3))))
    expect(numbers.map((batch) => batch.map((n) => Math.floor(n / BATCH)))).toEqual(
      Array.from({ length: 100 }, (_, i) => Array.from({ length: i === 0 ? 9 : BATCH }, () => i)),
    )
    expect(await keysAt(ill.west)).toEqual(ill.others)
    // It comes again when the others are done, at growing distances, and is the only one that does.
    ill.clock.at += 5000
    const [again] = ill.queue.receive(BATCH)
    expect(again).toMatchObject({ receiveCount: 2, body: expect.stringContaining(BAD) as string })
    expect(ill.queue.receive(BATCH)).toEqual([])
  },
)

test('one that hangs holds up neither its batch nor the next one', async () => {
  const { skein, queue, west, faults, others } = await open(2 * BATCH)
  await faults.fault({ ...REFUSED, action: { hang: true } })
  const ended: string[] = []
  void consume(skein, queue, queue.receive(BATCH)).then(() => ended.push('its batch'))
  // Another instance of the function takes the next one.
  await consume(skein, queue, queue.receive(BATCH))
  await arrives(async () => expect(await keysAt(west)).toEqual(others))
  expect(ended).toEqual([])
})

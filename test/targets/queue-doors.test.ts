// The queues' doors where the place for what is set aside fails, or what comes was never sent by us.

import { expect, test } from 'vitest'
import type { Skein } from '#shared/app.ts'
import type { Outcome } from '#shared/jobs/queue.ts'
import { consumeOne } from '../../functions/azure/queue.ts'
import type { ReceivedMessage } from '../../functions/cloudflare/queue.ts'
import { consumeBatch } from '../../functions/cloudflare/queue.ts'

const NEVER: Outcome = { result: 'set-aside', reason: 'Never.' }

function consuming(outcomes: readonly Outcome[]): Skein {
  return {
    fetch: () => Promise.reject(new Error('No request comes this way.')),
    schedule: () => Promise.reject(new Error('No schedule comes this way.')),
    consume: async () => [...outcomes],
  }
}

test('Cloudflare: what cannot be set aside comes again, and the others of its batch do not', async () => {
  const settled: string[] = []
  const received = ['a', 'b', 'c'].map((id): ReceivedMessage => ({
    ...{ id, body: `{"id":"${id}"}`, attempts: 1 },
    ack: () => void settled.push(`${id} done`),
    retry: () => void settled.push(`${id} again`),
  }))
  const full = {
    send: (body: string) =>
      body.includes('"a"') ? Promise.reject(new Error('The queue is full.')) : Promise.resolve(),
    sendBatch: () => Promise.resolve(),
  }
  await consumeBatch(consuming([NEVER, NEVER, { result: 'done' }]), received, full)
  expect(settled.toSorted()).toEqual(['a again', 'b done', 'c done'])
})

test.each(['[1,2]', '7', 'null', '"{}"', 'true'])(
  'Azure: %s, which the host reads as JSON, is set aside as it is',
  async (text) => {
    const puts: string[] = []
    const put = async (queue: string, body: string) => void puts.push(`${queue} ${body}`)
    const entry: unknown = JSON.parse(text)
    const body = typeof entry === 'string' ? entry : text
    await consumeOne(consuming([NEVER]), put, 'tasks', { id: 'm', entry, dequeueCount: 1 })
    const kept = body === '{}' ? {} : { unreadable: body }
    expect(puts).toEqual([`tasks-poison ${JSON.stringify({ ...kept, setAside: 'Never.' })}`])
  },
)

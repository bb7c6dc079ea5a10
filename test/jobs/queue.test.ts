// Messages: what fits, how they are batched, and what is left of one that is set aside.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  MAX_DELAY_SECONDS,
  MAX_MESSAGE_BYTES,
  decodeTask,
  queueOver,
  setAsideBody,
} from '#shared/jobs/queue.ts'
import type { Task } from '#shared/platform.ts'

interface Delivery {
  bodies: readonly string[]
  delaySeconds: number
}

function recording(limits = { messages: 10, bytes: 100_000 }) {
  const deliveries: Delivery[] = []
  const queue = queueOver(limits, async (bodies, delaySeconds) => {
    deliveries.push({ bodies, delaySeconds })
  })
  return { queue, deliveries }
}

const task = (text: string): Task => ({ v: 1, kind: 'test', text })

test(
  'what is sent is what is read, in order and within the limits of each call',
  { timeout: 30_000 },
  async () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(texts, async (all) => {
        const { queue, deliveries } = recording({ messages: 4, bytes: 2000 })
        await queue.send(all.map(task))
        expect(deliveries.flatMap(({ bodies }) => bodies).map(decodeTask)).toEqual(all.map(task))
        for (const { bodies } of deliveries) {
          expect(bodies.length).toBeLessThanOrEqual(4)
          const bytes = Buffer.byteLength(bodies.join(''))
          expect(bodies.length === 1 || bytes <= 2000).toBe(true)
        }
      }),
    )
  },
)

test('a task too large is refused before anything is sent', async () => {
  const { queue, deliveries } = recording()
  const tooLarge = task('ü'.repeat(MAX_MESSAGE_BYTES / 2))
  await expect(queue.send([task('small'), tooLarge])).rejects.toMatchObject({ kind: 'too-large' })
  expect(deliveries).toEqual([])
})

test.each([
  [undefined, 0],
  [-5, 0],
  [1.2, 2],
  [5000, MAX_DELAY_SECONDS],
])('a delay of %s is one of %s', async (delaySeconds, sent) => {
  const { queue, deliveries } = recording()
  await queue.send([task('x')], { delaySeconds })
  expect(deliveries.map((one) => one.delaySeconds)).toEqual([sent])
})

test.each([
  ['', 'is no JSON object'],
  ['{"v":1', 'is no JSON object'],
  ['[]', 'is no JSON object'],
  ['null', 'is no JSON object'],
  ['{"v":1}', 'names no kind'],
  ['{"v":2,"kind":"test"}', 'is of version 2'],
  ['{"kind":"test"}', 'is of version undefined'],
])('%j cannot be read, now or ever', (body, why) => {
  expect(() => decodeTask(body)).toThrow(
    expect.objectContaining({
      kind: 'invalid',
      retry: 'never',
      message: expect.stringContaining(why) as string,
    }) as Error,
  )
})

test('a message that is set aside fits every queue and can be sent again as it is', () => {
  const largest = task('x'.repeat(MAX_MESSAGE_BYTES - JSON.stringify(task('')).length))
  const body = JSON.stringify(largest)
  expect(Buffer.byteLength(body)).toBe(MAX_MESSAGE_BYTES)
  const aside = setAsideBody(body, 'ü'.repeat(1000))
  expect(Buffer.from(aside).toString('base64').length).toBeLessThanOrEqual(65_536)
  expect(decodeTask(aside)).toMatchObject(largest)
  expect(JSON.parse(setAsideBody('no task', 'because'))).toEqual({
    unreadable: 'no task',
    setAside: 'because',
  })
})

// How a migration keeps to what it may ask for, send and spend.

import { expect, test } from 'vitest'
import type { Job } from '#shared/jobs/job.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { MigrateInput } from '#shared/migration/input.ts'
import { noteSpending, shareOfPart } from '#shared/migration/spending.ts'
import { createThrottle } from '#shared/migration/throttle.ts'
import { memoryStore } from '../workspaces/workspace-of.ts'
import { fill, openMoving, textsOf } from './moving.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

function clock() {
  const state = { at: NOON }
  return { state, now: () => state.at }
}

test('bytes: what would have to wait long is left for another step, which comes when it is due', async () => {
  const { state, now } = clock()
  const throttle = createThrottle({ bytesPerSecond: 1000 }, () => 0, now)
  expect(await throttle.enter(10_000)).toBe(true)
  expect(throttle.isOver()).toBe(true)
  expect(await throttle.enter(1)).toBe(false)
  expect(throttle.delaySeconds()).toBe(10)
  state.at += 9000
  expect(throttle.delaySeconds()).toBe(1)
})

test('a large object is left when it has had its share', () => {
  const { state, now } = clock()
  const throttle = createThrottle({ bytesPerSecond: 1000 }, () => 0, now)
  expect(throttle.isOver()).toBe(false)
  throttle.moved(4000)
  expect(throttle.isOver()).toBe(false)
  throttle.moved(4000)
  expect(throttle.isOver()).toBe(true)
  state.at += 4000
  expect(throttle.isOver()).toBe(false)
})

test('requests count as they are made, beyond those that every object takes', async () => {
  const { now } = clock()
  const throttle = createThrottle({ requestsPerSecond: 1 }, () => 0, now)
  expect(await throttle.enter(0)).toBe(true)
  throttle.asked()
  throttle.asked()
  expect(throttle.delaySeconds()).toBe(2)
  for (let more = 0; more < 8; more++) throttle.asked()
  expect(throttle.delaySeconds()).toBe(10)
})

test('time that nobody used is not saved up', async () => {
  const { state, now } = clock()
  const throttle = createThrottle({ bytesPerSecond: 1000 }, () => 0, now)
  state.at += 3_600_000
  expect(await throttle.enter(20_000)).toBe(true)
  expect(throttle.delaySeconds()).toBe(20)
})

test('money: when the day has had its share, the next step comes with the next day', async () => {
  const { state, now } = clock()
  let spent = 0
  const throttle = createThrottle({ nano: 100 }, () => spent, now)
  expect(await throttle.enter(1)).toBe(true)
  spent = 100
  expect(throttle.isOver()).toBe(true)
  expect(await throttle.enter(1)).toBe(false)
  // In pieces that every queue can delay by.
  expect(throttle.delaySeconds()).toBe(840)
  state.at = Date.UTC(2026, 0, 1, 23, 59, 30)
  expect(throttle.delaySeconds()).toBe(30)
})

function jobWith(limits: MigrateInput['limits'], ended: readonly number[], at: () => number) {
  const input: MigrateInput = { from: { store: 'a' }, to: { store: 'b' }, limits }
  const phase = { name: 'copy', parts: 4, ended, began: '' }
  const ledger = createLedger(memoryStore('ledger'))
  const job: Job<MigrateInput> = {
    ...{ id: 'j', input, phases: [phase], ledger, now: at },
    own: (name) => `job/j/${name}`,
    partsOf: async () => [],
  }
  return job
}

test('what all may do is shared out among the parts that are not through', async () => {
  const { state, now } = clock()
  const job = jobWith({ requestsPerSecond: 8, bytesPerSecond: 100, usdPerDay: 1 }, [0, 1], now)
  expect(await shareOfPart(job)).toEqual({
    ...{ requestsPerSecond: 4, bytesPerSecond: 50, nano: 0.5e9 },
  })
  await noteSpending(job, { number: 0 }, 0.2e9)
  await noteSpending(job, { number: 1 }, 0.1e9)
  await noteSpending(job, { number: 1 }, 0.3e9)
  expect((await shareOfPart(job)).nano).toBeCloseTo(0.2e9, -3)
  state.at += 86_400_000
  expect((await shareOfPart(job)).nano).toBe(0.5e9)
})

test('a migration that is held to some speed arrives all the same', async () => {
  const [from, to] = [memoryStore('from'), memoryStore('to')]
  const texts = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, `text ${i}`]))
  await fill(from, texts)
  const moving = openMoving({ from, to })
  const limits = { requestsPerSecond: 5000, bytesPerSecond: 1e6, usdPerDay: 1 }
  expect((await moving.move({ limits })).state).toBe('ready')
  expect(await textsOf(to)).toEqual(texts)
})

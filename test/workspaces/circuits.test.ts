// When a circuit opens, who may probe, and what closes it; and how latency is learned. The clock is the test's.

import { describe, expect, test } from 'vitest'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { createCircuits } from '#shared/storage/circuits.ts'
import { createLatencies } from '#shared/workspaces/latency.ts'

function clock() {
  let at = 1_000_000
  return { now: () => at, pass: (seconds: number) => void (at += seconds * 1000) }
}

const observed = (error?: ErrorKind, operation = 'head', milliseconds = 10) => ({
  ...{ store: 'main', operation, attempt: 1, milliseconds, error },
})

function failing(times: number, time = clock()) {
  const circuits = createCircuits(time)
  for (let i = 0; i < times; i++) circuits.observe(observed('unavailable'))
  return { circuits, time }
}

describe('a circuit', () => {
  test('opens with the fifth failure in a row, and not before', () => {
    expect(failing(4).circuits.isOpen('main')).toBe(false)
    expect(failing(5).circuits.isOpen('main')).toBe(true)
    expect(failing(5).circuits.isOpen('other')).toBe(false)
  })

  test.each<[ErrorKind, boolean]>([
    ['unavailable', true],
    ['throttled', true],
    ['not-found', false],
    ['denied', false],
    ['unauthenticated', false],
    ['precondition', false],
    ['exists', false],
    ['invalid', false],
    ['unsupported', false],
    ['too-large', false],
    ['corrupt', false],
  ])('counts %s: %s', (kind, counts) => {
    const circuits = createCircuits(clock())
    for (let i = 0; i < 5; i++) circuits.observe(observed(kind))
    expect(circuits.isOpen('main')).toBe(counts)
  })

  test('forgets a row that an answer breaks, be it that there is no such key', () => {
    const { circuits } = failing(4)
    circuits.observe(observed('not-found'))
    for (let i = 0; i < 4; i++) circuits.observe(observed('throttled'))
    expect(circuits.isOpen('main')).toBe(false)
  })

  test('takes failures that lie far apart for no row', () => {
    const { circuits, time } = failing(4)
    time.pass(61)
    circuits.observe(observed('unavailable'))
    expect(circuits.isOpen('main')).toBe(false)
  })

  test('lets one probe through after thirty seconds, and stays open until it answers', () => {
    const { circuits, time } = failing(5)
    time.pass(29)
    expect(circuits.mayProbe('main')).toBe(false)
    time.pass(1)
    expect([circuits.mayProbe('main'), circuits.mayProbe('main')]).toEqual([true, false])
    expect(circuits.isOpen('main')).toBe(true)
    circuits.observe(observed())
    expect(circuits.isOpen('main')).toBe(false)
    expect(circuits.mayProbe('main')).toBe(false)
  })

  test('waits again when the probe fails, and when it never comes back', () => {
    const { circuits, time } = failing(5)
    time.pass(30)
    expect(circuits.mayProbe('main')).toBe(true)
    time.pass(10)
    circuits.observe(observed('unavailable'))
    time.pass(29)
    expect(circuits.mayProbe('main')).toBe(false)
    time.pass(1)
    expect(circuits.mayProbe('main')).toBe(true)
    time.pass(30)
    expect(circuits.mayProbe('main')).toBe(true)
  })
})

describe('latency', () => {
  test('leaves out the first answer and weighs the newest by a fifth', () => {
    const latencies = createLatencies(clock())
    latencies.observe(observed(undefined, 'head', 900))
    expect(latencies.of('main')).toBeUndefined()
    latencies.observe(observed(undefined, 'get', 100))
    expect(latencies.of('main')).toBe(100)
    latencies.observe(observed('not-found', 'head', 50))
    expect(latencies.of('main')).toBeCloseTo(90)
  })

  test('learns nothing from failures, nor from calls that move bytes or lists', () => {
    const latencies = createLatencies(clock())
    for (const one of [
      observed('unavailable'),
      observed('throttled'),
      observed(undefined, 'list'),
      observed(undefined, 'put'),
    ]) {
      latencies.observe(one)
      latencies.observe(one)
    }
    expect(latencies.of('main')).toBeUndefined()
  })

  test('wants one look while there is no fresh measure', () => {
    const time = clock()
    const latencies = createLatencies(time)
    expect([latencies.wantsLook('main'), latencies.wantsLook('main')]).toEqual([true, false])
    latencies.observe(observed())
    latencies.observe(observed())
    time.pass(299)
    expect(latencies.wantsLook('main')).toBe(false)
    time.pass(2)
    expect([latencies.wantsLook('main'), latencies.wantsLook('main')]).toEqual([true, false])
  })
})

// What is due of the bytes: every object once in the days that are asked for, the most urgent first, and never more than
// the budget allows.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Aged, CoverageWish } from '#shared/integrity/coverage.ts'
import { ageTally, isDue, planCoverage } from '#shared/integrity/coverage.ts'
import { NANO } from '#shared/integrity/costs.ts'
import type { Tally } from '#shared/jobs/job.ts'
import { addTallies } from '#shared/jobs/job.ts'
import { seeded } from '../seeds.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)

function aged(
  key: string,
  { modifiedDays, readDays }: { modifiedDays: number; readDays?: number | undefined },
): Aged {
  const identity = { etag: 'e' }
  const record = {
    ...{ key, size: 1, from: identity, to: identity, grade: 'bytes' as const },
    ...(readDays !== undefined && { verified: NOW - readDays * DAY }),
  }
  return { key, modified: NOW - modifiedDays * DAY, records: [record] }
}

function tallyOf(all: readonly Aged[], wish: CoverageWish, usdEach: number): Tally {
  return addTallies(all.map((one) => ageTally(one, wish, { bytes: 1000, nano: usdEach * NANO })))
}

test('a budget that is not enough is told before anything is read, with what would be', () => {
  const wish = { now: NOW, coverageDays: 30, budgetUsd: 2 }
  const all = Array.from({ length: 900 }, (_, n) => aged(`k${n}`, { modifiedDays: 400 }))
  expect(planCoverage(tallyOf(all, wish, 0.05), wish)).toMatchObject({ holds: true, usd: 45 })
  const plan = planCoverage(tallyOf(all, wish, 0.1), wish)
  expect(plan).toMatchObject({ holds: false, usd: 90, objects: 900 })
  expect(plan.says).toBe(
    'Reading everything once costs 90.00 USD, 3.00 USD a day over 30 days, and 2.00 USD do not allow it: allow 3.00 USD a day, or 45 days.',
  )
  expect(plan.dueUsd).toBeLessThanOrEqual(2.0001)
})

test('without days everything is due, as far as the budget goes', () => {
  const wish = { now: NOW, coverageDays: undefined, budgetUsd: undefined }
  const all = [aged('a', { modifiedDays: 1 }), aged('b', { modifiedDays: 50, readDays: 1 })]
  const plan = planCoverage(tallyOf(all, wish, 1), wish)
  expect(all.map((one) => isDue(one, wish, plan))).toEqual([true, true])
  const poor = { ...wish, budgetUsd: 0 }
  const none = planCoverage(tallyOf(all, poor, 1), poor)
  expect(all.map((one) => isDue(one, poor, none))).toEqual([false, false])
})

test('what would be late by the next sweep is due, whatever else is', () => {
  const wish = { now: NOW, coverageDays: 30, budgetUsd: undefined }
  const late = aged('late', { modifiedDays: 90, readDays: 29 })
  const fresh = aged('fresh', { modifiedDays: 90, readDays: 2 })
  const many = Array.from({ length: 1000 }, (_, n) => aged(`k${n}`, { modifiedDays: 90 }))
  const plan = planCoverage(tallyOf([late, fresh, ...many], wish, 0.01), wish)
  expect([isDue(late, wish, plan), isDue(fresh, wish, plan)]).toEqual([true, false])
})

test('read day by day, everything is read in time and no day costs much more than its share', () => {
  const coverageDays = 16
  const last = new Map<string, number | undefined>()
  for (let n = 0; n < 2000; n++) last.set(`k${n}`, undefined)
  const shares: number[] = []
  for (let day = 0; day < 40; day++) {
    const wish = { now: NOW + day * DAY, coverageDays, budgetUsd: undefined }
    const all = [...last].map(([key, readAt]): Aged => {
      const [record] = aged(key, { modifiedDays: 0 }).records
      const records = [readAt === undefined ? record : { ...record!, verified: readAt }]
      return { key, modified: NOW - 400 * DAY, records }
    })
    const plan = planCoverage(tallyOf(all, wish, 0.01), wish)
    const due = all.filter((one) => isDue(one, wish, plan))
    shares.push(due.length)
    for (const { key } of due) last.set(key, wish.now)
  }
  expect(Math.max(...shares)).toBeLessThan((2000 / coverageDays) * 2)
  const end = NOW + 39 * DAY
  const oldest = Math.min(...[...last.values()].map((at) => at ?? 0))
  expect((end - oldest) / DAY).toBeLessThanOrEqual(coverageDays)
})

test('what is due costs no more than the budget', () => {
  const object = fc.record({
    modifiedDays: fc.integer({ min: 0, max: 500 }),
    readDays: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(
      fc.array(object, { minLength: 1 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 60 }),
      (objects, budgetUsd, coverageDays) => {
        const wish = { now: NOW, coverageDays, budgetUsd }
        const all = objects.map((one, n) => aged(`k${n}`, one))
        const plan = planCoverage(tallyOf(all, wish, 1), wish)
        expect(plan.dueUsd).toBeLessThanOrEqual(budgetUsd + 1e-6)
        expect(plan.due.every((part) => part >= 0 && part <= 1)).toBe(true)
      },
    ),
    seeded(),
  )
})

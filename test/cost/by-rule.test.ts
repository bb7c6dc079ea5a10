// The same change by a lifecycle rule: hand-computed beside copies, chosen where it is cheaper and moves nothing
// else, and told of by the plan of an apply instead of having each object copied.

import { expect, test } from 'vitest'
import { advise } from '#shared/cost/advice/advise.ts'
import { planApply } from '#shared/cost/apply/plan.ts'
import { allowedByPolicy } from '#shared/cost/apply/policy.ts'
import { toPlain } from '#shared/cost/plain.ts'
import { openRegions } from '#shared/cost/regions.ts'
import { openToday } from '../prices/open.ts'
import type { Heap } from './sample.ts'
import { GIB, KIB, inventoryOf, placesAt } from './sample.ts'

const prices = await openToday()
const regions = await openRegions()
const POLICY = { maxOnceUsd: 1000, minSavingUsd: 0, maxPayBackMonths: 1000, irreversible: true }

function adviceFor(provider: string, heaps: readonly Heap[], atOnce?: 'all') {
  const places = placesAt(provider)
  const inventory = inventoryOf(places, heaps)
  const constraints = atOnce ? { atOnce } : {}
  return toPlain(advise({ prices, regions, places, inventory, rates: [], constraints }))
}

const old = { objects: 1000, objectBytes: GIB, placement: ['NEARLINE'] }

test('Google: a rule retrieves nothing, and pays no early deletion', () => {
  const { recommendations } = adviceFor('gcs', [{ ...old, prefix: 'a/', ageDays: 10 }])
  const [one] = recommendations
  expect(one!.steps).toEqual([{ store: 'gcs-store', from: 'NEARLINE', to: 'ARCHIVE' }])
  // 1,000 transitions at $0.05 a thousand; copies: as many requests, 1,000 GB read at $0.01, and twenty of
  // thirty days at $0.01 a GB.
  expect(one!.byRule).toEqual([
    {
      store: 'gcs-store',
      rule: '{ prefix: "a/", afterDays: 1, storageClass: ARCHIVE }',
      ...{ ruleUsd: '0.050000', copyUsd: '16.716667', fits: true, isCheaper: true },
    },
  ])
})

test('a plan tells of the cheaper rule, copies what is named, and a policy leaves it', () => {
  const { recommendations } = adviceFor('gcs', [{ ...old, prefix: 'a/' }])
  const [{ id }] = recommendations as [(typeof recommendations)[number]]
  const plan = planApply(recommendations, {}, 'gcs-store')
  expect(plan.parts).toEqual([])
  expect(plan.left[0]!.why).toMatch(/A lifecycle rule of gcs-store does it for \$0\.05 instead of/)
  expect(plan.left[0]!.why).toContain('skein setup gcs-store --apply')
  expect(planApply(recommendations, { only: [id] }, 'gcs-store').parts).toHaveLength(1)
  expect(allowedByPolicy(POLICY, recommendations)).toEqual([])
})

test('a rule that would move what had better stay is not taken', () => {
  const small = { ...old, objectBytes: 100, prefix: 'a/deeper/' }
  const { recommendations } = adviceFor('gcs', [{ ...old, prefix: 'a/' }, small])
  // What is so small never pays back its transition.
  expect(recommendations.map(({ prefix }) => prefix)).toEqual(['a/'])
  expect(recommendations[0]!.byRule).toMatchObject([{ fits: false, isCheaper: false }])
  expect(planApply(recommendations, {}, 'gcs-store').parts).toHaveLength(1)
})

test('S3: the same price from the standard class; small objects are passed over', () => {
  const heap = { ...old, prefix: 'a/', placement: ['STANDARD'] }
  const [one] = adviceFor('s3', [heap], 'all').recommendations
  expect(one!.steps[0]!.to).toBe('GLACIER_IR')
  expect(one!.byRule[0]).toMatchObject({ fits: true, isCheaper: false })
  expect(one!.byRule[0]!.ruleUsd).toBe(one!.byRule[0]!.copyUsd)
  const watched = { ...heap, objectBytes: 127 * KIB, objects: 10_000_000, ageDays: 400 }
  const [few] = adviceFor('s3', [watched], 'all').recommendations
  expect(few?.byRule[0]?.fits ?? false).toBe(false)
})

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
const POLICY = {
  maxOnceUsd: 1000,
  minSavingUsd: 0,
  maxPayBackMonths: 1000,
  irreversible: true,
  rules: false,
}

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
      ...{ afterDays: 1, leaves: 'NEARLINE', storageClass: 'ARCHIVE' },
      ...{ ruleUsd: '0.050000', copyUsd: '16.716667', fits: true, isCheaper: true },
    },
  ])
})

test('a plan has the cheaper rule, copies where that is asked for, and a policy leaves it unless it says', () => {
  const { recommendations } = adviceFor('gcs', [{ ...old, prefix: 'a/' }])
  const [{ id }] = recommendations as [(typeof recommendations)[number]]
  const plan = planApply(recommendations, {}, 'gcs-store', 'job-1')
  expect([plan.parts, plan.left]).toEqual([[], []])
  expect(plan.rules).toEqual([
    {
      ...{ id: expect.stringMatching(/^[0-9a-f]{8}$/), of: id, store: 'gcs-store', prefix: 'a/' },
      ...{ afterDays: 90, leaves: 'NEARLINE', storageClass: 'ARCHIVE', objects: 1000, usd: 0.05 },
    },
  ])
  expect(plan.says).toContain('1 recommendations for 1000 objects, for about $0.05 once.')
  const other = planApply(recommendations, {}, 'gcs-store', 'job-2')
  expect(other.rules[0]!.id).not.toBe(plan.rules[0]!.id)

  const copied = planApply(recommendations, { copies: true }, 'gcs-store')
  expect([copied.parts.length, copied.rules]).toEqual([1, []])
  expect(allowedByPolicy(POLICY, recommendations)).toEqual([])
  expect(allowedByPolicy({ ...POLICY, rules: true }, recommendations)).toHaveLength(1)
})

test('no rule is for a whole store, since that holds what is Skein’s own as well', () => {
  const { recommendations } = adviceFor('gcs', [{ ...old, prefix: '' }])
  expect(recommendations[0]!.byRule).toMatchObject([{ fits: false, isCheaper: false }])
})

test('a rule of S3 takes up warmer classes too, one of Google’s its own alone', () => {
  const heap = { ...old, prefix: 'a/', objectBytes: GIB }
  const watched = { ...heap, prefix: 'a/deeper/', objectBytes: 100 }
  const fitsAt = (provider: string, from: string, warm: string) => {
    const heaps = [
      { ...heap, placement: [from] },
      { ...watched, placement: [warm] },
    ]
    const { recommendations } = adviceFor(provider, heaps, 'all')
    const one = recommendations.find(({ prefix }) => prefix === 'a/')
    expect(recommendations.map(({ prefix }) => prefix)).toEqual(['a/'])
    return one?.byRule[0]?.fits
  }
  expect(fitsAt('gcs', 'NEARLINE', 'NEARLINE')).toBe(false)
  expect(fitsAt('gcs', 'NEARLINE', 'STANDARD')).toBe(true)
  expect(fitsAt('s3', 'STANDARD_IA', 'STANDARD')).toBe(false)
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

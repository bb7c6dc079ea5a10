// What the configuration lets be applied by itself: what pays back soon enough, saves enough, can be undone unless
// it may not be, and costs no more at once than is allowed. What a lifecycle rule does for less only where it says so:
// a rule stays, and moves what nobody has looked at yet.

import type { Task } from '#shared/platform.ts'
import type { Advice } from '../advice/advise.ts'
import type { Plain } from '../plain.ts'
import type { ApplyPolicy, CostRules } from '../rules.ts'
import type { ApplyInput } from './plan.ts'
import { isIrreversible } from './plan.ts'

type Recommendation = Plain<Advice>['recommendations'][number]

export function allowedByPolicy(
  policy: ApplyPolicy,
  recommendations: readonly Recommendation[],
): Recommendation[] {
  const fitting = recommendations.filter(
    (one) =>
      Number(one.saving) >= policy.minSavingUsd &&
      one.payBackMonths !== undefined &&
      one.payBackMonths <= policy.maxPayBackMonths &&
      (policy.irreversible || !isIrreversible(one)) &&
      (policy.rules || !one.byRule.some(({ isCheaper }) => isCheaper)),
  )
  let left = policy.maxOnceUsd
  return fitting.filter(({ once }) => {
    if (Number(once) > left) return false
    left -= Number(once)
    return true
  })
}

/** What a job of apply is told, in place of a list that a message might not hold. */
export function chosenBy(
  policy: ApplyPolicy | undefined,
  recommendations: readonly Recommendation[],
): ApplyInput {
  if (!policy) return { only: [] }
  const { maxOnceUsd, irreversible } = policy
  return {
    ...{ maxOnceUsd, irreversible },
    only: allowedByPolicy(policy, recommendations).map(({ id }) => id),
  }
}

/** Nothing without a policy, or where nothing fits it. */
export function scheduledApply(
  { workspace, cost }: { workspace: string; cost: CostRules },
  advice: string,
  { recommendations }: Plain<Advice>,
): Task[] {
  if (!cost.apply || allowedByPolicy(cost.apply, recommendations).length === 0) return []
  const input = { advice, byPolicy: true, dryRun: false }
  return [{ v: 1, kind: 'cost', does: 'apply', workspace, input }]
}

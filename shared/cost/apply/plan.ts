// What an apply is to do: the recommendations that were chosen, each with its share of what may be spent, and why
// others are left. Only changes that the workspace's own rules do not undo are made.

import { AGE_STEPS } from '../buckets.ts'
import { dollars, stepsIn } from '../pages.ts'
import type { Advice } from '../advice/advise.ts'
import type { Plain } from '../plain.ts'

export type Recommended = Plain<Advice>['recommendations'][number]

export interface ApplyPart {
  id: string
  prefix: string
  steps: Recommended['steps']
  /** First days of the steps of age, and steps of size, that move. */
  ages: number[]
  sizes: number[]
  /** What it may cost at most; more than was reckoned, since objects come and go. */
  maxUsd: number
  onceUsd: number
  objects: number
}

export interface ApplyInput {
  only?: string[] | undefined
  maxOnceUsd?: number | undefined
  irreversible?: boolean | undefined
}

export interface ApplyPlan {
  parts: ApplyPart[]
  left: { id: string; why: string }[]
  says: string
}

/** A part stands for one recommendation; more are left for another run. */
const MAX_PARTS = 200
/** Of what was reckoned. */
const LEEWAY = 1.1
const RESTORED = /GLACIER$|DEEP_ARCHIVE$|^Archive$/

/** Archive classes answer no reads, and so no copy back, before a restore that takes hours and costs. */
export function isIrreversible({ steps }: Pick<Recommended, 'steps'>): boolean {
  return steps.some(({ to }) => to === null || RESTORED.test(to))
}

export function planApply(
  recommendations: readonly Recommended[],
  input: ApplyInput,
  primary: string,
): ApplyPlan {
  const plan: ApplyPlan = { parts: [], left: [], says: '' }
  let spent = 0
  for (const one of recommendations) {
    if (input.only && !input.only.includes(one.id)) continue
    const once = Number(one.once)
    const why = whyNot(one, input, primary, spent + once)
    if (why !== undefined || plan.parts.length >= MAX_PARTS) {
      plan.left.push({ id: one.id, why: why ?? 'There are too many for one run.' })
      continue
    }
    spent += once
    plan.parts.push(partOf(one, once))
  }
  return { ...plan, says: say(plan, spent) }
}

function whyNot(
  one: Recommended,
  { only, maxOnceUsd = Number.POSITIVE_INFINITY, irreversible = false }: ApplyInput,
  primary: string,
  spent: number,
): string | undefined {
  if (one.steps.length === 0)
    return 'Which store is read from is for the configuration to say: downloads.from of the workspace.'
  const dropped = one.steps.find(({ to }) => to === null)
  if (dropped?.store === primary) return 'To leave the primary is a migration.'
  if (dropped) return `Replication would bring back what is deleted in ${dropped.store}.`
  const rule = only === undefined ? cheaperRule(one) : undefined
  if (rule !== undefined) return rule
  if (!irreversible && isIrreversible(one))
    return `${stepsIn(one)} cannot simply be undone; allow what is irreversible.`
  return spent > maxOnceUsd ? 'It would cost more at once than is allowed.' : undefined
}

/**
 * A rule is the provider's, acts on new objects as well and is not this job's to undo: where it is the cheaper way,
 * it is told of, and only who names the recommendation has the objects copied nevertheless.
 */
function cheaperRule({ byRule, id }: Recommended): string | undefined {
  const cheaper = byRule.filter(({ isCheaper }) => isCheaper)
  if (cheaper.length === 0) return undefined
  const ways = cheaper.map(
    ({ store, rule, ruleUsd, copyUsd }) =>
      `A lifecycle rule of ${store} does it for $${dollars(ruleUsd)} instead of $${dollars(copyUsd)}: put ${rule} under setup.lifecycle.transitions of ${store}, then skein setup ${store} --apply.`,
  )
  return `${ways.join(' ')} To have each object copied nevertheless, name ${id}.`
}

/** Copies come first, while what they are made of is where it is cheap to read. */
function partOf(
  { id, prefix, steps, ages, sizes, objects }: Recommended,
  onceUsd: number,
): ApplyPart {
  const ordered = steps.toSorted((a, b) => Number(a.from !== null) - Number(b.from !== null))
  const maxUsd = onceUsd * LEEWAY + 0.01
  return { id, prefix, steps: ordered, ages, sizes, objects, onceUsd, maxUsd }
}

function say({ parts, left }: Omit<ApplyPlan, 'says'>, spent: number): string {
  const objects = parts.reduce((sum, part) => sum + part.objects, 0)
  const rest = left.length === 0 ? '' : ` ${left.length} are left.`
  return `${parts.length} recommendations for ${objects} objects, for about $${spent.toFixed(2)} once.${rest}`
}

/** Where a step of age begins, and where the next one does. */
export function isOfAge(ages: readonly number[], step: number): boolean {
  return ages.includes(AGE_STEPS[step]!)
}

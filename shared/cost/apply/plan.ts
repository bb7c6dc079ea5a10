// What an apply is to do: the recommendations that were chosen, each with its share of what may be spent, and why
// others are left. Only changes that the workspace's own rules do not undo are made. Where a lifecycle rule of the
// provider does the same for less, that is written, and no object is copied.

import { createHash } from 'node:crypto'
import type { AdvisedRule } from '#shared/storage/advised-rules.ts'
import type { Difference } from '#shared/storage/setup-step.ts'
import { AGE_STEPS } from '../buckets.ts'
import { stepsIn } from '../pages.ts'
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

/** A rule to be written at a store. */
export interface PlannedRule extends AdvisedRule {
  store: string
  /** The recommendation's id. */
  of: string
  /** What the provider will take for what it moves now; it goes on moving what comes to be as old. */
  usd: number
  objects: number
}

export interface ApplyInput {
  only?: string[] | undefined
  maxOnceUsd?: number | undefined
  irreversible?: boolean | undefined
  /** Each object is copied, also where a lifecycle rule does it for less. */
  copies?: boolean | undefined
}

export interface ApplyPlan {
  parts: ApplyPart[]
  rules: PlannedRule[]
  /** What those would change in the rules of each store's bucket. */
  differences: ({ store: string } & Difference)[]
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

/** `job`: by which rules are named, so that what it takes away is what it has written. */
export function planApply(
  recommendations: readonly Recommended[],
  input: ApplyInput,
  primary: string,
  job = '',
): ApplyPlan {
  const plan: ApplyPlan = { parts: [], rules: [], differences: [], left: [], says: '' }
  let spent = 0
  for (const one of recommendations) {
    if (input.only && !input.only.includes(one.id)) continue
    const ways = input.copies ? [] : one.byRule.filter(({ isCheaper }) => isCheaper)
    const once = onceOf(one, ways)
    const why = whyNot(one, input, primary, spent + once.copies + once.rules)
    if (why !== undefined || plan.parts.length + plan.rules.length >= MAX_PARTS) {
      plan.left.push({ id: one.id, why: why ?? 'There are too many for one run.' })
      continue
    }
    spent += once.copies + once.rules
    plan.rules.push(...ways.map((way) => ruleOf(one, way, job)))
    const steps = one.steps.filter(({ store }) => ways.every((way) => way.store !== store))
    if (steps.length > 0) plan.parts.push(partOf({ ...one, steps }, once.copies))
  }
  return inWords({ ...plan, parts: within(plan.parts, spent, input.maxOnceUsd) })
}

/** Of it, what rules do. */
function onceOf({ once }: Recommended, ways: Recommended['byRule']) {
  const rules = ways.reduce((sum, { ruleUsd }) => sum + Number(ruleUsd), 0)
  const instead = ways.reduce((sum, { copyUsd }) => sum + Number(copyUsd), 0)
  return { rules, copies: Math.max(0, Number(once) - instead) }
}

function ruleOf(
  { id: of, prefix, objects }: Recommended,
  { store, afterDays, leaves, storageClass, ruleUsd }: Recommended['byRule'][number],
  job: string,
): PlannedRule {
  const says = { store, prefix, afterDays, leaves, storageClass }
  const hash = createHash('sha256').update(JSON.stringify([job, says]))
  return { id: hash.digest('hex').slice(0, 8), ...says, of, objects, usd: Number(ruleUsd) }
}

function whyNot(
  one: Recommended,
  { maxOnceUsd = Number.POSITIVE_INFINITY, irreversible = false }: ApplyInput,
  primary: string,
  spent: number,
): string | undefined {
  if (one.steps.length === 0)
    return 'Which store is read from is for the configuration to say: downloads.from of the workspace.'
  const dropped = one.steps.find(({ to }) => to === null)
  if (dropped?.store === primary) return 'To leave the primary is a migration.'
  if (dropped) return `Replication would bring back what is deleted in ${dropped.store}.`
  if (!irreversible && isIrreversible(one))
    return `${stepsIn(one)} cannot simply be undone; allow what is irreversible.`
  return spent > maxOnceUsd ? 'It would cost more at once than is allowed.' : undefined
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

/** What each may cost beyond what was reckoned comes out of what is left of the whole. */
function within(
  parts: readonly ApplyPart[],
  spent: number,
  maxOnceUsd = Number.POSITIVE_INFINITY,
): ApplyPart[] {
  return parts.map((part) => {
    const share = spent > 0 ? part.onceUsd / spent : 1 / parts.length
    const most = part.onceUsd + Math.max(0, maxOnceUsd - spent) * share
    return { ...part, maxUsd: Math.min(part.maxUsd, most) }
  })
}

/** The plan, said in a sentence. */
export function inWords(plan: ApplyPlan): ApplyPlan {
  const { parts, rules, left } = plan
  const chosen = new Set([...parts.map(({ id }) => id), ...rules.map(({ of }) => of)])
  const objects = new Map([
    ...rules.map((rule) => [rule.of, rule.objects] as const),
    ...parts.map((part) => [part.id, part.objects] as const),
  ])
  const count = [...objects.values()].reduce((sum, one) => sum + one, 0)
  const written = rules.reduce((sum, { usd }) => sum + usd, 0)
  const spent = parts.reduce((sum, { onceUsd }) => sum + onceUsd, written)
  const by =
    rules.length === 0
      ? ''
      : ` ${rules.length} of the changes by lifecycle rules, which move what comes to be as old as well, until they are undone.`
  const rest = left.length === 0 ? '' : ` ${left.length} are left.`
  const says = `${chosen.size} recommendations for ${count} objects, for about $${spent.toFixed(2)} once.${by}${rest}`
  return { ...plan, says }
}

/** Where a step of age begins, and where the next one does. */
export function isOfAge(ages: readonly number[], step: number): boolean {
  return ages.includes(AGE_STEPS[step]!)
}

// The lifecycle rules that an apply writes: looked at before, in the buckets that they are for; noted before they are
// written, so that whatever dies in between, what was written can be taken away again; and taken away by name,
// where they still say what was written. What a rule has moved by then stays where it is.

import type { Part, Step } from '#shared/jobs/job.ts'
import type { AdvisedRules } from '#shared/storage/advised-rules.ts'
import { openAdvisedRules } from '#shared/storage/advised-rules.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { ApplyPlan, PlannedRule } from './plan.ts'
import { inWords } from './plan.ts'

/** All that one bucket gets or loses, since its rules are one document. */
export interface RulesPart {
  does: 'write' | 'remove'
  store: string
  rules: PlannedRule[]
}

export const NOTED_RULES = 'ruled'
const WRITE = 'write'
const TRIES = 4

export function rulesParts(does: RulesPart['does'], rules: readonly PlannedRule[]): RulesPart[] {
  const stores = Map.groupBy(rules, ({ store }) => store)
  return [...stores].map(([store, own]) => ({ does, store, rules: own }))
}

/** The plan with what the buckets say to its rules: what cannot be, or is there already, is left. */
export async function lookedAt(
  plan: ApplyPlan,
  find: (store: string) => Store,
): Promise<ApplyPlan> {
  const next: ApplyPlan = { ...plan, rules: [], differences: [], left: [...plan.left] }
  for (const { store, rules } of rulesParts('write', plan.rules)) {
    const bucket = await openAdvisedRules(find(store))
    const { standing, difference } = await bucket.plan(rules)
    for (const [at, rule] of rules.entries()) {
      const why = whyNot(standing[at]!, rule)
      if (why === undefined) next.rules.push(rule)
      else next.left.push({ id: rule.of, why })
    }
    if (difference.added.length > 0) next.differences.push({ store, ...difference })
  }
  return inWords(next)
}

function whyNot(
  { state, why = '' }: Awaited<ReturnType<AdvisedRules['plan']>>['standing'][number],
  { store }: PlannedRule,
): string | undefined {
  if (state === 'there')
    return `A lifecycle rule of ${store} does it already; the provider acts on it once a day or so.`
  if (state === 'refused')
    return `A lifecycle rule would cost less, and cannot be written: ${why} To have each object copied nevertheless, ask for copies.`
  return undefined
}

export async function rulesStep(
  { does, store, rules }: RulesPart,
  part: Pick<Part<unknown, string>, 'cursor' | 'note' | 'signal'>,
  find: (store: string) => Store,
): Promise<Step<string>> {
  const bucket = await openAdvisedRules(find(store), part.signal)
  if (does === 'remove') return { tally: await remove(bucket, rules) }
  const { standing } = await bucket.plan(rules)
  if (part.cursor === WRITE) return { tally: await write(bucket, rules, store) }
  const missing = rules.filter((_, at) => standing[at]!.state === 'missing')
  for (const rule of missing) part.note(NOTED_RULES, rule)
  return missing.length > 0 ? { cursor: WRITE } : { tally: countOf(standing) }
}

/** Where somebody changes the bucket's rules at the same time, they are read, and ours compared, again. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (!isStorageError(error, 'precondition') || tries === TRIES) throw error
    }
  }
}

async function write(
  bucket: AdvisedRules,
  rules: readonly PlannedRule[],
  store: string,
): Promise<Record<string, number>> {
  await again(async () => (await bucket.plan(rules)).apply())
  const { standing } = await bucket.plan(rules)
  const lost = standing.filter(({ state }) => state === 'missing').length
  if (lost === 0) return countOf(standing)
  const message = `${store} took ${lost} lifecycle rules and does not show them: somebody has written others over them, or it keeps none.`
  throw new StorageError('unavailable', message, { store })
}

function countOf(standing: readonly { state: string }[]): Record<string, number> {
  const refused = standing.filter(({ state }) => state === 'refused').length
  const rules = standing.length - refused
  return { ...(rules > 0 && { rules }), ...(refused > 0 && { 'rules-refused': refused }) }
}

async function remove(
  bucket: AdvisedRules,
  rules: readonly PlannedRule[],
): Promise<Record<string, number>> {
  const { removed, changed } = await again(async () => {
    const removal = await bucket.planRemoval(rules)
    await removal.apply()
    return removal
  })
  return {
    ...(removed.length > 0 && { 'rules-removed': removed.length }),
    ...(changed.length > 0 && { 'rules-left-changed': changed.length }),
  }
}

// The same change of class by a lifecycle rule of the provider: what that would cost beside a copy of each object
// onto itself, and whether it would move anything else. A rule reads nothing, so nothing is retrieved; at Google it
// is not charged for a class that is left early either (cloud.google.com/storage/docs/lifecycle, cloud.google.com/
// storage/pricing). Azure sets tiers at the same price in either way.

import { isKnown } from '#shared/prices/figure.ts'
import type { Money } from '#shared/prices/money.ts'
import { compareMoney, plus, times } from '#shared/prices/money.ts'
import { AGE_STEPS, leastBytes } from '../buckets.ts'
import type { Present } from './changes.ts'
import type { Option } from './options.ts'
import type { Optimum, OptimiseInput } from './optimise.ts'
import type { Step } from './recommend.ts'
import { optionsIn } from './tables.ts'
import type { Totals } from './totals.ts'
import { earlyUsd } from './totals.ts'
import { asRule, daysOf } from './words.ts'

/** In a recommendation, by its store. */
export interface RuleWay {
  store: string
  /** As `setup.lifecycle.transitions` of the store says it. */
  rule: string
  afterDays: number
  /** Google's leave other classes alone; S3's move whatever is in a warmer one. */
  leaves: string
  storageClass: string
  ruleUsd: Money
  /** By a copy of each object onto itself; what is missing of a minimum duration is in it. */
  copyUsd: Money
  /** It moves what the recommendation moves, and nothing that had better stay. */
  fits: boolean
  /** The way to take: it fits, and costs less. */
  isCheaper: boolean
}

export interface RuleInput {
  prefix: string
  steps: readonly Step[]
  placement: number
  /** First days of the steps of age that move, and steps of size. */
  ages: readonly number[]
  sizes: readonly number[]
  after: Totals
  strays: ReadonlySet<string>
}

const WITH_RULES = new Set(['s3', 'gcs'])
/** S3's rules pass smaller objects over. */
const LEAST_BYTES = 131_072

export function ruleWays(input: OptimiseInput, of: RuleInput): RuleWay[] {
  return of.steps.flatMap((step): RuleWay[] => {
    const way = ruleWay(input, of, step)
    return way ? [way] : []
  })
}

function ruleWay(input: OptimiseInput, of: RuleInput, step: Step): RuleWay | undefined {
  const { choice, prices, tables } = input
  const { store, from, to } = step
  const own = choice.options.filter(({ store: at }) => choice.stores[at]!.place.name === store)
  const [left, entered] = [from, to].map((name) => own.find((option) => option.class === name))
  if (!left || !entered || !canMove(left, entered)) return undefined
  const fee = prices.transition(entered.shelf)
  const change = tables[of.placement]!.changes[entered.index]
  if (!isKnown(fee) || !change) return undefined
  const at = of.placement * choice.options.length + entered.index
  const objects = BigInt(Math.round(of.after.changedObjects[at]!))
  const bytes = BigInt(Math.round(of.after.changedBytes[at]!))
  const early = earlyUsd({ ...choice, options: [left] }, of.after)
  const copying = change.fees.map(({ figure, per }) =>
    times(figure.value, per === 'object' ? objects : bytes, figure.unitSize),
  )
  const moving = times(fee.value, objects, fee.unitSize)
  const ruleUsd = left.shelf.provider === 'gcs' ? moving : plus(moving, early)
  const copyUsd = plus(...copying, early)
  // One for the whole store would move Skein's own records.
  const fits = of.prefix !== '' && !of.strays.has(store) && reachesAll(left, of)
  const afterDays = daysOf(entered.class, of.ages)
  const rule = asRule(of.prefix, entered.class, of.ages)
  const isCheaper = fits && compareMoney(ruleUsd, copyUsd) < 0
  const says = { rule, afterDays, leaves: left.class, storageClass: entered.class }
  return { store, ...says, ruleUsd, copyUsd, fits, isCheaper }
}

/** Rules lead to colder classes alone, and S3's from one zone only into what has to be restored. */
function canMove(left: Option, entered: Option): boolean {
  if (!WITH_RULES.has(left.shelf.provider) || left.index >= entered.index) return false
  return left.class !== 'ONEZONE_IA' || entered.restoreRequired
}

function reachesAll({ shelf }: Option, { sizes }: RuleInput): boolean {
  return shelf.provider !== 's3' || sizes.every((step) => leastBytes(step) >= LEAST_BYTES)
}

export type Ruled = Pick<RuleInput, 'prefix' | 'steps' | 'ages'>

/**
 * For each, the stores in which a rule for its prefix would also move what had better stay: older objects that the
 * rule takes up, under the prefix or deeper, that are not advised to go where the rule leads.
 */
export function straysOf(
  { groups, choice, tables }: OptimiseInput,
  { best }: Optimum,
  ruled: readonly Ruled[],
): Set<string>[] {
  const strays = ruled.map(() => new Set<string>())
  let prefix: string | undefined
  let over: number[] = []
  for (let group = 0; group < groups.count; group++) {
    const own = groups.prefixOf(group)
    if (own !== prefix)
      over = ruled.flatMap((one, index) => (own.startsWith(one.prefix) ? [index] : []))
    prefix = own
    if (over.length === 0) continue
    const { present } = tables[groups.placement[group]!]!
    const after = best.codes[group]! < 0 ? [] : optionsIn(choice, best.codes[group]!)
    for (const index of over) {
      const { steps, ages } = ruled[index]!
      if (AGE_STEPS[groups.stepsOf(group).age]! < (ages[0] ?? 0)) continue
      for (const [store, { place }] of choice.stores.entries()) {
        const step = steps.find((one) => one.store === place.name)
        if (!step || !takesUp(choice.stores[store]!.options, step, present[store])) continue
        if (choice.options[after[store] ?? -1]?.class !== step.to) strays[index]!.add(step.store)
      }
    }
  }
  return strays
}

/** Whether the rule moves what lies in this class; what is in one without a price, S3's might. */
function takesUp(options: readonly Option[], { from, to }: Step, held: Present[number]): boolean {
  if (held === null) return false
  if (options[0]?.shelf.provider !== 's3') return held?.class === from
  const entered = options.find((option) => option.class === to)
  return held === undefined || (entered !== undefined && canMove(held, entered))
}

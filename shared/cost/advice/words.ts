// What has to be said beside a recommendation: what cannot be undone or may come otherwise, and how much of what
// would have to change for it to be wrong.

import type { Figure } from '#shared/prices/figure.ts'
import type { Money } from '#shared/prices/money.ts'
import type { Present } from './changes.ts'
import type { Option } from './options.ts'
import type { Step } from './recommend.ts'
import { asNumber } from './totals.ts'

/** Where a class is changed by a copy of the object onto itself, and versions or soft deletion may be on. */
const KEEPS_OLD = new Set(['s3', 'gcs'])

export interface Risky {
  steps: readonly Step[]
  /** Where copies lie afterwards. */
  options: readonly Option[]
  present: Present
  figures: readonly Figure[]
  hasEarly: boolean
}

export function risksOf({ steps, options, present, figures, hasEarly }: Risky): string[] {
  const entered = options.filter((option) => !present.includes(option))
  const flags = new Set(figures.flatMap((figure) => figure.flags))
  return [
    ...entered
      .filter(({ restoreRequired }) => restoreRequired)
      .map(
        ({ class: name }) =>
          `What goes into ${name} has to be restored before it can be read: that takes hours and costs. It cannot simply be undone.`,
      ),
    ...entered
      .filter(({ minimumDays }) => minimumDays > 0)
      .map(
        ({ class: name, minimumDays }) =>
          `${name} is billed for ${minimumDays} days at least: what is deleted, overwritten or moved sooner pays the rest.`,
      ),
    ...entered
      .filter(({ class: name }) => name.includes('ONEZONE'))
      .map(({ class: name }) => `What is in ${name} is lost if its one zone is.`),
    ...steps.flatMap(({ store, from, to }) =>
      to === null && from !== null
        ? [`The copy in ${store} is deleted once others are proven.`]
        : [],
    ),
    ...(entered.some(({ shelf, store }) => present[store] && KEEPS_OLD.has(shelf.provider))
      ? [
          'A bucket that keeps versions, or what was deleted, keeps the object in its old class too, until a rule or somebody deletes that.',
        ]
      : []),
    ...(hasEarly
      ? [
          'Ages count from the last write. What came into its class later has more days missing, and pays more.',
        ]
      : []),
    ...(flags.has('stale') ? ['Some prices were read more than a year ago.'] : []),
    ...(flags.has('unverified')
      ? ['Some prices are general knowledge that nothing confirmed.']
      : []),
    ...(flags.has('region-assumed') ? ['The price of another region stands in for some.'] : []),
  ]
}

export interface Changing {
  monthNow: Money
  monthAfter: Money
  once: Money
  reads: number
  bytes: number
  months: number
}

export function whatWouldChange(sums: Changing): string[] {
  const { months, reads, bytes } = sums
  const month = asNumber(sums.monthNow) - asNumber(sums.monthAfter)
  const once = asNumber(sums.once)
  if (month <= 0) return ['Other constraints.']
  const least = once / month
  return [
    ...(once > 0 ? [`Objects that are deleted within ${least.toFixed(1)} months.`] : []),
    ...(once > 0
      ? [`A horizon of less than ${least.toFixed(1)} months instead of ${months}.`]
      : []),
    reads > 0
      ? `Reads that change: ${share(reads, bytes)} of the bytes are read in a month now.`
      : 'Reads: none are known of now, and what is read from a cheaper class costs by the GB.',
    'Prices that change by more than the saving.',
  ]
}

function share(reads: number, bytes: number): string {
  return bytes === 0 ? 'none' : `${((reads / bytes) * 100).toFixed(1)} %`
}

/** S3 moves into these at this age, and no sooner. */
const LEAST_DAYS: Readonly<Record<string, number>> = { STANDARD_IA: 30, ONEZONE_IA: 30 }

/** What `setup.lifecycle.transitions` of the store would say, for those who want it for new objects too. */
export function asRules(prefix: string, steps: readonly Step[], ages: readonly number[]): string[] {
  return steps.flatMap(({ store, from, to }) => {
    if (from === null || to === null) return []
    return [`setup.lifecycle.transitions of ${store}: ${asRule(prefix, to, ages)}`]
  })
}

export function asRule(prefix: string, storageClass: string, ages: readonly number[]): string {
  const afterDays = daysOf(storageClass, ages)
  return `{ prefix: ${JSON.stringify(prefix)}, afterDays: ${afterDays}, storageClass: ${storageClass} }`
}

export function daysOf(storageClass: string, ages: readonly number[]): number {
  return Math.max(1, ages[0] ?? 0, LEAST_DAYS[storageClass] ?? 0)
}

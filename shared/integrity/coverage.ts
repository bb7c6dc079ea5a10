// Which objects' bytes are due to be read. How much there is of each age is counted first; a day's share, the
// most urgent first and no more than the budget allows, is what a sweep then reads. So it is known before the
// first byte whether a wish of days and a budget can both hold, and what would hold.

import { createHash } from 'node:crypto'
import type { Tally } from '#shared/jobs/job.ts'
import type { PairRecord } from '#shared/compare/pair.ts'
import { NANO } from './costs.ts'
import type { VerifyInput } from './input.ts'
import { COVERAGE_DAYS } from './rules.ts'

const DAY = 86_400_000
/** Ages are told apart to a sixteenth of the time in which everything is to be read. */
const BUCKETS = 16
/** By the next sweep it would be late. */
const URGENT = BUCKETS - 1
/** Old, and never read since Skein knows it: all of it is nobody's fault, and cannot be read in a day. */
const NEVER = BUCKETS

export interface CoverageWish {
  now: number
  /** Undefined: everything is due now. */
  coverageDays: number | undefined
  /** Of this sweep. */
  budgetUsd: number | undefined
  /** Days until the next sweep; one unless it says otherwise. */
  everyDays?: number | undefined
}

export interface CoveragePlan {
  coverageDays: number | undefined
  /** Of a day. */
  budgetUsd: number | undefined
  /** To read everything once. */
  objects: number
  bytes: number
  usd: number
  /** Of what is due now. */
  dueUsd: number
  /** Whether the budget of a day is enough for a day's share. */
  holds: boolean
  /** One sentence; where it does not hold, what would. */
  says: string
  /** What part of each age is due, */
  due: readonly number[]
  /** as of then. */
  now: number
}

export interface Aged {
  key: string
  /** Of the primary's object, in milliseconds since the epoch. */
  modified: number
  records: readonly (PairRecord | undefined)[]
}

export function wishOf(
  { coverageDays, everyDays, budgetUsd }: VerifyInput,
  now: number,
): CoverageWish {
  return { now, coverageDays, budgetUsd, everyDays }
}

/** When the bytes of a key were last read at every pair; undefined: some never were. */
export function verifiedAt(records: Aged['records']): number | undefined {
  let oldest = Number.POSITIVE_INFINITY
  for (const record of records) {
    if (record?.verified === undefined) return undefined
    oldest = Math.min(oldest, record.verified)
  }
  return Number.isFinite(oldest) ? oldest : undefined
}

/** What a key adds to the count of its age; `bytes` and `nano` are what reading it takes. */
export function ageTally(
  aged: Aged,
  wish: CoverageWish,
  { bytes, nano }: { bytes: number; nano: number },
): Tally {
  const age = `age.${bucketOf(aged, wish)}`
  return { [`${age}.objects`]: 1, [`${age}.bytes`]: bytes, [`${age}.nano`]: nano }
}

/** What was written lately was proven as it was copied, so its age begins there. */
function bucketOf({ modified, records }: Aged, wish: CoverageWish): number {
  const { now, coverageDays = COVERAGE_DAYS, everyDays = 1 } = wish
  const at = verifiedAt(records)
  const ageDays = (now - (at ?? modified)) / DAY
  if (ageDays >= coverageDays - everyDays) return at === undefined ? NEVER : URGENT
  return Math.max(0, Math.min(Math.floor((ageDays / coverageDays) * BUCKETS), URGENT - 1))
}

/** The same answer for the same key on the same day, whoever asks. */
export function isDue(aged: Aged, wish: CoverageWish, { due }: Pick<CoveragePlan, 'due'>): boolean {
  const part = due[bucketOf(aged, wish)] ?? 0
  if (part >= 1 || part <= 0) return part >= 1
  const sweep = Math.floor(wish.now / DAY / (wish.everyDays ?? 1))
  const text = `${sweep}\n${aged.key}`
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32 < part
}

/** What is due of one part of the keys costs, by its own count. */
export function dueCost(tally: Tally, due: readonly number[]): number {
  return due.reduce((sum, part, age) => sum + part * (tally[`age.${age}.nano`] ?? 0), 0)
}

export function planCoverage(tally: Tally, wish: CoverageWish): CoveragePlan {
  const { coverageDays, everyDays = 1 } = wish
  const sum = (what: string) =>
    Array.from({ length: BUCKETS + 1 }, (_, age) => tally[`age.${age}.${what}`] ?? 0)
  const ages = { objects: sum('objects'), bytes: sum('bytes'), nano: sum('nano') }
  const usd = total(ages.nano) / NANO
  const budgetUsd = wish.budgetUsd === undefined ? undefined : wish.budgetUsd / everyDays
  const holds = budgetUsd === undefined || usd / (coverageDays ?? 1) <= budgetUsd
  const due = dueOf(ages, wish)
  const plan = {
    coverageDays,
    budgetUsd,
    objects: total(ages.objects),
    bytes: total(ages.bytes),
    usd,
  }
  const dueUsd = dueCost(tally, due) / NANO
  return { ...plan, dueUsd, holds, says: sentence({ ...plan, holds }), due, now: wish.now }
}

/**
 * Urgent ones first, all of them; then a day's share of what was never read, or its rest would wait for ever behind
 * the urgent ones of each day; then by age what the share still has room for. The budget ends it anywhere.
 */
function dueOf(
  ages: Record<'objects' | 'bytes' | 'nano', readonly number[]>,
  { coverageDays, everyDays = 1, budgetUsd = Number.POSITIVE_INFINITY }: CoverageWish,
): number[] {
  const due = Array.from({ length: BUCKETS + 1 }, () => 0)
  const part = coverageDays === undefined ? 1 : Math.min(everyDays / coverageDays, 1)
  const day = {
    objects: total(ages.objects) * part,
    bytes: total(ages.bytes) * part,
  }
  const left = { ...day }
  let nano = budgetUsd * NANO
  const wanted = (age: number, of: typeof day): number =>
    Math.max(share(of.objects, ages.objects[age]), share(of.bytes, ages.bytes[age]))
  for (const age of [URGENT, NEVER, ...Array.from({ length: URGENT }, (_, n) => URGENT - 1 - n)]) {
    const wish = age === URGENT ? 1 : wanted(age, age === NEVER ? day : left)
    const taken = Math.min(wish, share(nano, ages.nano[age]))
    due[age] = taken
    left.objects -= taken * (ages.objects[age] ?? 0)
    left.bytes -= taken * (ages.bytes[age] ?? 0)
    nano -= taken * (ages.nano[age] ?? 0)
  }
  return due
}

/** What part of `there` is enough for `wanted`. */
function share(wanted: number, there = 0): number {
  if (there <= Math.max(wanted, 0)) return 1
  return wanted <= 0 ? 0 : wanted / there
}

function sentence(
  plan: Pick<CoveragePlan, 'coverageDays' | 'budgetUsd' | 'usd' | 'holds'>,
): string {
  const { coverageDays = 1, budgetUsd, usd, holds } = plan
  const daily = usd / coverageDays
  const spread =
    plan.coverageDays === undefined ? '' : `, ${dollars(daily)} a day over ${coverageDays} days`
  const wish = `Reading everything once costs ${dollars(usd)}${spread}`
  if (budgetUsd === undefined) return `${wish}.`
  if (holds) return `${wish}, which ${dollars(budgetUsd)} a day allow.`
  const days = budgetUsd > 0 ? `, or ${Math.ceil(usd / budgetUsd)} days` : ''
  return `${wish}, and ${dollars(budgetUsd)} do not allow it: allow ${dollars(daily)} a day${days}.`
}

/** Rounded up: a budget that is told must be enough. */
function dollars(usd: number): string {
  return `${(Math.ceil(usd * 100 - 1e-9) / 100).toFixed(2)} USD`
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

// How often a workspace's copies are verified, what that may cost, and what is done about what is found; and how a
// configuration writes it. Without this section nothing is swept unless somebody asks.

import * as z from '#shared/shape/shape.ts'
import { duration, toSeconds } from '#shared/storage/schema.ts'
import type { VerifyInput } from './input.ts'

/** In which every object's bytes are to be read once, where nobody says otherwise. */
export const COVERAGE_DAYS = 30

export interface IntegrityRules {
  quickSeconds: number
  deepSeconds: number
  /** Every object's bytes are read once in so many days. */
  coverageDays: number
  /** Of a day. */
  budgetUsd: number | undefined
  read: 'all' | 'cheapest'
  repair: 'report' | 'ask' | 'automatic'
  repairPrimary: boolean
}

export const integrity = z.strictObject({
  quick: z.optional(duration),
  deep: z.optional(duration),
  coverage: z.optional(duration),
  /** US dollars a day. */
  budget: z.optional(z.number().check(z.nonnegative())),
  read: z.optional(z.enum(['all', 'cheapest'])),
  repair: z.optional(z.enum(['report', 'ask', 'automatic'])),
  repairPrimary: z.optional(z.boolean()),
})

const HOUR = 3600
const DAY = 86_400

export function integrityRules(
  written: z.infer<typeof integrity> | undefined,
): IntegrityRules | undefined {
  if (written === undefined) return undefined
  return {
    quickSeconds: toSeconds(written.quick ?? 6 * HOUR),
    deepSeconds: toSeconds(written.deep ?? DAY),
    coverageDays: toSeconds(written.coverage ?? COVERAGE_DAYS * DAY) / DAY,
    budgetUsd: written.budget,
    read: written.read ?? 'all',
    repair: written.repair ?? 'report',
    repairPrimary: written.repairPrimary ?? false,
  }
}

/** What a sweep of this kind is to do. */
export function inputOf(rules: IntegrityRules, mode: 'quick' | 'deep'): VerifyInput {
  const { repair, repairPrimary, read, coverageDays, budgetUsd, deepSeconds } = rules
  const common: VerifyInput = { mode, repair, repairPrimary, coverageDays }
  if (mode === 'quick') return common
  const everyDays = deepSeconds / DAY
  const budget = budgetUsd === undefined ? {} : { budgetUsd: budgetUsd * everyDays }
  return { ...common, read, everyDays, ...budget }
}

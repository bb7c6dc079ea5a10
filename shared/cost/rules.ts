// What a workspace says of its costs, and how a configuration writes it. Nothing is said as a rule: then reports
// and advice are made when they are asked for, and nothing is applied.

import * as z from '#shared/shape/shape.ts'
import { isPublicAddress } from '#shared/wire/public-address.ts'
import { isWebhookSecret } from '#shared/wire/standard-webhook.ts'
import type { Constraints } from './advice/constraints.ts'
import type { PlaceRule } from './places.ts'

export interface Budget {
  name: string
  /** Dollars of the month's forecast. */
  forecastUsd?: number | undefined
  /** GB (10⁹ bytes) sent in a month, by the forecast. */
  egressGb?: number | undefined
  /** Requests a day, on average over the last days. */
  requestsADay?: number | undefined
}

export interface ApplyPolicy {
  /** Of all that is applied at once. */
  maxOnceUsd: number
  /** Of each recommendation, over the horizon. */
  minSavingUsd: number
  maxPayBackMonths: number
  /** Also what cannot be undone. */
  irreversible: boolean
  /** Also lifecycle rules, where they are the cheaper way: they stay, and act on new objects. */
  rules: boolean
}

export interface CostRules {
  places: Readonly<Record<string, PlaceRule>>
  months: number
  constraints: Constraints
  report: 'weekly' | 'never'
  advise: 'monthly' | 'never'
  apply: ApplyPolicy | undefined
  budgets: readonly Budget[]
  webhooks: readonly { url: string; secrets: readonly string[] }[]
}

const text = z.string().check(z.minLength(1))
const amount = z.number().check(z.nonnegative())
const positive = z.number().check(z.positive())

export const constraintFields = {
  copies: z.optional(z.int().check(z.positive())),
  providers: z.optional(z.int().check(z.positive())),
  within: z.optional(z.array(text).check(z.minLength(1))),
  keepPrimary: z.optional(z.boolean()),
  atOnce: z.optional(z.enum(['primary', 'all'])),
  keptDays: z.optional(positive),
  reads: z.optional(z.enum(['primary', 'cheapest'])),
}

const budget = z.strictObject({
  name: text,
  forecastUsd: z.optional(positive),
  egressGb: z.optional(positive),
  requestsADay: z.optional(positive),
})

const URL_PROBLEM = 'an https address of a public host, such as https://hooks.example.com/skein'
const SECRET_PROBLEM = '`whsec_` and 24 to 64 bytes in base64'
const secret = z.string().check(z.refine(isWebhookSecret, SECRET_PROBLEM))

export const cost = z.strictObject({
  /** Where a store is, if its address does not tell: Azure, Google. */
  stores: z.optional(
    z.record(text, z.strictObject({ region: z.optional(text), redundancy: z.optional(text) })),
  ),
  months: z.optional(z.int().check(z.positive())),
  constraints: z.optional(z.strictObject(constraintFields)),
  report: z.optional(z.enum(['weekly', 'never'])),
  advise: z.optional(z.enum(['monthly', 'never'])),
  apply: z.optional(
    z.union([
      z.literal('never'),
      z.strictObject({
        maxOnceUsd: positive,
        minSavingUsd: z.optional(amount),
        maxPayBackMonths: z.optional(positive),
        irreversible: z.optional(z.boolean()),
        rules: z.optional(z.boolean()),
      }),
    ]),
  ),
  budgets: z.optional(z.array(budget)),
  webhooks: z.optional(
    z.array(
      z.strictObject({
        url: z.string().check(z.refine(isPublicAddress, URL_PROBLEM)),
        secrets: z.array(secret).check(z.minLength(1), z.maxLength(2)),
      }),
    ),
  ),
})

const MONTHS = 12
const PAY_BACK_MONTHS = 6

export function costRules(written: z.infer<typeof cost> = {}): CostRules {
  const { stores = {}, months = MONTHS, constraints = {}, apply = 'never' } = written
  return {
    ...{ places: stores, months, constraints },
    report: written.report ?? 'never',
    advise: written.advise ?? 'never',
    apply: apply === 'never' ? undefined : policyOf(apply),
    budgets: written.budgets ?? [],
    webhooks: written.webhooks ?? [],
  }
}

interface WrittenPolicy {
  maxOnceUsd: number
  minSavingUsd?: number | undefined
  maxPayBackMonths?: number | undefined
  irreversible?: boolean | undefined
  rules?: boolean | undefined
}

function policyOf({ maxOnceUsd, ...given }: WrittenPolicy): ApplyPolicy {
  const { minSavingUsd = 1, maxPayBackMonths = PAY_BACK_MONTHS } = given
  const { irreversible = false, rules = false } = given
  return { maxOnceUsd, minSavingUsd, maxPayBackMonths, irreversible, rules }
}

// What a sweep can be asked for.

import * as z from '#shared/shape/shape.ts'

const text = z.string().check(z.minLength(1))

export const verifyInput = z.strictObject({
  /** `quick`: lists, records and, where these say nothing, what providers tell. `deep`: the bytes. */
  mode: z.optional(z.enum(['quick', 'deep'])),
  /** Instead of the workspace's: names or URIs, the one that is right first. */
  stores: z.optional(
    z.array(z.strictObject({ store: text, base: z.optional(z.string()) })).check(z.minLength(1)),
  ),
  /** Only keys that begin so. */
  prefix: z.optional(z.string()),
  /** Only objects that were written since, at any store: an ISO date. */
  since: z.optional(text),
  /** Of a deep sweep: `all` copies are read, or the `cheapest` of each object alone. */
  read: z.optional(z.enum(['all', 'cheapest'])),
  /** Every object's bytes are to be read once in so many days; a sweep reads a day's share of those that are due. */
  coverageDays: z.optional(z.number().check(z.positive())),
  /** Days until the next such sweep; one where nothing is said. */
  everyDays: z.optional(z.number().check(z.positive())),
  /** What this sweep may spend, in US dollars. */
  budgetUsd: z.optional(z.number().check(z.nonnegative())),
  /** Only says what reading would take, and whether the days and the budget can both hold. */
  planOnly: z.optional(z.boolean()),
  repair: z.optional(z.enum(['report', 'ask', 'automatic'])),
  /** Whether the primary may be mended too. */
  repairPrimary: z.optional(z.boolean()),
  /** What was written so recently is given time before anything is said of it. */
  settleSeconds: z.optional(z.number().check(z.nonnegative())),
  /** How many can work on it at once. */
  parts: z.optional(z.int().check(z.positive(), z.maximum(128))),
})

export type VerifyInput = z.infer<typeof verifyInput>

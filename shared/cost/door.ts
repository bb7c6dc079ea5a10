// Cost as the rest of the suite sees it: downloads are counted as they are signed, and what schedules and the
// queue bring is done by what is loaded for it.

import type { Engine } from '#shared/jobs/engine.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import * as z from '#shared/shape/shape.ts'
import type { ReadCounter } from './read-counts.ts'
import { createReadCounter } from './read-counts.ts'
import type { CostRules } from './rules.ts'

const text = z.string().check(z.minLength(1))

/** `begin`: reports and advice that are due. `tell`: a webhook of a budget. `apply`: what a policy allows. */
export const costFields = z.object({
  workspace: text,
  does: z.enum(['begin', 'tell', 'apply']),
  url: z.optional(text),
  id: z.optional(text),
  body: z.optional(text),
  input: z.optional(z.unknown()),
})

export type CostFields = z.infer<typeof costFields>

export interface CostOptions {
  workspace: string
  rules: CostRules
  ledger: Ledger
  jobs: Pick<Engine, 'start'>
  now: () => number
  fetch: typeof fetch
  background: (work: Promise<unknown>) => void
}

export interface Cost {
  /** `bytes`, where it is known how many will be sent. Costs an increment. */
  count: ReadCounter['count']
  run(fields: CostFields): Promise<void>
}

export function openCost(options: CostOptions): Cost {
  const { workspace, ledger, now, background } = options
  const counter = createReadCounter({ workspace, ledger, now, background })
  return {
    count: (...read) => counter.count(...read),
    async run(fields) {
      const { runCost } = await import('./scheduled.ts')
      await runCost(options, fields)
    },
  }
}

export function beginCostTask(workspace: string) {
  return { v: 1 as const, kind: 'cost', workspace, does: 'begin' }
}

// `cost-report` and `cost-advise` as jobs: an inventory, then what is made of it, kept as the job's report.

import { REPORT } from '#shared/jobs/engine.ts'
import type { Job, JobKind, Next, Phase } from '#shared/jobs/job.ts'
import type { JobPlace } from '#shared/jobs/place.ts'
import * as z from '#shared/shape/shape.ts'
import type { Advice } from './advice/advise.ts'
import type { CostPlace } from './analysis.ts'
import { adviceFor, analyse, compare, report } from './analysis.ts'
import { alertsOf, sendAlerts } from './alerts.ts'
import type { Elsewhere } from './compare.ts'
import { inventoryStep, endInventory } from './inventory-job.ts'
import type { Plain } from './plain.ts'
import { toPlain } from './plain.ts'
import type { Report } from './report.ts'
import type { CostRules } from './rules.ts'
import { constraintFields } from './rules.ts'
import { scheduledApply } from './apply/policy.ts'

export type CostJobPlace = JobPlace & { cost: CostRules }

const inventory = z.optional(z.enum(['new', 'last']))

const reportInput = z.strictObject({
  /** `last`: what the last inventory found; nothing is listed. */
  inventory,
  /** How many folders deep prefixes are told apart. */
  depth: z.optional(z.int().check(z.nonnegative())),
  /** With the same data and traffic elsewhere. */
  compare: z.optional(z.boolean()),
  within: constraintFields.within,
})

const adviseInput = z.strictObject({
  inventory,
  months: z.optional(z.int().check(z.positive())),
  constraints: z.optional(z.strictObject(constraintFields)),
  /** What the configuration's policy lets is applied afterwards, by a job of its own. */
  apply: z.optional(z.literal('by-policy')),
})

type ReportInput = z.infer<typeof reportInput>
type AdviseInput = z.infer<typeof adviseInput>

export interface CostReport {
  report: Plain<Report>
  elsewhere?: Plain<Elsewhere>[] | undefined
}

export interface AdviceReport {
  /** Whose stores and keys it is about: ledgers may be shared. */
  workspace: string
  advice: Plain<Advice>
}

export async function reportKind(place: CostJobPlace): Promise<JobKind> {
  const kind: JobKind<ReportInput, null, number> = {
    name: 'cost-report',
    input: reportInput,
    next: (job, ended) => next(job, ended, () => keepReport(place, job)),
    step: (job, part) => inventoryStep(place, job, part),
  }
  return kind
}

export async function adviseKind(place: CostJobPlace): Promise<JobKind> {
  const kind: JobKind<AdviseInput, null, number> = {
    name: 'cost-advise',
    input: adviseInput,
    next: (job, ended) => next(job, ended, () => keepAdvice(place, job)),
    step: (job, part) => inventoryStep(place, job, part),
  }
  return kind
}

/** One part: the listings of all stores are merged as they are read. */
async function next(
  job: Job<{ inventory?: 'new' | 'last' | undefined }>,
  ended: Phase | undefined,
  keep: () => Promise<unknown>,
): Promise<Next<null>> {
  if (!ended && job.input.inventory !== 'last') return { phase: 'inventory', parts: [null] }
  if (ended) await endInventory(job)
  return { done: true, result: await keep() }
}

export function costPlace(place: CostJobPlace): CostPlace {
  const { workspace, stores, ledger, now, cost: rules } = place
  return { workspace, stores, ledger, now, rules, prices: () => place.prices() }
}

async function keepReport(place: CostJobPlace, job: Job<ReportInput>): Promise<unknown> {
  const { depth, within, compare: withOthers } = job.input
  const analysis = await analyse(costPlace(place))
  const made = toPlain(report(analysis, depth))
  const kept: CostReport = {
    report: made,
    ...(withOthers && { elsewhere: toPlain(compare(analysis, within)) }),
  }
  await job.ledger.write(job.own(REPORT), kept)
  const alerts = alertsOf(place.cost.budgets, made, analysis)
  await sendAlerts(place, alerts)
  const { soFar, forecast, objects, bytes } = made
  const sums = { soFarUsd: soFar.amount, forecastUsd: forecast.amount, objects, bytes }
  return { ...sums, ...(alerts.length > 0 && { exceeded: alerts.map(({ budget }) => budget) }) }
}

/** Below the job's own name: the prefixes that its advice tells apart. */
export const PREFIXES = 'prefixes'

async function keepAdvice(place: CostJobPlace, job: Job<AdviseInput>): Promise<unknown> {
  const analysis = await analyse(costPlace(place))
  const advice = toPlain(await adviceFor(analysis, job.input))
  const kept: AdviceReport = { workspace: place.workspace, advice }
  await job.ledger.write(job.own(PREFIXES), [
    ...new Set(analysis.inventory.cells.map(({ prefix }) => prefix)),
  ])
  await job.ledger.write(job.own(REPORT), kept)
  const { saving, months, gapPercent, recommendations } = advice
  const tasks = job.input.apply === undefined ? [] : scheduledApply(place, job.id, advice)
  if (tasks.length > 0) await place.send(tasks)
  return { savingUsd: saving, months, gapPercent, recommendations: recommendations.length }
}

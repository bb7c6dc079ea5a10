// A sweep as a job. A deep one counts first what is due, so that it can say what it will cost; then ranges of keys
// are swept by whoever takes them; then what was found is mended, if that is asked for; then it is reported.

import { splitKeys } from '#shared/compare/splitting.ts'
import { REPORT } from '#shared/jobs/engine.ts'
import type { Job, JobKind, Next, Part, Phase, Step } from '#shared/jobs/job.ts'
import { readPart } from '#shared/jobs/part.ts'
import type { JobPlace } from '#shared/jobs/place.ts'
import { lookBeside } from './beside.ts'
import type { SweepContext } from './context.ts'
import { openContext } from './context.ts'
import type { ReadPrice } from './costs.ts'
import { NANO, readPrices } from './costs.ts'
import { dueCost, planCoverage, wishOf } from './coverage.ts'
import type { CoveragePlan } from './coverage.ts'
import { MENDABLE } from './findings.ts'
import type { VerifyInput } from './input.ts'
import { verifyInput } from './input.ts'
import { countStep } from './count.ts'
import { PIECEWISE_BYTES } from './piecewise.ts'
import type { RepairCursor } from './repair-step.ts'
import { repairStep } from './repair-step.ts'
import { buildReport, planShown, summaryOf } from './report.ts'
import { keepLast } from './last.ts'
import type { Found, SweepCursor, SweepPart } from './sweep.ts'
import { sweepStep } from './sweep.ts'

type VerifyPart = SweepPart | { beside: string } | { repair: true }
type Cursor = SweepCursor | RepairCursor

const PLAN = 'plan'
const DEFAULT_PARTS = 8

export async function verifyKind(
  place: JobPlace,
  { piecewiseBytes = PIECEWISE_BYTES } = {},
): Promise<JobKind> {
  const kind: JobKind<VerifyInput, VerifyPart, Cursor> = {
    name: 'verify',
    input: verifyInput,
    commands: ['repair'],
    next: (job, ended, command) => next(place, job, ended, command),
    step: (job, part) => step(place, job, part, piecewiseBytes),
  }
  return kind
}

async function next(
  place: JobPlace,
  job: Job<VerifyInput>,
  ended: Phase | undefined,
  command: string | undefined,
): Promise<Next<VerifyPart>> {
  const { input } = job
  if (command === 'repair') return repairPhase
  if (!ended) {
    const context = await openContext(place, input)
    const ranges = await splitKeys(context.places[0]!, context.order, input.parts ?? DEFAULT_PARTS)
    if (input.mode === 'deep') return { phase: 'count', parts: ranges.map((range) => ({ range })) }
    return { phase: 'sweep', parts: [...ranges.map((range) => ({ range })), ...besides(context)] }
  }
  if (ended.name === 'count') return sweepPhase(place, job, ended)
  const mendable = [...MENDABLE].reduce((sum, one) => sum + (ended.tally?.[`found.${one}`] ?? 0), 0)
  if (ended.name === 'sweep' && mendable > 0 && input.repair === 'automatic') return repairPhase
  const { report, summary } = await keepReport(place, job, ended)
  if (ended.name === 'sweep' && mendable > 0 && input.repair === 'ask') {
    return { ready: `${report.says} Ask for repair, or cancel it.`, result: summary }
  }
  return { done: true, result: summary }
}

const repairPhase: Next<VerifyPart> = { phase: 'repair', parts: [{ repair: true }] }

function besides({ places }: SweepContext): VerifyPart[] {
  return places.map(({ store }) => ({ beside: store.name }))
}

/** The same ranges, each with its share of what may be spent. */
async function sweepPhase(
  place: JobPlace,
  job: Job<VerifyInput>,
  counted: Phase,
): Promise<Next<VerifyPart>> {
  const { budgetUsd } = job.input
  const plan = planCoverage(counted.tally ?? {}, wishOf(job.input, job.now()))
  await job.ledger.write(job.own(PLAN), plan)
  if (job.input.planOnly) return { done: true, result: { plan: planShown(plan) } }
  const context = await openContext(place, job.input)
  const number = job.phases.length - 1
  const cut = (await job.partsOf(number)) as readonly SweepPart[]
  const parts = await Promise.all(
    cut.map(async (part, at) => {
      if (budgetUsd === undefined) return part
      const { tally } = await readPart(job.ledger, { job: job.id, phase: number, part: at })
      const whole = plan.dueUsd * NANO
      const share = whole > 0 ? dueCost(tally, plan.due) / whole : 0
      return { ...part, nano: share * budgetUsd * NANO }
    }),
  )
  return { phase: 'sweep', parts: [...parts, ...besides(context)] }
}

async function step(
  place: JobPlace,
  job: Job<VerifyInput>,
  part: Part<VerifyPart, Cursor>,
  piecewiseBytes: number,
): Promise<Step<Cursor>> {
  const context = await openContext(place, job.input)
  if ('beside' in part.of) return besideStep(context, part.of.beside, part)
  const prices = await pricesOf(place, context)
  if ('repair' in part.of) {
    const repairing = { context, prices, piecewiseBytes }
    return repairStep(repairing, job, part as Part<VerifyPart, RepairCursor>)
  }
  const { input } = job
  const log = place.log
  const plan =
    part.phase === 'sweep' && input.mode === 'deep'
      ? await job.ledger.read<CoveragePlan>(job.own(PLAN))
      : undefined
  const sweeping = part as Part<SweepPart, SweepCursor>
  const sweep = { context, input, prices, plan, log, piecewiseBytes }
  return part.phase === 'count' ? countStep(sweep, sweeping) : sweepStep(sweep, sweeping)
}

function pricesOf(place: JobPlace, { places }: SweepContext): Promise<ReadPrice[]> {
  return readPrices(
    places.map(({ store }) => store),
    () => place.prices(),
  )
}

async function besideStep(
  { places, now }: SweepContext,
  name: string,
  part: Part<VerifyPart, Cursor>,
): Promise<Step<Cursor>> {
  const { store } = places.find((one) => one.store.name === name)!
  const findings = await lookBeside(store, now(), part.signal)
  const tally: Record<string, number> = {}
  for (const finding of findings) {
    part.note('findings', { finding, records: [], size: finding.size ?? 0 } satisfies Found)
    tally[`found.${finding.kind}`] = (tally[`found.${finding.kind}`] ?? 0) + 1
  }
  return { tally }
}

async function keepReport(place: JobPlace, job: Job<VerifyInput>, ended: Phase) {
  const context = await openContext(place, job.input)
  const prices = await pricesOf(place, context)
  const plan = await job.ledger.read<CoveragePlan>(job.own(PLAN))
  const report = await buildReport({ place, job, ended, context, prices, plan })
  await job.ledger.write(job.own(REPORT), report.signed)
  const summary = summaryOf(report.report)
  if (context.workspace !== '' && job.input.stores === undefined)
    await keepLast(job.ledger, context.workspace, report.report)
  return { report: report.report, summary }
}

// A migration as a job. It takes stock, and rests with its plan; told to start, it copies and verifies until both
// sides agree or it can say what does not; then it rests again, for the cutover, for another pass, for the way
// back, or for the clean-up of the source. Nothing is switched or removed that is not verified.

import { splitKeys } from '#shared/compare/splitting.ts'
import { REPORT } from '#shared/jobs/engine.ts'
import type { Job, JobKind, Next, Part, Phase, Step } from '#shared/jobs/job.ts'
import { cleanUpStep, objectionToCleanUp } from './clean-up.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import { openMigration } from './context.ts'
import { copyStep } from './copy-step.ts'
import { cutOverStep, objectionToCutOver, objectionToReturning, returnStep } from './cut-over.ts'
import type { MigrateInput } from './input.ts'
import { migrateInput } from './input.ts'
import { inventoryStep } from './inventory.ts'
import { planMigration } from './planning.ts'
import type { Cursor, MigratePart } from './parts.ts'
import { buildReport } from './report.ts'
import { undoParts, undoStep } from './undo.ts'
import { verifyStep } from './verify-step.ts'

const DEFAULT_PARTS = 8
/** Copies and verifications in turn: what still differs after so many keeps changing, or cannot be copied. */
const ROUNDS = 3
export const PLAN = 'plan'

type MigrateJob = Job<MigrateInput>

export async function migrateKind(place: MigrationPlace): Promise<JobKind> {
  const kind: JobKind<MigrateInput, MigratePart, Cursor> = {
    name: 'migrate',
    input: migrateInput,
    commands: ['start', 'cutover', 'rollback', 'cleanup'],
    next: (job, ended, command) => next(place, job, ended, command),
    step: (job, part) => step(place, job, part),
  }
  return kind
}

async function next(
  place: MigrationPlace,
  job: MigrateJob,
  ended: Phase | undefined,
  command: string | undefined,
): Promise<Next<MigratePart>> {
  const context = await openMigration(place, job.id, job.input)
  if (command === 'start') return begin(context, job)
  if (command === 'cutover') return switchOver(context, job)
  if (command === 'cleanup') return cleanUp(context, job)
  if (command === 'rollback') return goBack(context, job)
  if (!ended) return { phase: 'inventory', parts: await rangesOf(context, job) }
  return follow(place, context, job, ended)
}

async function follow(
  place: MigrationPlace,
  context: MigrationContext,
  job: MigrateJob,
  ended: Phase,
): Promise<Next<MigratePart>> {
  if (ended.name === 'inventory') {
    const plan = await planMigration(place, context, job)
    await job.ledger.write(job.own(PLAN), plan)
    await job.ledger.write(job.own(REPORT), plan)
    return { ready: `${plan.says} Start it, or cancel it.`, result: { says: plan.says } }
  }
  if (ended.name === 'copy') return { phase: 'verify', parts: await rangesOf(context, job) }
  if (ended.name === 'verify' && isToBeRepeated(job, ended)) return begin(context, job)
  if (ended.name === 'return' && !context.switchable) return undoing(job)
  const { says, result } = await buildReport(place, context, job, ended)
  return ended.name === 'undo' || ended.name === 'return' || ended.name === 'cleanup'
    ? { done: true, result }
    : { ready: says, result }
}

/** What differs is copied once more; what was found wrong as often as that is for a person. */
function isToBeRepeated({ phases }: MigrateJob, { tally = {} }: Phase): boolean {
  const { behind = 0, wrong = 0 } = tally
  if (behind + wrong === 0) return false
  const started = phases.findLastIndex(({ name }) => name !== 'copy' && name !== 'verify')
  const rounds = phases.slice(started + 1).filter(({ name }) => name === 'verify').length
  return rounds < ROUNDS
}

async function begin(context: MigrationContext, job: MigrateJob): Promise<Next<MigratePart>> {
  if (job.input.dryRun) {
    return { ready: 'Not started: it is a dry run, which moves nothing; plan it without.' }
  }
  if (job.phases.some(({ name }) => name === 'cutover')) {
    return {
      ready: 'It has been cut over: nothing more is to be copied. Roll it back, or clean up.',
    }
  }
  return { phase: 'copy', parts: await rangesOf(context, job) }
}

async function switchOver(context: MigrationContext, job: MigrateJob): Promise<Next<MigratePart>> {
  const objection = await objectionToCutOver(context, job)
  if (objection !== undefined) return { ready: `Not cut over: ${objection}` }
  return { phase: 'cutover', parts: [{ once: true }] }
}

async function cleanUp(context: MigrationContext, job: MigrateJob): Promise<Next<MigratePart>> {
  const objection = await objectionToCleanUp(context, job)
  if (objection !== undefined) return { ready: `Nothing was removed: ${objection}` }
  return { phase: 'cleanup', parts: await rangesOf(context, job) }
}

async function goBack(context: MigrationContext, job: MigrateJob): Promise<Next<MigratePart>> {
  const last = job.phases.at(-1)?.name
  if (last === 'undo' || last === 'return') return { done: true }
  if (job.phases.some(({ name }) => name === 'cleanup')) {
    return {
      ready:
        'Not rolled back: the source has been cleaned up, so there is nothing to go back to. Migrate the other way.',
    }
  }
  if (!context.switchable) return undoing(job)
  const objection = await objectionToReturning(context)
  if (objection !== undefined) return { ready: `Not rolled back: ${objection}` }
  return { phase: 'return', parts: [{ once: true }] }
}

async function undoing(job: MigrateJob): Promise<Next<MigratePart>> {
  return { phase: 'undo', parts: await undoParts(job) }
}

async function rangesOf(
  { from, order }: MigrationContext,
  { input }: MigrateJob,
): Promise<MigratePart[]> {
  const ranges = await splitKeys(from, order, input.parts ?? DEFAULT_PARTS)
  return ranges.map((range) => ({ range }))
}

const STEPS = {
  inventory: inventoryStep,
  copy: copyStep,
  verify: verifyStep,
  cutover: cutOverStep,
  return: returnStep,
  undo: undoStep,
  cleanup: cleanUpStep,
} as const

async function step(
  place: MigrationPlace,
  job: MigrateJob,
  part: Part<MigratePart, Cursor>,
): Promise<Step<Cursor>> {
  const context = await openMigration(place, job.id, job.input)
  const work = STEPS[part.phase as keyof typeof STEPS]
  return work(place, context, job, part)
}

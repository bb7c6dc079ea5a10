// `cost-apply` as a job. First it rests with its plan: what it would do, for how much, and what it leaves. Told to
// apply, it goes through the prefixes, looks at each object again, and changes those that are still as advice
// found them, within what may be spent. `rollback` brings classes back that it changed, where they can be read.

import { REPORT } from '#shared/jobs/engine.ts'
import type { Job, JobKind, Next, Part, Phase, Step } from '#shared/jobs/job.ts'
import { names } from '#shared/jobs/job.ts'
import { readNotes } from '#shared/jobs/part.ts'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { readInventories } from '../ledger.ts'
import type { AdviceReport, CostJobPlace } from '../report-job.ts'
import { ownerIn } from './owner.ts'
import type { ApplyPart } from './plan.ts'
import { planApply } from './plan.ts'
import { chosenBy } from './policy.ts'
import { changeClass, makeCopy } from './change.ts'
import type { Changed } from './undo.ts'
import { undoStep } from './undo.ts'
import { walkStep } from './walk.ts'

const applyInput = z.strictObject({
  /** The job whose advice it is. */
  advice: z.string().check(z.minLength(1)),
  /** Recommendations by their ids; absent: all of them. */
  only: z.optional(z.array(z.string())),
  /** Those that the configuration's policy lets be applied, within what it lets be spent. */
  byPolicy: z.optional(z.boolean()),
  maxOnceUsd: z.optional(z.number().check(z.positive())),
  irreversible: z.optional(z.boolean()),
  /** False: it begins without resting first. */
  dryRun: z.optional(z.boolean()),
})

type ApplyInput = z.infer<typeof applyInput>
type Of = ApplyPart | { undo: true }
type Cursor = string | number

const PLAN = 'plan'

export async function applyKind(place: CostJobPlace): Promise<JobKind> {
  const kind: JobKind<ApplyInput, Of, Cursor> = {
    name: 'cost-apply',
    input: applyInput,
    commands: ['apply', 'rollback'],
    next: (job, ended, command) => next(place, job, ended, command),
    step: (job, part) => step(place, job, part),
  }
  return kind
}

async function next(
  { workspace, stores, cost }: CostJobPlace,
  job: Job<ApplyInput>,
  ended: Phase | undefined,
  command: string | undefined,
): Promise<Next<Of>> {
  if (command === 'rollback') return { phase: 'undo', parts: [{ undo: true }] }
  if (ended) return whatCameOfIt(job, ended)
  const advised = await job.ledger.read<AdviceReport>(names.own(job.input.advice, REPORT))
  if (!advised?.advice) throw noAdvice(job.input.advice, workspace)
  const { recommendations } = advised.advice
  const chosen = job.input.byPolicy ? chosenBy(cost.apply, recommendations) : job.input
  const plan = planApply(recommendations, chosen, stores[0]!.name)
  await job.ledger.write(job.own(PLAN), plan)
  await job.ledger.write(job.own(REPORT), plan)
  if (plan.parts.length === 0) return { done: true, result: { says: plan.says, left: plan.left } }
  if (command === 'apply' || job.input.dryRun === false)
    return { phase: 'apply', parts: plan.parts }
  return { ready: `${plan.says} Ask for apply, or cancel it.`, result: { left: plan.left.length } }
}

async function whatCameOfIt(job: Job<ApplyInput>, ended: Phase): Promise<Next<Of>> {
  const plan = await job.ledger.read<object>(job.own(PLAN))
  const { nano = 0, ...counts } = ended.tally ?? {}
  const result = { phase: ended.name, ...counts, spentUsd: (nano / 1e9).toFixed(6) }
  await job.ledger.write(job.own(REPORT), { ...plan, result })
  if (ended.name === 'undo') return { done: true, result }
  return {
    ready:
      'It is applied. Ask for rollback to bring classes back, while copies that were made stay, or cancel to leave it so.',
    result,
  }
}

async function step(
  place: CostJobPlace,
  job: Job<ApplyInput>,
  part: Part<Of, Cursor>,
): Promise<Step<Cursor>> {
  const [primary] = place.stores
  const change = { place: { seal: place.seal, workspace: place.workspace }, primary: primary! }
  const find = (name: string): Store => place.stores.find((store) => store.name === name)!
  if ('undo' in part.of) {
    const changed = readNotes<Changed>(job.ledger, job.id, 'changed')
    return undoStep(changed, part as Part<Of, number>, (one) =>
      changeClass(change, find(one.store), one.key, { from: one.to, to: one.from }),
    )
  }
  const { last } = await readInventories(job.ledger, place.workspace)
  const owner = ownerIn((last?.cells ?? []).map(({ prefix }) => prefix))
  return walkStep({
    ...{ stores: place.stores, workspace: place.workspace, now: job.now(), owner },
    of: part.of,
    part: part as Part<ApplyPart, string>,
    async change(key, { store, from, to }) {
      if (to === null) return false
      if (from === null) return makeCopy(change, find(store), key, to)
      return changeClass(change, find(store), key, { from, to })
    },
  })
}

function noAdvice(id: string, workspace: string): StorageError {
  const message = `The job ${id.slice(0, 80)} of ${workspace} has no advice to apply; begin one of the kind cost-advise.`
  return new StorageError('not-found', message)
}

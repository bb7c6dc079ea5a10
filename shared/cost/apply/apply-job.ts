// `cost-apply` as a job. First it rests with its plan: what it would do, for how much, and what it leaves. Told to
// apply, it goes through the prefixes, looks at each object again, and changes those that are still as advice
// found them, within what may be spent; where a lifecycle rule is the cheaper way, it writes that. `rollback` brings
// classes back that it changed, where they can be read, and takes the rules away that it wrote.

import { REPORT } from '#shared/jobs/engine.ts'
import type { Job, JobKind, Next, Part, Phase, Step } from '#shared/jobs/job.ts'
import { names } from '#shared/jobs/job.ts'
import { readNotes } from '#shared/jobs/part.ts'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import type { AdviceReport, CostJobPlace } from '../report-job.ts'
import { PREFIXES } from '../report-job.ts'
import { ownerIn } from './owner.ts'
import type { ApplyPart, PlannedRule } from './plan.ts'
import { planApply } from './plan.ts'
import { chosenBy } from './policy.ts'
import { changeClass, makeCopy } from './change.ts'
import type { Changed } from './undo.ts'
import { undoStep } from './undo.ts'
import type { RulesPart } from './rules.ts'
import { NOTED_RULES, lookedAt, rulesParts, rulesStep } from './rules.ts'
import type { WalkCursor } from './walk.ts'
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
  /** Each object is copied, also where a lifecycle rule does it for less. */
  copies: z.optional(z.boolean()),
  /** False: it begins without resting first. */
  dryRun: z.optional(z.boolean()),
})

type ApplyInput = z.infer<typeof applyInput>
type Of = ApplyPart | RulesPart | { undo: true }
type Cursor = WalkCursor | string | number

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
  place: CostJobPlace,
  job: Job<ApplyInput>,
  ended: Phase | undefined,
  command: string | undefined,
): Promise<Next<Of>> {
  const { workspace, stores, cost } = place
  if (command === 'rollback') return { phase: 'undo', parts: await undoParts(job) }
  if (ended) return whatCameOfIt(job, ended)
  const advised = await job.ledger.read<AdviceReport>(names.own(job.input.advice, REPORT))
  if (advised?.workspace !== workspace) throw noAdvice(job.input.advice, workspace)
  const { recommendations } = advised.advice
  const chosen = job.input.byPolicy ? chosenBy(cost.apply, recommendations) : job.input
  const planned = planApply(recommendations, chosen, stores[0]!.name, job.id)
  const plan = await lookedAt(planned, (name) => storeIn(place, name))
  await job.ledger.write(job.own(PLAN), plan)
  await job.ledger.write(job.own(REPORT), plan)
  const parts = [...plan.parts, ...rulesParts('write', plan.rules)]
  if (parts.length === 0) return { done: true, result: { says: plan.says, left: plan.left } }
  if (command === 'apply' || job.input.dryRun === false) return { phase: 'apply', parts }
  return { ready: `${plan.says} Ask for apply, or cancel it.`, result: { left: plan.left.length } }
}

async function undoParts({ ledger, id }: Job): Promise<Of[]> {
  const rules: PlannedRule[] = []
  for await (const rule of readNotes<PlannedRule>(ledger, id, NOTED_RULES)) rules.push(rule)
  return [{ undo: true }, ...rulesParts('remove', rules)]
}

async function whatCameOfIt(job: Job<ApplyInput>, ended: Phase): Promise<Next<Of>> {
  const plan = await job.ledger.read<object>(job.own(PLAN))
  const { nano = 0, ...counts } = ended.tally ?? {}
  const result = { phase: ended.name, ...counts, spentUsd: (nano / 1e9).toFixed(6) }
  await job.ledger.write(job.own(REPORT), { ...plan, result })
  if (ended.name === 'undo') return { done: true, result }
  return {
    ready:
      'It is applied. Ask for rollback to bring classes back, which is charged as any change is, and to take its lifecycle rules away, while copies that were made stay; or cancel to leave it so.',
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
  const find = (name: string): Store => storeIn(place, name)
  if ('undo' in part.of) {
    const changed = readNotes<Changed>(job.ledger, job.id, 'changed')
    return undoStep(changed, part as Part<Of, number>, (one) =>
      changeClass(change, find(one.store), one.key, { from: one.to, to: one.from }),
    )
  }
  if ('does' in part.of) return rulesStep(part.of, part as Part<Of, string>, find)
  // As the advice told them apart: an inventory since may have folded others.
  const prefixes = await job.ledger.read<string[]>(names.own(job.input.advice, PREFIXES))
  const owner = ownerIn(prefixes ?? [])
  return walkStep({
    ...{ stores: place.stores, workspace: place.workspace, now: job.now(), owner },
    of: part.of,
    part: part as Part<ApplyPart, WalkCursor>,
    async change(key, { store, from, to }) {
      if (to === null) return false
      if (from === null) return makeCopy(change, find(store), key, to)
      return changeClass(change, find(store), key, { from, to })
    },
  })
}

function storeIn({ workspace, stores }: CostJobPlace, name: string): Store {
  const found = stores.find((store) => store.name === name)
  if (found) return found
  const message = `The store ${name} is none of ${workspace}'s any more; ask for advice anew.`
  throw new StorageError('invalid', message, { store: name })
}

function noAdvice(id: string, workspace: string): StorageError {
  const message = `The job ${id.slice(0, 80)} of ${workspace} has no advice to apply; begin one of the kind cost-advise.`
  return new StorageError('not-found', message)
}

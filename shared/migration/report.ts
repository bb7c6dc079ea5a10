// What a migration has to say once it rests: what moved, how it was proven, what it cost against the plan, what was
// refused and why, and where it stands. Signed, so that it can be checked years later.

import type { Grade } from '#shared/compare/grade.ts'
import { GRADES } from '#shared/compare/grade.ts'
import { REPORT } from '#shared/jobs/engine.ts'
import type { Job, Phase, Tally } from '#shared/jobs/job.ts'
import { addTallies } from '#shared/jobs/job.ts'
import { readNotes } from '#shared/jobs/part.ts'
import { signReport } from '#shared/jobs/signed-report.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import type { MigrateInput } from './input.ts'
import type { MigrationPlan } from './plan.ts'

export type Standing = 'differs' | 'verified' | 'cut-over' | 'rolled-back' | 'cleaned-up'

export interface KeyNote {
  key: string
  why: string
}

export interface MigrationReport {
  v: 1
  kind: 'migrate'
  job: string
  workspace: string
  from: string
  to: string
  began: string
  ended: string
  standing: Standing
  /** One or two sentences: where it stands, and what can be asked for next. */
  says: string
  moved: {
    objects: number
    bytes: number
    /** Known to be there already. */
    same: number
    /** Something else was there: kept aside, or left as it was. */
    replaced: number
    kept: number
    /** Brought over, and then deleted at the source. */
    deleted: number
  }
  /** Objects of the source, by how it is known that the destination holds the same; at the last verification. */
  proven: Record<Grade, number>
  /** Not there yet, and not right, at the last verification. */
  behind: number
  wrong: number
  failed: readonly KeyNote[]
  unproven: readonly KeyNote[]
  /** Left as they were, at either side, and why. */
  left: readonly KeyNote[]
  losses: readonly { key: string; what: string; reason: string }[]
  /** Of these lists there are more than a report holds. */
  leftOut: number
  refused: MigrationPlan['refused']
  undone?: { removed: number; restored: number; left: number } | undefined
  cleaned?: { removed: number; bytes: number; left: number } | undefined
  cost: { plannedUsd: string; spentUsd: string; requests: number; unknown: number }
  time: { plannedSeconds: number | undefined; tookSeconds: number }
  truth?: { acting: string; epoch: number; drainsUntil?: string | undefined } | undefined
}

const SHOWN = 1000
const NANO = 1e9

export async function buildReport(
  place: MigrationPlace,
  context: MigrationContext,
  job: Job<MigrateInput>,
  ended: Phase,
): Promise<{ says: string; result: unknown }> {
  const plan = await job.ledger.read<MigrationPlan>(job.own('plan'))
  if (!plan) throw new Error(`The plan of the migration ${job.id} is gone from the ledger.`)
  const report = await reportOf(context, job, [...job.phases.slice(0, -1), ended], plan)
  await job.ledger.write(job.own(REPORT), await signReport(place.seal, report))
  const { says, standing, moved } = report
  return { says, result: { standing, says, moved } }
}

async function reportOf(
  context: MigrationContext,
  job: Job<MigrateInput>,
  phases: readonly Phase[],
  plan: MigrationPlan,
): Promise<MigrationReport> {
  const all = (name: string) => addTallies(phases.filter((one) => one.name === name).map(tallyOf))
  const last = (name: string) => tallyOf(phases.findLast((one) => one.name === name))
  const [copied, copying, verified] = [all('copy'), last('copy'), last('verify')]
  const lists = await listsOf(job, phases)
  const spent = addTallies(phases.map(tallyOf))
  const truth = await truthOf(context)
  const told = {
    ...{ v: 1 as const, kind: 'migrate' as const, job: job.id, workspace: context.workspace },
    ...{ from: plan.from, to: plan.to, began: phases[0]!.began },
    ended: new Date(job.now()).toISOString(),
    standing: standingOf(phases, verified, copying),
    moved: {
      objects: copied['copied'] ?? 0,
      bytes: copied['copied.bytes'] ?? 0,
      same: copying['same'] ?? 0,
      replaced: copied['replaced'] ?? 0,
      kept: copying['kept'] ?? 0,
      deleted: copied['deleted'] ?? 0,
    },
    proven: Object.fromEntries(
      GRADES.map((grade) => [grade, verified[`verified.${grade}`] ?? 0]),
    ) as Record<Grade, number>,
    behind: verified['behind'] ?? 0,
    wrong: verified['wrong'] ?? 0,
    ...lists,
    refused: plan.refused,
    ...undone(last('undo')),
    ...cleaned(last('cleanup')),
    cost: {
      plannedUsd: plan.totals.onceUsd,
      spentUsd: ((spent['nano'] ?? 0) / NANO).toFixed(6),
      requests: spent['requests'] ?? 0,
      unknown: plan.totals.unknown,
    },
    time: {
      plannedSeconds: plan.time.seconds,
      tookSeconds: secondsOf(phases, job.now()),
    },
    ...(truth && { truth }),
  }
  return { ...told, says: sayingOf(told, plan) }
}

function tallyOf(phase: Phase | undefined): Tally {
  return phase?.tally ?? {}
}

/** Of copying, and of the verification that has just ended: in between, the job may have rested. */
function secondsOf(phases: readonly Phase[], now: number): number {
  const at = phases.map(({ began }) => Date.parse(began))
  const each = phases.map(({ name }, index) => {
    const isLast = index === phases.length - 1
    if (name === 'copy') return (at[index + 1] ?? now) - at[index]!
    return isLast && name === 'verify' ? now - at[index]! : 0
  })
  return each.reduce((sum, one) => sum + one, 0) / 1000
}

/** Of the last copy and the last verification: what failed before has been tried again. */
async function listsOf({ ledger, id }: Job<MigrateInput>, phases: readonly Phase[]) {
  let leftOut = 0
  const listed = async <Item>(list: string, phase?: number): Promise<Item[]> => {
    const items: Item[] = []
    if (phase === -1) return items
    for await (const item of readNotes<Item>(ledger, id, list, phase)) {
      if (items.length < SHOWN) items.push(item)
      else leftOut++
    }
    return items
  }
  const last = (name: string) => phases.findLastIndex((phase) => phase.name === name)
  const failed = await listed<KeyNote>('failed', last('copy'))
  const unproven = await listed<KeyNote>('wrong', last('verify'))
  const left = await listed<KeyNote>('left')
  const losses = await listed<MigrationReport['losses'][number]>('losses')
  return { failed, unproven, left, losses, leftOut }
}

function standingOf(phases: readonly Phase[], verified: Tally, copying: Tally): Standing {
  const name = phases.at(-1)?.name
  if (name === 'cutover') return 'cut-over'
  if (name === 'undo' || name === 'return') return 'rolled-back'
  if (name === 'cleanup') return 'cleaned-up'
  const { behind = 0, wrong = 0 } = verified
  return behind + wrong + (copying['failed'] ?? 0) > 0 ? 'differs' : 'verified'
}

function undone({ removed = 0, restored = 0, left = 0, ...rest }: Tally) {
  return Object.keys(rest).length + removed + restored + left > 0
    ? { undone: { removed, restored, left } }
    : {}
}

function cleaned(tally: Tally) {
  const { removed = 0, left = 0 } = tally
  if (removed + left === 0) return {}
  return { cleaned: { removed, bytes: tally['removed.bytes'] ?? 0, left } }
}

async function truthOf({ switchable, from }: MigrationContext): Promise<MigrationReport['truth']> {
  if (!switchable) return undefined
  const { acting, epoch, behind } = await switchable.state()
  const late = behind[from.store.name]?.lateUntil
  return {
    ...{ acting, epoch },
    ...(late !== undefined && { drainsUntil: new Date(late).toISOString() }),
  }
}

type Told = Omit<MigrationReport, 'says'>

function sayingOf(told: Told, plan: MigrationPlan): string {
  const { standing, from, to, proven, undone: back, cleaned: clean, truth } = told
  const refused = plan.refused.reduce((sum, { objects }) => sum + objects, 0)
  const not = refused > 0 ? ` ${refused} cannot be moved at all, as the plan says.` : ''
  const count = GRADES.reduce((sum, grade) => sum + proven[grade], 0)
  if (standing === 'verified') {
    const then = plan.switches
      ? 'Ask for cutover to switch the writes over, for start to copy what has changed since'
      : `Point your applications at ${to}, and ask for cleanup later, for start to copy what has changed since`
    return `All ${count} objects that can be moved are proven to be at ${to}.${not} ${then}, or for rollback.`
  }
  if (standing === 'differs') {
    return `${count} objects are proven to be at ${to}; ${told.wrong} are not right there, ${told.behind} have changed at ${from} since, and ${told.failed.length} could not be copied: the report names them.${not} Ask for start to try again, or for rollback.`
  }
  if (standing === 'cut-over') {
    const until = truth?.drainsUntil
    const late = until
      ? ` What URLs of before still bring to ${from} until ${until} is carried over.`
      : ''
    return `Writes go to ${truth?.acting ?? to} since the cutover.${late} Ask for rollback to go back without losing what is written meanwhile.`
  }
  if (standing === 'cleaned-up') {
    return `${clean?.removed ?? 0} verified objects were removed from ${from}; ${clean?.left ?? 0} were left.`
  }
  if (truth)
    return `Writes go to ${truth.acting} again, which holds all that was written meanwhile. The copies at ${to} stay, since it is a store of the workspace.`
  const { removed = 0, restored = 0, left = 0 } = back ?? {}
  const changed = left > 0 ? `, but for ${left} that others have changed since` : ''
  return `${to} is as it was before${changed}: ${removed} objects removed, ${restored} restored.`
}

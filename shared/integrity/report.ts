// What a sweep has to say: how many copies are known to be right and how that is known, what is wrong, what was
// mended, what it cost, and how long ago each object's bytes were really looked at.

import type { Grade } from '#shared/compare/grade.ts'
import { GRADES } from '#shared/compare/grade.ts'
import type { Job, Phase, Tally } from '#shared/jobs/job.ts'
import { addTallies } from '#shared/jobs/job.ts'
import { readNotes } from '#shared/jobs/part.ts'
import type { JobPlace } from '#shared/jobs/place.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { signReport } from '#shared/jobs/signed-report.ts'
import type { SweepContext } from './context.ts'
import type { ReadPrice } from './costs.ts'
import { NANO } from './costs.ts'
import type { CoveragePlan } from './coverage.ts'
import type { Finding, FindingKind } from './findings.ts'
import { FINDING_KINDS, LOST } from './findings.ts'
import type { VerifyInput } from './input.ts'
import { COVERAGE_DAYS } from './rules.ts'
import type { Repair } from './repair.ts'
import type { Oldest } from './counts.ts'
import { isOlder } from './counts.ts'
import type { Found } from './sweep.ts'

export type Health = 'healthy' | 'degraded' | 'critical'

export interface SweepReport {
  v: 1
  kind: 'verify'
  job: string
  workspace: string
  mode: 'quick' | 'deep'
  /** Which copies of an object a deep sweep reads. */
  read: 'all' | 'cheapest'
  stores: { name: string; provider: string; role: 'primary' | 'replica' }[]
  began: string
  ended: string
  state: Health
  /** One sentence. */
  says: string
  objects: number
  bytes: number
  /** Copies that are known to be right, by how that is known. */
  same: Record<Grade, number>
  /** By kind, as they were found. */
  found: Record<FindingKind, number>
  /** Those that nothing has mended, the first of them. */
  findings: Finding[]
  findingsLeftOut: number
  /** Objects that changed while they were looked at, or too short a time before. */
  pending: number
  /** Objects whose bytes were due and were left for the budget. */
  overBudget: number
  /** Objects whose bytes were due and lie in an archive, where nothing can be read before a restore. */
  archived: number
  repairs: { counts: Record<Repair['outcome'], number>; items: Repair[] }
  requests: { list: number; head: number; get: number }
  readBytes: number
  /** As if read from the internet. */
  usd: number
  /** Stores whose prices nobody knows, which are counted as nothing. */
  unpriced: { store: string; reason: string }[]
  coverage: Coverage
  plan?: Omit<CoveragePlan, 'due' | 'now'> | undefined
}

export interface Coverage {
  days: number
  /** Objects whose bytes were read within so many days, later, and never since Skein knows them. */
  inTime: number
  late: number
  never: number
  sharePercent: number
  oldest?: { key: string; since: string; never: boolean } | undefined
}

const SHOWN = 1000

export interface Reporting {
  place: JobPlace
  job: Job<VerifyInput>
  /** With the tally of the last phase. */
  ended: Phase
  context: SweepContext
  prices: readonly ReadPrice[]
  plan: CoveragePlan | undefined
}

export async function buildReport(
  reporting: Reporting,
): Promise<{ report: SweepReport; signed: SignedReport<SweepReport> }> {
  const { place, job, ended, context, prices, plan } = reporting
  const { input, id, phases } = job
  const tally = addTallies(
    phases.map((phase, at) => (at === phases.length - 1 ? ended : phase).tally ?? {}),
  )
  const repairs = await repairsOf(job)
  const left = await findingsLeft(job, repairs.mended)
  const { state } = left
  const shown = planIn(plan)
  const report: SweepReport = {
    ...{ v: 1, kind: 'verify', job: id, workspace: context.workspace, mode: input.mode ?? 'quick' },
    read: input.read ?? 'all',
    stores: context.places.map(({ store }, at) => {
      return { name: store.name, provider: store.row.id, role: at === 0 ? 'primary' : 'replica' }
    }),
    began: phases[0]?.began ?? new Date(job.now()).toISOString(),
    ended: new Date(job.now()).toISOString(),
    ...{ state, says: saysOf(tally, left, repairs.counts) },
    ...{ objects: tally['objects'] ?? 0, bytes: tally['bytes'] ?? 0 },
    same: counts(GRADES, tally, 'same'),
    found: counts(FINDING_KINDS, tally, 'found'),
    ...{ findings: left.shown, findingsLeftOut: left.count - left.shown.length },
    pending: tally['pending'] ?? 0,
    overBudget: tally['over-budget'] ?? 0,
    archived: tally['archived'] ?? 0,
    repairs: { counts: repairs.counts, items: repairs.items },
    requests: counts(['list', 'head', 'get'] as const, tally, 'requests'),
    readBytes: tally['read.bytes'] ?? 0,
    usd: (tally['nano'] ?? 0) / NANO,
    unpriced: prices.flatMap(({ store, unknown }) => (unknown ? [{ store, reason: unknown }] : [])),
    coverage: await coverageOf(job, tally),
    ...(shown && { plan: shown }),
  }
  return { report, signed: await signReport(place.seal, report) }
}

/** Without what only a sweep needs. */
export function planShown(plan: CoveragePlan): NonNullable<SweepReport['plan']> {
  const { coverageDays, budgetUsd, objects, bytes, usd, dueUsd, holds, says } = plan
  return { coverageDays, budgetUsd, objects, bytes, usd, dueUsd, holds, says }
}

/** Where nothing was wished for, nothing was planned. */
function planIn(plan: CoveragePlan | undefined): SweepReport['plan'] {
  const isPlanned = plan?.coverageDays !== undefined || plan?.budgetUsd !== undefined
  return plan && isPlanned ? planShown(plan) : undefined
}

function counts<Name extends string>(
  names: readonly Name[],
  tally: Tally,
  group: string,
): Record<Name, number> {
  const all = names.map((name) => [name, tally[`${group}.${name}`] ?? 0])
  return Object.fromEntries(all) as Record<Name, number>
}

async function repairsOf({ ledger, id }: Job) {
  const all: Record<Repair['outcome'], number> = {
    mended: 0,
    gone: 0,
    moved: 0,
    left: 0,
    failed: 0,
  }
  const items: Repair[] = []
  const mended = new Set<string>()
  for await (const repair of readNotes<Repair>(ledger, id, 'repairs')) {
    all[repair.outcome]++
    if (repair.outcome === 'mended' || repair.outcome === 'gone') mended.add(placeOf(repair))
    if (items.length < SHOWN) items.push(repair)
  }
  return { counts: all, items, mended }
}

function placeOf({ store, key }: { store: string; key: string }): string {
  return `${store}\n${key}`
}

interface Left {
  count: number
  shown: Finding[]
  state: Health
}

/** Critical: something of which no right copy is left. */
async function findingsLeft({ ledger, id }: Job, mended: ReadonlySet<string>): Promise<Left> {
  const left: Left = { count: 0, shown: [], state: 'healthy' }
  for await (const { finding } of readNotes<Found>(ledger, id, 'findings')) {
    if (mended.has(placeOf(finding))) continue
    left.count++
    if (left.shown.length < SHOWN) left.shown.push(finding)
    if (!LOST.has(finding.kind)) continue
    const isLast = finding.right !== undefined && finding.right.length === 0
    if (isLast && finding.kind !== 'differs') left.state = 'critical'
    else if (left.state === 'healthy') left.state = 'degraded'
  }
  return left
}

async function coverageOf(
  { ledger, id, input }: Job<VerifyInput>,
  tally: Tally,
): Promise<Coverage> {
  let oldest: Oldest | undefined
  for await (const one of readNotes<Oldest>(ledger, id, 'oldest')) {
    if (!oldest || isOlder(oldest, one.since, one.never)) oldest = one
  }
  const read = counts(['in-time', 'late', 'never'] as const, tally, 'read')
  const all = read['in-time'] + read.late + read.never
  return {
    days: input.coverageDays ?? COVERAGE_DAYS,
    ...{ inTime: read['in-time'], late: read.late, never: read.never },
    sharePercent: all === 0 ? 100 : Math.floor((read['in-time'] / all) * 10_000) / 100,
    ...(oldest && {
      oldest: { key: oldest.key, since: new Date(oldest.since).toISOString(), never: oldest.never },
    }),
  }
}

function saysOf(
  tally: Tally,
  { count, state }: Left,
  repairs: Record<Repair['outcome'], number>,
): string {
  const objects = tally['objects'] ?? 0
  const of = `${objects} ${objects === 1 ? 'object' : 'objects'}`
  const mended = repairs.mended > 0 ? `, ${repairs.mended} mended` : ''
  if (count === 0) return `${of} looked at, nothing wrong${mended}.`
  const what = state === 'critical' ? ', some of it without a right copy left' : ''
  return `${of} looked at, ${count} ${count === 1 ? 'finding' : 'findings'}${what}${mended}.`
}

/** For a list of jobs. */
export function summaryOf(report: SweepReport) {
  const { state, says, same, found, repairs, coverage, plan } = report
  return {
    state,
    says,
    same,
    found,
    repairs: repairs.counts,
    coverage,
    ...(plan && { plan: plan.says }),
  }
}

// The migration that a command is about, and who works on it: this process, or a suite that runs elsewhere. It is
// named by its plan's file, which says where its records are, or by its id.

import { readFile } from 'node:fs/promises'
import type { Job } from '#shared/client/protocol.ts'
import type { JobView } from '#shared/jobs/engine.ts'
import { canonicalJson } from '#shared/jobs/signed-report.ts'
import type { MigrateInput } from '#shared/migration/input.ts'
import type { MigrationPlan } from '#shared/migration/plan.ts'
import { pause } from '#shared/wire/retry.ts'
import type { Context, OptionRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import { ENDPOINT, deployed } from './deployed.ts'
import { jobsHere, runHere } from './jobs-here.ts'
import { keepHeapSmall } from '../heap.ts'

export const NAMED: readonly OptionRow[] = [
  { flags: '--workspace <name>', summary: 'whose migration it is, where only its id is given' },
  { flags: '--records <store>', summary: 'where its records are, where only its id is given' },
  ENDPOINT,
]

/** What is written for review, and what `start` takes. */
export interface PlanFile {
  plan: MigrationPlan
  /** The store that holds the job's records; absent for a workspace, whose ledger does. */
  records?: string | undefined
}

export interface Seen {
  id: string
  state: Job['state']
  why?: string | undefined
  phase: string | undefined
  /** Of that phase. */
  tally: Readonly<Record<string, number>>
  /** The last key that is known to be through, of some part. */
  at?: string | undefined
  result?: unknown
}

export type Verb = 'start' | 'pause' | 'resume' | 'cancel' | 'cutover' | 'rollback' | 'cleanup'

export interface MigrateDoor {
  begin(input: MigrateInput): Promise<string>
  view(id: string): Promise<Seen>
  report(id: string): Promise<unknown>
  tell(id: string, verb: Verb): Promise<Seen>
  /** Until it rests. */
  follow(id: string, onView: (seen: Seen) => void): Promise<Seen>
}

const AT_ONCE = 2
const LOOK_SECONDS = 1
const BY = 'skein migrate'

export interface About {
  workspace?: string | undefined
  records?: string | undefined
}

export async function openDoor(
  context: Context,
  options: Options,
  { workspace, records }: About,
): Promise<MigrateDoor> {
  const endpoint = options.text('endpoint')
  if (endpoint !== undefined) {
    if (!workspace)
      throw new UsageError('Name the workspace: a suite elsewhere moves only its own.')
    return doorThere(context, endpoint, workspace)
  }
  if (workspace) return doorHere(context, { workspace })
  if (records) return doorHere(context, { ledger: records })
  throw new UsageError(
    'Give the file of the plan, or say with --workspace or --records whose it is.',
  )
}

async function doorHere(
  context: Context,
  about: Parameters<typeof jobsHere>[1],
): Promise<MigrateDoor> {
  keepHeapSmall()
  const jobs = await jobsHere(context, about)
  const { engine } = jobs
  const tellers: Record<Verb, (id: string) => Promise<JobView>> = {
    pause: (id) => engine.pause(id, 'Paused by the command line.'),
    resume: (id) => engine.resume(id),
    cancel: (id) => engine.cancel(id),
    start: (id) => engine.command(id, 'start'),
    cutover: (id) => engine.command(id, 'cutover'),
    rollback: (id) => engine.command(id, 'rollback'),
    cleanup: (id) => engine.command(id, 'cleanup'),
  }
  return {
    // Nobody else takes a part of it: more of them than run at once would only wait.
    begin: async (input) => (await engine.start('migrate', { parts: AT_ONCE, ...input }, BY)).id,
    view: async (id) => seen(await engine.view(id)),
    report: (id) => engine.report(id),
    tell: async (id, verb) => seen(await tellers[verb](id)),
    async follow(id, onView) {
      const told = (view: JobView) => onView(seen(view))
      return seen(await runHere(context, jobs, id, { atOnce: AT_ONCE, onView: told }))
    },
  }
}

/** As a job is seen, here or there. */
function seen({ id, state, why, progress, result }: JobView | Job): Seen {
  const { phase, tally = {}, at } = progress ?? {}
  return { id, state, why, phase, tally, at, result }
}

function doorThere(context: Context, endpoint: string, workspace: string): MigrateDoor {
  const api = deployed(context, endpoint, workspace)
  const view = async (id: string) => seen(await api.call<Job>('GET', `jobs/${id}`))
  return {
    async begin(input) {
      const body = { kind: 'migrate', options: { ...input } }
      return (await api.call<Job>('POST', 'jobs', { body })).id
    },
    view,
    report: (id) => api.call('GET', `jobs/${id}/report`),
    tell: async (id, verb) => seen(await api.call<Job>('POST', `jobs/${id}/${verb}`)),
    async follow(id, onView) {
      for (;;) {
        const now = await view(id)
        onView(now)
        if (now.state !== 'running') return now
        await pause(LOOK_SECONDS, context.signal)
      }
    },
  }
}

export interface Named extends About {
  id: string
  /** As the file has it. */
  plan?: MigrationPlan | undefined
}

/** By the file of its plan, or by its id. */
export async function namedMigration(
  context: Context,
  given: string,
  options: Options,
): Promise<Named> {
  const text = await readFile(given, 'utf8').catch(() => undefined)
  if (text === undefined) {
    if (!/^[\w-]+$/.test(given)) throw new UsageError(`There is no file ${given}.`)
    const workspace = options.text('workspace') ?? (await onlyWorkspace(context, options))
    return { id: given, workspace, records: options.text('records') }
  }
  const { plan, records } = readPlan(text, given)
  return { id: plan.job, plan, workspace: plan.workspace || undefined, records }
}

async function onlyWorkspace(context: Context, options: Options): Promise<string | undefined> {
  if (options.text('records') !== undefined) return undefined
  const names = [...(await context.config()).workspaces.keys()]
  return names.length === 1 ? names[0] : undefined
}

function readPlan(text: string, path: string): PlanFile {
  try {
    const data = JSON.parse(text) as Partial<PlanFile> | null
    if (typeof data?.plan?.job === 'string') return data as PlanFile
  } catch {
    // What is no JSON is no plan either.
  }
  throw new UsageError(`${path} is no plan of a migration; make one with skein migrate plan.`)
}

/** What was reviewed is what is done. */
export async function checkPlan(door: MigrateDoor, { id, plan }: Named): Promise<void> {
  if (!plan) return
  const kept = await door.report(id)
  // Once it has begun, its report has taken the plan's place.
  const isPlan = typeof kept === 'object' && kept !== null && 'inventory' in kept
  if (!isPlan || canonicalJson(kept) === canonicalJson(plan)) return
  throw new UsageError(
    'The plan was changed after it was made; make another with the options that you want.',
  )
}

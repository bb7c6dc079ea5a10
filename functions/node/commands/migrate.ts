// `migrate`: what one place, or a whole workspace, holds is brought to another: planned and priced, copied and
// proven, cut over, and undone where that is wanted. Interrupted, it pauses; it goes on with `migrate resume`.

import { writeFile } from 'node:fs/promises'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { planHtml, reportHtml } from '#shared/migration/html.ts'
import type { MigrationPlan } from '#shared/migration/plan.ts'
import type { MigrationReport } from '#shared/migration/report.ts'
import { printable } from '../terminal/format.ts'
import type { CommandRow, Context, OptionRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import { ENDPOINT } from './deployed.ts'
import type { NamedPlace } from './job-places.ts'
import { placeNamed, recordsAt } from './job-places.ts'
import type { MigrateDoor, Named, Seen, Verb } from './migrate-door.ts'
import { NAMED, checkPlan, namedMigration, openDoor } from './migrate-door.ts'
import { PLAN_OPTIONS, readWishes } from './migrate-options.ts'
import { planPage, reportPage, seenPage } from './migrate-page.ts'
import { PROGRESS, showProgress } from './migrate-progress.ts'

const plan: CommandRow = {
  name: 'migrate plan',
  parameters: '[workspace]',
  summary: 'What moving would take, and cost; nothing is moved',
  about:
    'Lists both sides and looks at some of the objects. With a workspace, all that its primary holds moves to one of its replicas, and its writes can be switched over in the end; otherwise --from and --to name any two places. The plan is what `migrate start` does.',
  options: [
    ...PLAN_OPTIONS,
    { flags: '-n, --dry-run', summary: 'say of each object what would happen to it' },
    { flags: '--save <file>', summary: 'write the plan there, for review and for `migrate start`' },
    { flags: '--html <file>', summary: 'the same as a page' },
    { flags: '--records <store>', summary: 'where the job is kept (the last that can)' },
    PROGRESS,
    ENDPOINT,
  ],
  examples: [
    ['skein migrate plan app --to west --save plan.json', 'a workspace'],
    ["skein migrate plan --from 's3://photos?region=eu-west-1' --to gs://photos -n", 'two buckets'],
  ],
  async run(context, [workspace], options) {
    const places = await placesOf(context, workspace, options)
    const input = readWishes(context, options, places)
    const records =
      workspace === undefined
        ? await recordsAt(context, places, options.text('records'))
        : undefined
    const door = await openDoor(context, options, { workspace, records })
    const seen = await followed(context, door, await door.begin(input), options)
    if (seen.state !== 'ready') return tellSeen(context, seen)
    const made = (await door.report(seen.id)) as MigrationPlan
    const path = options.text('save')
    if (path !== undefined)
      await save(path, `${JSON.stringify({ plan: made, records }, null, 2)}\n`)
    await saveHtml(options, () => planHtml(made))
    context.out.answer(made, () => [...wouldLines(made), planPage(made)].join('\n'))
    if (input.dryRun) await door.tell(seen.id, 'cancel')
    context.out.remark(
      input.dryRun
        ? 'Nothing has been moved. The same without --dry-run makes a plan that can be started.'
        : `Nothing has been moved. It goes on with: skein migrate start ${path ?? seen.id}`,
    )
  },
}

async function placesOf(
  context: Context,
  workspace: string | undefined,
  options: Options,
): Promise<[NamedPlace, NamedPlace]> {
  const { workspaces } = await context.config()
  const home = workspace === undefined ? undefined : workspaces.get(workspace)?.primary
  if (workspace !== undefined && home === undefined && options.text('endpoint') === undefined) {
    const known = [...workspaces.keys()].join(', ') || 'none'
    throw new UsageError(`There is no workspace "${workspace}"; the configuration has ${known}.`)
  }
  const from = options.text('from') ?? home
  const to = options.text('to')
  if (from === undefined || to === undefined) {
    throw new UsageError('Say what moves where: --from and --to, or a workspace and --to.')
  }
  // A suite elsewhere knows its own stores.
  if (options.text('endpoint') !== undefined) return [{ store: from }, { store: to }]
  return [await placeNamed(context, from), await placeNamed(context, to)]
}

function wouldLines({ would }: MigrationPlan): string[] {
  if (!would) return []
  const lines = would.objects.map((one) => `${one.would.padEnd(8)} ${printable(one.key)}`)
  return [...lines, ...(would.leftOut > 0 ? [`… and ${would.leftOut} more`] : []), '']
}

interface Before {
  context: Context
  door: MigrateDoor
  named: Named
  options: Options
}

interface Step {
  name: Verb
  summary: string
  about?: string
  options?: readonly OptionRow[]
  /** False: that was all. */
  before?: (call: Before) => Promise<boolean>
}

/** A command that has the job go on, and is told of it until it rests. */
function step({ name, summary, about, options: own = [], before }: Step): CommandRow {
  return {
    name: `migrate ${name}`,
    parameters: '<plan>',
    summary,
    ...(about !== undefined && { about }),
    options: [
      ...own,
      { flags: '--save <file>', summary: 'keep the signed report' },
      { flags: '--html <file>', summary: 'the report as a page' },
      PROGRESS,
      ...NAMED,
    ],
    async run(context, [given = ''], options) {
      const named = await namedMigration(context, given, options)
      const door = await openDoor(context, options, named)
      if (before && !(await before({ context, door, named, options }))) return
      await door.tell(named.id, name)
      const seen = await followed(context, door, named.id, options, named.plan)
      await tellReport(context, door, seen, options)
    },
  }
}

const start = step({
  name: 'start',
  summary: 'Do what a plan says: copy and prove, object by object',
  about:
    'Takes the file of a plan, or the id of its job. Copies what is new or changed, proves every object, and goes round again for what has changed meanwhile. Asked again, it brings over what has changed since. Ctrl-C pauses it.',
  async before({ door, named }) {
    await checkPlan(door, named)
    return true
  },
})

const resume = step({
  name: 'resume',
  summary: 'Take up a migration that was paused or broken off',
})

const cutover = step({
  name: 'cutover',
  summary: 'Have the writes of the workspace go to the destination',
  about:
    'Only once all is proven to be there, nothing is set aside, and changes are no later than --max-lag of the plan. URLs that were signed before live on: what they bring to the old store is carried over.',
})

const rollback = step({
  name: 'rollback',
  summary: 'Undo it',
  about:
    'Before a cutover of two places: what it created at the destination is removed and what it replaced is restored, as far as nobody has changed it since. After a cutover: the writes go back, once the old primary holds all that was written meanwhile.',
})

const cleanup = step({
  name: 'cleanup',
  summary: 'Remove from the source what is proven to be at the destination',
  about:
    'Without --yes it tells what it would remove and what leaving early costs. Not before the grace time of the plan is over, nor while anything may still arrive at the source.',
  options: [{ flags: '--yes', summary: 'do it' }],
  async before({ context, named: { plan: made }, options }) {
    if (options.flag('yes')) return true
    const early = made?.once.filter(({ what }) => what.startsWith('deleting early')) ?? []
    const objects = made?.inventory.objects
    const fees = early.map(
      ({ what, usd }) => `${what}: ${usd ?? 'unknown'} USD at the time of the plan`,
    )
    context.out.answer({ objects, early }, () =>
      [
        `${objects ?? 'All'} objects at the source would be looked at again, and those that are proven to be at the destination removed.`,
        ...(fees.length > 0 ? fees : ['Leaving early costs nothing, as far as the plan tells.']),
      ].join('\n'),
    )
    context.out.remark('Nothing has been removed. The same with --yes does it.')
    return false
  },
})

const pause: CommandRow = {
  name: 'migrate pause',
  parameters: '<plan>',
  summary: 'Stop a migration, wherever it is worked on; it goes on from there',
  options: NAMED,
  async run(context, [given = ''], options) {
    const named = await namedMigration(context, given, options)
    const door = await openDoor(context, options, named)
    tellSeen(context, await door.tell(named.id, 'pause'), 'paused')
  },
}

const status: CommandRow = {
  name: 'migrate status',
  parameters: '<plan>',
  summary: 'How far a migration is',
  options: NAMED,
  async run(context, [given = ''], options) {
    const named = await namedMigration(context, given, options)
    const door = await openDoor(context, options, named)
    tellSeen(context, await door.view(named.id), 'paused')
  },
}

const report: CommandRow = {
  name: 'migrate report',
  parameters: '<plan>',
  summary: 'What moved, how it was proven, what it cost; signed',
  about: 'Before it has begun, its plan. `skein verify --report FILE` checks one offline.',
  options: [
    { flags: '--save <file>', summary: 'keep the signed report' },
    { flags: '--html <file>', summary: 'the same as a page' },
    ...NAMED,
  ],
  async run(context, [given = ''], options) {
    const named = await namedMigration(context, given, options)
    const door = await openDoor(context, options, named)
    await tellReport(context, door, await door.view(named.id), options)
  },
}

export const MIGRATE: readonly CommandRow[] = [
  ...[plan, start, status, pause, resume],
  ...[cutover, rollback, cleanup, report],
]

async function followed(
  context: Context,
  door: MigrateDoor,
  id: string,
  options: Options,
  made?: MigrationPlan,
): Promise<Seen> {
  const shown = showProgress(context, options, made)
  try {
    return await door.follow(id, (seen) => shown.update(seen))
  } finally {
    shown.end()
  }
}

function tellSeen(context: Context, seen: Seen, fine: 'ready' | 'paused' = 'ready'): void {
  context.out.answer(seen, () => seenPage(seen))
  if (seen.state === 'paused' && fine !== 'paused') context.failed()
}

/** A job that rests as it did, since what was asked for cannot be done yet. */
const REFUSED = /^(Not|Nothing) /

type Signed = SignedReport<MigrationReport>

async function tellReport(
  context: Context,
  door: MigrateDoor,
  seen: Seen,
  options: Options,
): Promise<void> {
  const found = (await door.report(seen.id)) as Signed | MigrationPlan
  const isReport = 'report' in found
  const path = options.text('save')
  if (path !== undefined) await save(path, `${JSON.stringify(found, null, 2)}\n`)
  await saveHtml(options, () => (isReport ? reportHtml(found.report) : planHtml(found)))
  const { state, why } = seen
  context.out.answer({ state, why, ...found }, () => {
    const page = isReport ? reportPage(found.report) : planPage(found)
    // What it rests for, where that is more than its report says.
    const rests = why !== undefined && !(isReport && found.report.says === why)
    return rests ? `${page}\n\n${state}: ${why}` : page
  })
  const differs = isReport && found.report.standing === 'differs'
  if (seen.state === 'paused' || differs || REFUSED.test(why ?? '')) context.failed()
}

async function save(path: string, text: string): Promise<void> {
  await writeFile(path, text)
}

async function saveHtml(options: Options, page: () => string): Promise<void> {
  const path = options.text('html')
  if (path !== undefined) await save(path, page())
}

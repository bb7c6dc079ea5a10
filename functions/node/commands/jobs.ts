// `jobs`: long work of a workspace, listed, looked at, stopped and taken up again. What is resumed here is
// worked off here, whoever began it.

import type { JobView } from '#shared/jobs/engine.ts'
import type { JobRecord } from '#shared/jobs/job.ts'
import { formatCount, formatTime } from '../terminal/format.ts'
import { facts, table } from '../terminal/table.ts'
import type { CommandRow, Context, Options } from './command.ts'
import type { JobsHere } from './jobs-here.ts'
import { jobsHere, runHere } from './jobs-here.ts'

const DEFAULT_AT_ONCE = 4

export const jobsList: CommandRow = {
  name: 'jobs list',
  parameters: '<workspace>',
  summary: 'The jobs of a workspace, newest first',
  async run(context, [workspace = '']) {
    const { engine } = await jobsHere(context, { workspace })
    const jobs = await engine.list()
    context.out.answer({ jobs: jobs.map(summary) }, () =>
      jobs.length === 0
        ? 'No jobs.'
        : table(
            [{ title: 'JOB' }, { title: 'STATE' }, { title: 'CHANGED' }, { title: 'WHY' }],
            jobs.map(({ id, state, changed, why = '' }) => [
              ...[id, state, formatTime(new Date(changed)), why],
            ]),
          ),
    )
  },
}

function summary({ id, kind, state, created, changed, why }: JobRecord) {
  return { id, kind, state, created, changed, why }
}

export const jobsShow: CommandRow = {
  name: 'jobs show',
  parameters: '<workspace> <job>',
  summary: 'How far a job is',
  run: (context, [workspace = '', id = '']) =>
    withJob(context, workspace, ({ engine }) => engine.view(id)),
}

export const jobsPause: CommandRow = {
  name: 'jobs pause',
  parameters: '<workspace> <job>',
  summary: 'Stop a job, wherever it is worked on; it goes on from there',
  run: (context, [workspace = '', id = '']) =>
    withJob(context, workspace, ({ engine }) => engine.pause(id, 'Paused by the command line.')),
}

export const jobsCancel: CommandRow = {
  name: 'jobs cancel',
  parameters: '<workspace> <job>',
  summary: 'End a job where it is',
  run: (context, [workspace = '', id = '']) =>
    withJob(context, workspace, ({ engine }) => engine.cancel(id)),
}

export const jobsResume: CommandRow = {
  name: 'jobs resume',
  parameters: '<workspace> <job>',
  summary: 'Take up a job and work it off here',
  about: 'Ctrl-C pauses it again.',
  options: [{ flags: '--at-once <steps>', summary: `steps at a time (${DEFAULT_AT_ONCE})` }],
  run: (context, [workspace = '', id = ''], options) =>
    withJob(context, workspace, async (jobs) => {
      await jobs.engine.resume(id)
      return runHere(context, jobs, id, { atOnce: atOnce(options) })
    }),
}

export const jobsRepair: CommandRow = {
  name: 'jobs repair',
  parameters: '<workspace> <job>',
  summary: 'Mend here what a sweep has found and asks about',
  run: (context, [workspace = '', id = '']) =>
    withJob(context, workspace, async (jobs) => {
      await jobs.engine.command(id, 'repair')
      return runHere(context, jobs, id, { atOnce: DEFAULT_AT_ONCE })
    }),
}

export const jobsReport: CommandRow = {
  name: 'jobs report',
  parameters: '<workspace> <job>',
  summary: 'What a job has to report, as JSON',
  async run(context, [workspace = '', id = '']) {
    const { engine } = await jobsHere(context, { workspace })
    const report = await engine.report(id)
    context.out.answer(report, () => JSON.stringify(report, null, 2))
  },
}

function atOnce(options: Options): number {
  const given = Number(options.text('atOnce') ?? DEFAULT_AT_ONCE)
  return Number.isSafeInteger(given) && given > 0 ? Math.min(given, 256) : DEFAULT_AT_ONCE
}

async function withJob(
  context: Context,
  workspace: string,
  work: (jobs: JobsHere) => Promise<JobView>,
): Promise<void> {
  const view = await work(await jobsHere(context, { workspace }))
  context.out.answer(view, () => jobPage(view))
  if (view.state === 'paused') context.failed()
}

export function jobPage(view: JobView): string {
  const { id, kind, state, why, created, changed, progress, tally } = view
  return facts([
    ['Job', id],
    ['Kind', kind],
    ['State', state],
    ['Why', why],
    ['Begun', formatTime(new Date(created))],
    ['Changed', formatTime(new Date(changed))],
    [
      'Phase',
      progress && `${progress.phase}, ${progress.ended} of ${progress.parts} parts through`,
    ],
    ...Object.entries(tally).map(([name, count]): [string, string] => [name, formatCount(count)]),
  ])
}

export const JOBS = [jobsList, jobsShow, jobsPause, jobsResume, jobsCancel, jobsRepair, jobsReport]

// `cost apply`: first what would be done, for how much; with --yes, done. Undone with --undo, where that is possible.

import { styleText } from 'node:util'
import type { ApplyPlan } from '#shared/cost/apply/plan.ts'
import { dollars, stepsIn } from '#shared/cost/pages.ts'
import type { JobView } from '#shared/jobs/engine.ts'
import { formatCount, printable } from '../terminal/format.ts'
import { table } from '../terminal/table.ts'
import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'
import { jobsHere, runHere } from './jobs-here.ts'

const AT_ONCE = 4

export const costApply: CommandRow = {
  name: 'cost apply',
  parameters: '<workspace> <job>',
  summary: 'Do what a job of advice has recommended',
  about:
    'Without --yes it tells what it would do. Objects are looked at again: what has changed since is passed over. Bytes, metadata and tags stay, and replicas stay copies. What goes into an archive is only done with --irreversible. Where a lifecycle rule of the bucket does the same for less, that is written, named skein-cost-*, and stays until it is undone. With --undo, the job is one of apply: classes go back to what they were, and its rules go.',
  options: [
    { flags: '--yes', summary: 'do it' },
    { flags: '--only <id>', summary: 'only this recommendation', many: true },
    { flags: '--budget <usd>', summary: 'what it may cost at once' },
    { flags: '--irreversible', summary: 'also what cannot simply be undone' },
    { flags: '--copies', summary: 'copy each object, also where a lifecycle rule costs less' },
    { flags: '--undo', summary: 'bring back what a job of apply has changed' },
  ],
  examples: [
    ['skein cost apply app cost-advise-20261121T101500-5b02c1', 'what it would do'],
    ['skein cost apply app cost-advise-20261121T101500-5b02c1 --yes --budget 20', 'do it'],
  ],
  async run(context, [workspace, given], options) {
    const jobs = await jobsHere(context, { workspace: workspace! })
    const budget = options.text('budget')
    if (budget !== undefined && !(Number(budget) > 0))
      throw new UsageError(`--budget takes dollars, not "${budget}".`)
    const only = options.texts('only')
    const undo = options.flag('undo')
    const started = undo
      ? await jobs.engine.command(given!, 'rollback')
      : await jobs.engine.start('cost-apply', {
          advice: given,
          ...(only && { only: [...only] }),
          ...(budget !== undefined && { maxOnceUsd: Number(budget) }),
          irreversible: options.flag('irreversible'),
          copies: options.flag('copies'),
          dryRun: !options.flag('yes'),
        })
    const view = await runHere(context, jobs, started.id, { atOnce: AT_ONCE })
    const report = await jobs.engine.report(started.id).catch(() => undefined)
    const isDry = !undo && !options.flag('yes')
    // What was only shown is not left behind, waiting to be told to begin.
    if (isDry && view.state === 'ready') await jobs.engine.cancel(started.id)
    context.out.answer({ job: view, report }, () => {
      const plan = planned(view, report as ApplyPlan | undefined)
      return [...plan, ...(isDry ? [] : told(view, workspace!))].join('\n')
    })
    if (isDry) context.out.remark('Nothing has been changed. The same with --yes does it.')
    if (view.state === 'paused') context.failed()
  },
}

const DONE = ['changed', 'undone', 'rules', 'rules-removed']

/** What it would do, one line a change, and why the rest is left; once it is done, the counts say more. */
function planned(view: JobView, plan: ApplyPlan | undefined): string[] {
  if (!plan || DONE.some((name) => name in view.tally)) return []
  const rows = plan.parts.map(({ id, prefix, steps, objects, onceUsd }) => [
    ...[id, prefix || '(all)', stepsIn({ steps, readFrom: '', readNow: '' })],
    ...[formatCount(objects), dollars(String(onceUsd))],
  ])
  const columns = [
    ...[{ title: 'ID' }, { title: 'PREFIX' }, { title: 'WHAT' }],
    ...[
      { title: 'OBJECTS', right: true },
      { title: 'ONCE', right: true },
    ],
  ]
  const rules = plan.rules.map(({ of, store, usd, objects, ...rule }) => [
    ...[of, rule.prefix, `${store}: ${rule.leaves} → ${rule.storageClass}, by a rule`],
    ...[formatCount(objects), dollars(String(usd))],
  ])
  const differences = plan.differences.map(({ store, removed, added }) =>
    [
      `${printable(store)}, lifecycle rules:`,
      ...removed.map((line) => styleText('red', `  - ${printable(line)}`)),
      ...added.map((line) => styleText('green', `  + ${printable(line)}`)),
    ].join('\n'),
  )
  const left = plan.left.map(({ id, why }) => `Left: ${printable(id)}: ${why}`)
  const all = [...rows, ...rules]
  return [...(all.length > 0 ? [table(columns, all)] : []), ...differences, ...left, plan.says]
}

function told(view: JobView, workspace: string): string[] {
  const counts = Object.entries(view.tally)
    .filter(([name]) => name !== 'nano')
    .map(([name, count]) => `${name} ${formatCount(Math.round(count))}`)
  const undo = `To undo it: skein cost apply ${workspace} ${view.id} --undo. Copies that it made stay, and so does what a rule has moved.`
  const isDone = view.state === 'ready' && ('changed' in view.tally || 'rules' in view.tally)
  const says = isDone ? undo : `${view.id} is ${view.state}. ${view.why ?? ''}`.trim()
  return [...counts, says]
}

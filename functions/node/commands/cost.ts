// `cost`: what a workspace costs, what it would elsewhere, what to change, and the change made. Each is a job,
// worked off here, so that what is interrupted goes on with `skein jobs resume`.

import { writeFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { AdviceReport, CostReport } from '#shared/cost/report-job.ts'
import { htmlPage } from '#shared/cost/html.ts'
import {
  adviceSheet,
  compareSheet,
  dollars,
  reportSheets,
  rulesIn,
  toCsv,
} from '#shared/cost/pages.ts'
import type { Sheet } from '#shared/cost/pages.ts'
import type { JobView } from '#shared/jobs/engine.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'
import { table } from '../terminal/table.ts'
import type { CommandRow, Context, OptionRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import { costApply } from './cost-apply.ts'
import { costImport } from './cost-import.ts'
import { keepYoungSmall } from '../heap.ts'
import { costPrices } from './cost-prices.ts'
import { jobsHere, runHere } from './jobs-here.ts'

const OUTPUT: readonly OptionRow[] = [
  { flags: '--format <format>', summary: 'table, csv or html; --json for JSON' },
  { flags: '--save <file>', summary: 'write it there instead' },
  { flags: '--last', summary: 'from the last inventory: nothing is listed' },
]

const CONSTRAINTS: readonly OptionRow[] = [
  { flags: '--months <months>', summary: 'over how long it has to pay (12)' },
  { flags: '--copies <count>', summary: 'copies of each object (as many as there are)' },
  { flags: '--providers <count>', summary: 'different providers of them (as many as there are)' },
  { flags: '--within <place>', summary: 'countries or groups, such as EU, DE', many: true },
  { flags: '--at-once', summary: 'every copy can be read without a restore' },
  { flags: '--leave-primary', summary: 'the primary need not keep a copy' },
  { flags: '--kept <days>', summary: 'how long objects are surely kept' },
]

const report: CommandRow = {
  name: 'cost report',
  parameters: '<workspace>',
  summary: 'What the month has cost so far, and what it will',
  about:
    'Lists the workspace (a request for each thousand objects and store), and prices what is there and what was asked for: by store, prefix, class and kind of charge. List prices before tax; what has no known price is named.',
  options: [...OUTPUT, { flags: '--depth <folders>', summary: 'tell prefixes apart so deep (1)' }],
  examples: [
    ['skein cost report app', 'a table'],
    ['skein cost report app --format html --save cost.html', 'a page with charts'],
  ],
  async run(context, [workspace], options) {
    const depth = number(options, 'depth')
    const input = { ...from(options), ...(depth !== undefined && { depth }) }
    const found = await reported(context, workspace!, input)
    const sheets = sheetsIn(options, (shown) => reportSheets(found.report, shown))
    await give(context, options, found, sheets, () => htmlPage(found), [
      `${found.report.month}: $${dollars(found.report.soFar.amount)} so far, $${dollars(found.report.forecast.amount)} by its end${found.report.unknown.length > 0 ? ', and what is unknown besides' : ''}; ${formatCount(found.report.objects)} objects, ${formatBytes(found.report.bytes)}.`,
      ...found.report.unknown.map((one) => `Unknown: ${one}`),
      ...found.report.warnings,
      ...found.report.coverage,
    ])
  },
}

const compare: CommandRow = {
  name: 'cost compare',
  parameters: '<workspace>',
  summary: 'The same data and traffic elsewhere',
  about:
    'One copy of what the primary holds, and all reads, in each class of each provider, in the region nearest to the primary. Moving there is not in it.',
  options: [...OUTPUT, CONSTRAINTS[3]!],
  examples: [['skein cost compare app --within EU', 'where data stays in the EU']],
  async run(context, [workspace], options) {
    const within = options.texts('within')
    const input = { ...from(options), compare: true, ...(within && { within: [...within] }) }
    const found = await reported(context, workspace!, input)
    const { elsewhere = [] } = found
    const sheets = sheetsIn(options, (shown) => [compareSheet(elsewhere, shown)])
    await give(context, options, { elsewhere }, sheets, () => htmlPage(found), [])
  },
}

const advise: CommandRow = {
  name: 'cost advise',
  parameters: '<workspace>',
  summary: 'Which store and class would be cheapest, and when that pays',
  about:
    'For each group of objects the store and class of each copy that cost least over the horizon, within what is asked for: to change is counted, and so are requests, what is sent, and minimum durations. To leave all as it is may be the answer. Nothing is changed; see `skein cost apply`.',
  options: [...OUTPUT, ...CONSTRAINTS, { flags: '--explain', summary: 'with risks and sources' }],
  examples: [
    ['skein cost advise app', 'over a year'],
    ['skein cost advise app --months 36 --at-once', 'over three, without archives'],
  ],
  async run(context, [workspace], options) {
    const months = number(options, 'months')
    const input = {
      ...from(options),
      ...(months !== undefined && { months }),
      constraints: constraintsFrom(options),
    }
    const { id, report: kept } = await run(context, workspace!, 'cost-advise', input)
    const { advice } = kept as AdviceReport
    const page = () => advicePage(context, workspace!, advice)
    const best =
      advice.gapPercent === 0
        ? ''
        : ` (at most ${advice.gapPercent.toFixed(3)} % from the least possible)`
    const sheets = sheetsIn(options, (shown) => [adviceSheet(advice, shown)])
    await give(context, options, { job: id, advice }, sheets, page, [
      advice.recommendations.length === 0
        ? 'Leave all as it is: nothing that fits is cheaper.'
        : Number(advice.saving) === 0
          ? `What was asked for is not met now: to meet it costs $${dollars(extra(advice))} in ${advice.months} months, $${dollars(advice.once)} of it once${best}. To do it: skein cost apply ${workspace} ${id}`
          : `Saves $${dollars(advice.saving)} in ${advice.months} months, for $${dollars(advice.once)} once${best}. To do it: skein cost apply ${workspace} ${id}`,
      ...(options.flag('explain') ? explained(advice) : []),
      ...advice.remarks,
    ])
  },
}

/** What it comes to more than now, over the horizon. */
function extra({ monthNow, monthAfter, months, once }: AdviceReport['advice']): string {
  return String((Number(monthAfter) - Number(monthNow)) * months + Number(once))
}

/** A page shows advice beside what is paid now. */
async function advicePage(context: Context, workspace: string, advice: AdviceReport['advice']) {
  const found = await reported(context, workspace, { inventory: 'last' })
  return htmlPage({ ...found, advice })
}

function explained({ recommendations }: AdviceReport['advice']): string[] {
  return recommendations
    .slice(0, 20)
    .flatMap((one) => [
      one.id,
      ...one.risks.map((risk) => `  risk: ${risk}`),
      ...one.wouldChange.map((what) => `  would change it: ${what}`),
      ...rulesIn(one).map((rule) => `  as a rule, for new objects too: ${rule}`),
      ...one.lines.map(
        ({ usd, unit, source, asOf }) => `  ${usd} ${unit} (${asOf ?? 'undated'}; ${source})`,
      ),
    ])
}

function from(options: Options): { inventory?: 'last' } {
  return options.flag('last') ? { inventory: 'last' } : {}
}

/** For a machine, amounts as they are. */
function sheetsIn(
  options: Options,
  sheets: (shown?: (text: string) => string) => Sheet[],
): Sheet[] {
  return options.text('format') === 'csv' ? sheets((text) => text) : sheets()
}

function constraintsFrom(options: Options): Record<string, unknown> {
  const numbers = { copies: 'copies', providers: 'providers', keptDays: 'kept' }
  const given = Object.entries(numbers).flatMap(([name, flag]) => {
    const value = number(options, flag)
    return value === undefined ? [] : [[name, value] as const]
  })
  const within = options.texts('within')
  return {
    ...Object.fromEntries(given),
    ...(within && { within: [...within] }),
    ...(options.flag('atOnce') && { atOnce: 'all' }),
    ...(options.flag('leavePrimary') && { keepPrimary: false }),
  }
}

function number(options: Options, name: string): number | undefined {
  const text = options.text(name)
  if (text === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new UsageError(`--${name} takes a number, not "${text}".`)
}

/** What the job's kind keeps as its report. */
async function reported(context: Context, workspace: string, input: unknown): Promise<CostReport> {
  return (await run(context, workspace, 'cost-report', input)).report as CostReport
}

async function run(
  context: Context,
  workspace: string,
  kind: string,
  input: unknown,
): Promise<{ id: string; report: unknown }> {
  keepYoungSmall()
  const jobs = await jobsHere(context, { workspace })
  const { id } = await jobs.engine.start(kind, input)
  const view = await runHere(context, jobs, id, { atOnce: 1, onView: tell(context) })
  if (view.state !== 'done') throw notDone(view)
  return { id, report: await jobs.engine.report(id) }
}

function notDone({ id, state, why = '' }: JobView): StorageError {
  const message = `The job ${id} is ${state}, and goes on with skein jobs resume. ${why}`
  return new StorageError('unavailable', message)
}

/** How far the listing is, on a terminal. */
function tell({ out }: Context): ((view: JobView) => void) | undefined {
  const stream: Writable & { isTTY?: boolean } = out.stderr
  if (out.json || !stream.isTTY) return undefined
  return ({ tally }) => stream.write(`\r${formatCount(tally['objects'] ?? 0)} objects\u001b[K\r`)
}

async function give(
  context: Context,
  options: Options,
  data: unknown,
  sheets: readonly Sheet[],
  page: () => string | Promise<string>,
  remarks: readonly string[],
): Promise<void> {
  const format = options.text('format') ?? 'table'
  const path = options.text('save')
  if (!['table', 'csv', 'html'].includes(format))
    throw new UsageError(`--format takes table, csv or html, not "${format}".`)
  const text =
    format === 'html'
      ? await page()
      : format === 'csv'
        ? sheets.map(toCsv).join('\r\n\r\n')
        : sheets.map(({ columns, rows }) => table(columns, rows)).join('\n\n')
  if (path !== undefined) await writeFile(path, text)
  context.out.answer(data, () => (path === undefined ? text : `Written to ${path}.`))
  for (const remark of remarks) context.out.remark(remark)
}

export const COST: readonly CommandRow[] = [
  report,
  compare,
  advise,
  costApply,
  costPrices,
  costImport,
]

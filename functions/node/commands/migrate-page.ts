// A migration's plan and its report as people read them at a terminal.

import { GRADES } from '#shared/compare/grade.ts'
import type { CostLine, MigrationPlan } from '#shared/migration/plan.ts'
import type { MigrationReport } from '#shared/migration/report.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../terminal/format.ts'
import { facts, table } from '../terminal/table.ts'
import type { Seen } from './migrate-door.ts'

const SHOWN = 20

export function planPage(plan: MigrationPlan): string {
  const { inventory, destination, time, totals } = plan
  const { same, differs, unknown, extra } = destination
  const head = facts([
    ['Migration', plan.job],
    ['Workspace', plan.workspace],
    ['From', plan.from],
    ['To', plan.to],
    ['Objects', sized(inventory)],
    ['Written', span(inventory)],
    ...[same, differs, unknown, extra]
      .filter(({ objects }) => objects > 0)
      .map((group): [string, string] => ['There already', `${sized(group)} ${group.name}`]),
    [
      'Takes',
      time.seconds === undefined
        ? `unknown: ${time.by}`
        : `about ${formatDuration(time.seconds)}: ${time.by}`,
    ],
    ['Says', plan.says],
  ])
  const parts = [
    head,
    groupTable('SIZE', inventory.sizes),
    inventory.classes.length > 1 ? groupTable('CLASS', inventory.classes) : '',
    waysTable(plan),
    costTable('ONCE', plan.once, totals.onceUsd),
    costTable('A MONTH BEFORE', plan.monthly.before, totals.beforeUsd),
    costTable('A MONTH AFTER', plan.monthly.after, totals.afterUsd),
    ...plan.adjustments.map(({ what, does, objects, examples }) =>
      remark(objects === undefined ? '' : `${formatCount(objects)} `, `${what}: ${does}`, examples),
    ),
    ...plan.refused.map(({ why, objects, examples }) =>
      remark(`Not moved: ${formatCount(objects)}, `, why, examples),
    ),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function sized({ objects, bytes }: { objects: number; bytes: number }): string {
  return `${formatCount(objects)}, ${formatBytes(bytes)}`
}

function span({ oldest, newest }: MigrationPlan['inventory']): string | undefined {
  if (oldest === undefined || newest === undefined) return undefined
  return `${formatTime(new Date(oldest))} to ${formatTime(new Date(newest))}`
}

const COUNTS = [
  { title: 'OBJECTS', right: true },
  { title: 'BYTES', right: true },
]

function groupTable(title: string, groups: MigrationPlan['inventory']['sizes']): string {
  if (groups.length === 0) return ''
  const rows = groups.map(({ name, objects, bytes }) => [
    name,
    formatCount(objects),
    formatBytes(bytes),
  ])
  return table([{ title }, ...COUNTS], rows)
}

function waysTable({ ways }: MigrationPlan): string {
  if (ways.length === 0) return ''
  const rows = ways.map(({ how, why, objects, bytes }) => {
    return [how, formatCount(objects), formatBytes(bytes), why]
  })
  return table([{ title: 'WAY' }, ...COUNTS, { title: 'HOW' }], rows)
}

function costTable(title: string, lines: readonly CostLine[], total: string): string {
  if (lines.length === 0) return ''
  const rows = lines.map(({ what, usd, note = '', prices }) => [
    ...[what, usd ?? 'unknown', pricesIn(prices), note],
  ])
  const columns = [{ title }, { title: 'USD', right: true }, { title: 'PRICES' }, { title: 'NOTE' }]
  return table(columns, [...rows, ['in all, as far as known', total, '', '']])
}

function pricesIn(prices: CostLine['prices']): string {
  const first = prices.slice(0, 2).map(({ usd, unit, asOf }) => {
    return `${usd} ${unit} (${asOf ?? 'undated'})`
  })
  const more = prices.length - first.length
  return more > 0 ? `${first.join('; ')}; and ${more} more` : first.join('; ')
}

function remark(before: string, text: string, examples: readonly string[]): string {
  const some = examples.map((key) => JSON.stringify(key)).join(', ')
  return `${before}${text}.${some === '' ? '' : ` Such as ${some}.`}`
}

export function reportPage(report: MigrationReport): string {
  const { moved, proven, cost, time, undone, cleaned, truth } = report
  const head = facts([
    ['Migration', report.job],
    ['Workspace', report.workspace],
    ['From', report.from],
    ['To', report.to],
    ['When', `${formatTime(new Date(report.began))} to ${formatTime(new Date(report.ended))}`],
    ['Stands', report.standing],
    ['Says', report.says],
    ['Moved', movedIn(moved)],
    ['Proven by', proofs(proven)],
    [
      'Removed',
      undone &&
        `${formatCount(undone.removed)}, ${formatCount(undone.restored)} restored, ${formatCount(undone.left)} left`,
    ],
    [
      'Cleaned up',
      cleaned &&
        `${formatCount(cleaned.removed)}, ${formatBytes(cleaned.bytes)}, ${formatCount(cleaned.left)} left`,
    ],
    ['Requests', formatCount(cost.requests)],
    ['Cost', `${cost.spentUsd} USD, ${cost.plannedUsd} planned`],
    [
      'Took',
      `${formatDuration(time.tookSeconds)}${time.plannedSeconds === undefined ? '' : `, ${formatDuration(time.plannedSeconds)} planned`}`,
    ],
    ['Writes go to', truth && `${truth.acting}, epoch ${truth.epoch}`],
  ])
  const problems = [
    listed('COULD NOT BE COPIED', report.failed),
    listed('NOT PROVEN', report.unproven),
    listed('LEFT AS IT WAS', report.left),
    listed(
      'LEFT OUT',
      report.losses.map(({ key, what, reason }) => ({ key, why: `${what}: ${reason}` })),
    ),
    ...report.refused.map(({ why, objects, examples }) =>
      remark(`Not moved: ${formatCount(objects)}, `, why, examples),
    ),
  ]
  return [head, ...problems].filter((part) => part !== '').join('\n\n')
}

function movedIn({
  objects,
  bytes,
  same,
  replaced,
  kept,
  deleted,
}: MigrationReport['moved']): string {
  const others = [
    [same, 'there already'],
    [replaced, 'in place of something else'],
    [kept, 'left as they were'],
    [deleted, 'deleted again'],
  ] as const
  const more = others
    .filter(([count]) => count > 0)
    .map(([count, what]) => `, ${formatCount(count)} ${what}`)
  return `${sized({ objects, bytes })}${more.join('')}`
}

function proofs(proven: MigrationReport['proven']): string {
  return GRADES.filter((grade) => proven[grade] > 0)
    .map((grade) => `${formatCount(proven[grade])} ${grade}`)
    .join(', ')
}

function listed(title: string, notes: MigrationReport['failed']): string {
  if (notes.length === 0) return ''
  const rows = notes.slice(0, SHOWN).map(({ key, why }) => [key, why])
  const more =
    notes.length > SHOWN ? `\n… and ${formatCount(notes.length - SHOWN)} more in the report` : ''
  return `${table([{ title }, { title: 'WHY' }], rows)}${more}`
}

export function seenPage({ id, state, why, phase, tally, at }: Seen): string {
  const counts = Object.entries(tally)
    .filter(([name, count]) => count > 0 && name !== 'nano')
    .map(([name, count]) => {
      return name.endsWith('bytes') ? formatBytes(count) : `${formatCount(count)} ${name}`
    })
  return facts([
    ['Migration', id],
    ['State', state],
    ['Phase', phase],
    ['At', at],
    ['Why', why],
    ['Counted', counts.join(', ')],
  ])
}

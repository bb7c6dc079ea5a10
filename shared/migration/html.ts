// A migration's plan, and its report, as pages for people.

import { GRADES } from '#shared/compare/grade.ts'
import { heading, listOf, pageOf, paragraph, sumsOf, tableOf } from '#shared/page.ts'
import type { CostLine, MigrationPlan } from './plan.ts'
import type { KeyNote, MigrationReport } from './report.ts'

const SHOWN = 200
const COUNTS = [
  { title: 'Objects', right: true },
  { title: 'Bytes', right: true },
]

export function planHtml(plan: MigrationPlan): string {
  const { inventory, destination, totals, monthly, time } = plan
  const { same, differs, unknown, extra } = destination
  return pageOf(`Plan: ${plan.from} to ${plan.to}`, [
    paragraph(plan.says),
    sumsOf([
      [count(inventory.objects), 'objects'],
      [`${(inventory.bytes / 1e9).toFixed(2)} GB`, 'at the source'],
      [`$${cents(totals.onceUsd)}`, 'once'],
      [`$${cents(totals.afterUsd)}`, `a month, where it was $${cents(totals.beforeUsd)}`],
    ]),
    section('By size', tableOf([{ title: 'Size' }, ...COUNTS], groups(inventory.sizes))),
    section('By class', tableOf([{ title: 'Class' }, ...COUNTS], groups(inventory.classes))),
    section(
      'At the destination already',
      tableOf([{ title: 'What' }, ...COUNTS], groups([same, differs, unknown, extra])),
    ),
    section(
      'Ways',
      tableOf(
        [{ title: 'Way' }, ...COUNTS],
        plan.ways.map(({ why, objects, bytes }) => [why, count(objects), count(bytes)]),
      ),
    ),
    paragraph(
      time.seconds === undefined
        ? `How long it takes is not known: ${time.by}.`
        : `It takes about ${count(time.seconds)} seconds: ${time.by}.`,
    ),
    costs('Once', plan.once),
    costs('A month before', monthly.before),
    costs('A month after', monthly.after),
    listOf(
      'What the destination cannot hold as it is',
      plan.adjustments.map(({ what, does, objects }) => {
        return `${objects === undefined ? '' : `${count(objects)}: `}${what}: ${does}`
      }),
    ),
    refusals(plan.refused),
    listOf('Prices it rests on', sources([...plan.once, ...monthly.before, ...monthly.after])),
    paragraph(`Made ${plan.made} as the job ${plan.job}.`),
  ])
}

export function reportHtml(report: MigrationReport): string {
  const { moved, proven, cost, time, undone, cleaned, truth } = report
  const facts: [string, string][] = [
    ['Stands', report.standing],
    ['When', `${report.began} to ${report.ended}`],
    [
      'Planned and taken',
      `${count(time.plannedSeconds ?? 0)} and ${count(time.tookSeconds)} seconds`,
    ],
    ['Planned and spent', `${cost.plannedUsd} and ${cost.spentUsd} USD`],
    ['Requests', count(cost.requests)],
    ['There already', count(moved.same)],
    ['In place of something else, which is kept aside', count(moved.replaced)],
    ['Left, since something else was there', count(moved.kept)],
    ['Deleted again with the source', count(moved.deleted)],
    ...(undone
      ? [
          [
            'Undone',
            `${count(undone.removed)} removed, ${count(undone.restored)} restored, ${count(undone.left)} left`,
          ] as [string, string],
        ]
      : []),
    ...(cleaned
      ? [
          ['Cleaned up', `${count(cleaned.removed)} removed, ${count(cleaned.left)} left`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(truth
      ? [['Writes go to', `${truth.acting}, epoch ${truth.epoch}`] as [string, string]]
      : []),
  ]
  return pageOf(`Migration: ${report.from} to ${report.to}`, [
    paragraph(report.says),
    sumsOf([
      [count(moved.objects), 'objects moved'],
      [`${(moved.bytes / 1e9).toFixed(2)} GB`, 'moved'],
      [count(GRADES.reduce((sum, grade) => sum + proven[grade], 0)), 'objects proven'],
      [
        count(report.wrong + report.behind + report.failed.length),
        'not right, not there or failed',
      ],
    ]),
    tableOf([{ title: 'What' }, { title: '' }], facts),
    section(
      'How it was proven',
      tableOf(
        [{ title: 'Grade' }, { title: 'Objects', right: true }],
        GRADES.filter((grade) => proven[grade] > 0).map((grade) => [grade, count(proven[grade])]),
      ),
    ),
    notes('Could not be copied', report.failed),
    notes('Not proven', report.unproven),
    notes('Left as it was', report.left),
    notes(
      'Left out',
      report.losses.map(({ key, what, reason }) => ({ key, why: `${what}: ${reason}` })),
    ),
    refusals(report.refused),
    paragraph(`The job ${report.job}.`),
  ])
}

function section(title: string, body: string): string {
  return `${heading(title)}${body}`
}

function groups(all: MigrationPlan['inventory']['sizes']): string[][] {
  return all.map(({ name, objects, bytes }) => [name, count(objects), count(bytes)])
}

function costs(title: string, lines: readonly CostLine[]): string {
  if (lines.length === 0) return ''
  const rows = lines.map(({ what, usd, note = '' }) => [what, usd ?? 'unknown', note])
  return section(
    title,
    tableOf([{ title: 'What' }, { title: 'USD', right: true }, { title: '' }], rows),
  )
}

function sources(lines: readonly CostLine[]): string[] {
  const each = lines.flatMap(({ prices }) => prices)
  return [
    ...new Set(
      each.map(
        ({ usd, unit, from, asOf }) =>
          `${usd} ${unit} (as of ${asOf ?? 'an unknown day'}; ${from})`,
      ),
    ),
  ]
}

function refusals(refused: MigrationPlan['refused']): string {
  const lines = refused.map(({ why, objects, examples }) => {
    return `${count(objects)}: ${why}; such as ${examples.join(', ')}`
  })
  return listOf('Not moved', lines)
}

function notes(title: string, all: readonly KeyNote[]): string {
  if (all.length === 0) return ''
  const rows = all.slice(0, SHOWN).map(({ key, why }) => [key, why])
  const more = all.length > SHOWN ? paragraph(`and ${count(all.length - SHOWN)} more`) : ''
  return section(title, tableOf([{ title: 'Key' }, { title: 'Why' }], rows)) + more
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function cents(usd: string): string {
  return Number(usd).toFixed(2)
}

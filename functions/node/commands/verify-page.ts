// The report of a sweep as people read it.

import { GRADES } from '#shared/compare/grade.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import { FINDING_KINDS } from '#shared/integrity/findings.ts'
import { formatBytes, formatCount, formatTime } from '../terminal/format.ts'
import { facts, table } from '../terminal/table.ts'

const SHOWN = 50

export function reportPage(report: SweepReport): string {
  const { findings, repairs } = report
  const parts = [
    facts(headOf(report)),
    findings.length > 0 ? findingsTable(report) : '',
    repairs.items.length > 0 ? repairsTable(report) : '',
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function headOf(report: SweepReport): [string, string | undefined][] {
  const { stores, coverage, requests, plan, unpriced } = report
  return [
    ['Sweep', `${report.job}, ${report.mode}`],
    ['Workspace', report.workspace],
    ['Stores', stores.map(({ name, provider }) => `${name} (${provider})`).join(', ')],
    ['When', `${formatTime(new Date(report.began))} to ${formatTime(new Date(report.ended))}`],
    ['State', report.state],
    ['Says', report.says],
    ['Objects', `${formatCount(report.objects)}, ${formatBytes(report.bytes)}`],
    ['Right by', counted(GRADES, report.same)],
    ['Found', counted(FINDING_KINDS, report.found)],
    [
      'Pending',
      report.pending > 0 ? `${formatCount(report.pending)} changed meanwhile` : undefined,
    ],
    [
      'Left',
      report.overBudget > 0 ? `${formatCount(report.overBudget)} unread for the budget` : undefined,
    ],
    [
      'Archived',
      report.archived > 0 ? `${formatCount(report.archived)} unread in an archive` : undefined,
    ],
    ['Requests', counted(['list', 'head', 'get'] as const, requests)],
    ['Read', formatBytes(report.readBytes)],
    ['Cost', `${report.usd.toFixed(4)} USD at most`],
    ['Unpriced', unpriced.map(({ store }) => store).join(', ')],
    [
      'Coverage',
      `${coverage.sharePercent} % read within ${coverage.days} days, ${formatCount(coverage.never)} never`,
    ],
    ['Oldest', oldestOf(report)],
    ['Plan', plan?.says],
  ]
}

function counted<Name extends string>(
  names: readonly Name[],
  counts: Readonly<Record<Name, number>>,
): string {
  return names
    .filter((name) => counts[name] > 0)
    .map((name) => `${formatCount(counts[name])} ${name}`)
    .join(', ')
}

function oldestOf({ coverage: { oldest } }: SweepReport): string | undefined {
  if (!oldest) return undefined
  const what = oldest.never ? 'never read, written' : 'last read'
  return `${oldest.key}, ${what} ${formatTime(new Date(oldest.since))}`
}

function findingsTable({ findings, findingsLeftOut }: SweepReport): string {
  const rows = findings.slice(0, SHOWN)
  const more = findings.length - rows.length + findingsLeftOut
  const shown = table(
    [{ title: 'FOUND' }, { title: 'STORE' }, { title: 'KEY' }, { title: 'WHY' }],
    rows.map(({ kind, store, key, reason }) => [kind, store, key, reason]),
  )
  return more > 0 ? `${shown}\nand ${formatCount(more)} more.` : shown
}

function repairsTable({ repairs: { items } }: SweepReport): string {
  return table(
    [
      { title: 'REPAIR' },
      { title: 'STORE' },
      { title: 'KEY' },
      { title: 'FROM' },
      { title: 'ASIDE' },
    ],
    items.slice(0, SHOWN).map(({ outcome, store, key, from = '', aside = '', reason }) => {
      return [outcome, store, key, from, aside === '' ? (reason ?? '') : aside]
    }),
  )
}

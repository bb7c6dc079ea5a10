// The report of a sweep as one page of HTML for people, with nothing to load. It shows who signed the report and is not
// signed itself: what can be checked is the report.

import type { Grade } from '#shared/compare/grade.ts'
import { GRADES } from '#shared/compare/grade.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { heading, listOf, pageOf, paragraph, sumsOf, tableOf } from '#shared/page.ts'
import type { FindingKind } from './findings.ts'
import { FINDING_KINDS } from './findings.ts'
import type { SweepReport } from './report.ts'

/** Of a table; whoever wants all has the report. */
const SHOWN = 500

const GRADE_WORDS: Record<Grade, string> = {
  bytes: 'both copies were read now',
  attested: 'one copy was read, and held against what the other’s provider or a record says',
  declared: 'both providers tell the same digest',
  recorded: 'Skein’s own record of what it wrote',
  size: 'sizes alone, which count for nothing',
}

const KIND_WORDS: Record<FindingKind, string> = {
  corrupt: 'bytes that are not those that were written',
  missing: 'a copy that should be there and is not',
  differs: 'two contents, and no evidence which is right',
  unreadable: 'a store that refuses or fails to give the bytes',
  stale: 'a right copy of an older version',
  extra: 'at a replica alone, and nothing says that it was deleted',
  metadata: 'right bytes with other headers, metadata or tags',
  quarantined: 'kept aside until nobody misses it',
  'unfinished-upload': 'parts that nobody ended',
  unchecked: 'not known: no digest in common, and nothing read',
}

export function sweepHtml({ report, signature }: SignedReport<SweepReport>): string {
  const what = report.workspace === '' ? 'Copies' : `The copies of ${report.workspace}`
  return pageOf(`${what}: ${report.state}`, [
    paragraph(report.says),
    sums(report),
    section('How the copies are known to be right', evidence(report)),
    section('What was found', kinds(report)),
    section('Findings', findings(report)),
    section('Repairs', repairs(report)),
    heading('Coverage'),
    listOf('', coverage(report)),
    heading('The sweep'),
    listOf('', facts(report)),
    paragraph(
      signature
        ? `The report is signed by the key ${signature.publicKey}. Check it with skein verify --report FILE --key KEY.`
        : 'The report is not signed: its suite has no secret.',
    ),
  ])
}

function sums({ objects, bytes, stores, found, usd }: SweepReport): string {
  const wrong = FINDING_KINDS.reduce((sum, kind) => sum + found[kind], 0)
  return sumsOf([
    [count(objects), `objects, ${bytesIn(bytes)}`],
    [count(stores.length), 'stores'],
    [count(wrong), wrong === 1 ? 'finding' : 'findings'],
    [`$${usd.toFixed(2)}`, 'at most, for requests and reading'],
  ])
}

/** Nothing where there is nothing to show. */
function section(title: string, body: string): string {
  return body === '' ? '' : `${heading(title)}\n${body}`
}

function evidence({ same }: SweepReport): string {
  const rows = GRADES.filter((grade) => same[grade] > 0).map((grade) => {
    return [grade, count(same[grade]), GRADE_WORDS[grade]]
  })
  const columns = [{ title: 'Grade' }, { title: 'Copies', right: true }, { title: 'Meaning' }]
  return rows.length === 0 ? '' : tableOf(columns, rows)
}

function kinds({ found }: SweepReport): string {
  const rows = FINDING_KINDS.filter((kind) => found[kind] > 0).map((kind) => {
    return [kind, count(found[kind]), KIND_WORDS[kind]]
  })
  const columns = [{ title: 'Kind' }, { title: 'Found', right: true }, { title: 'Meaning' }]
  return rows.length === 0 ? paragraph('Nothing.') : tableOf(columns, rows)
}

function findings({ findings: all, findingsLeftOut }: SweepReport): string {
  const rows = all.slice(0, SHOWN).map(({ kind, store, key, grade = '', reason, right = [] }) => {
    return [kind, store, key, grade, reason, right.join(', ')]
  })
  const columns = ['Kind', 'Store', 'Key', 'Known by', 'What', 'Right at'].map((title) => ({
    title,
  }))
  const more = all.length - rows.length + findingsLeftOut
  const rest = more > 0 ? paragraph(`And ${count(more)} more.`) : ''
  return rows.length === 0 ? '' : tableOf(columns, rows) + rest
}

function repairs({ repairs: { items } }: SweepReport): string {
  const rows = items
    .slice(0, SHOWN)
    .map(({ outcome, store, key, from = '', aside = '', reason }) => {
      return [outcome, store, key, from, aside, reason ?? '']
    })
  const columns = ['Outcome', 'Store', 'Key', 'From', 'Kept aside as', 'Why'].map((title) => ({
    title,
  }))
  return rows.length === 0 ? '' : tableOf(columns, rows)
}

function coverage({ coverage: told, plan }: SweepReport): string[] {
  const { days, inTime, late, never, sharePercent, oldest } = told
  const since = oldest?.never === true ? 'never read, and written' : 'last read'
  return [
    `${sharePercent} % of the objects were read within ${days} days: ${count(inTime)}; later: ${count(late)}; never: ${count(never)}.`,
    ...(oldest ? [`The oldest: ${oldest.key}, ${since} on ${oldest.since.slice(0, 10)}.`] : []),
    ...(plan ? [plan.says] : []),
  ]
}

function facts(report: SweepReport): string[] {
  const { job, mode, began, ended, stores, requests, readBytes, unpriced } = report
  const named = stores.map(({ name, provider, role }) => `${name} (${provider}, ${role})`)
  return [
    `${job}, ${mode}, from ${began} to ${ended}.`,
    `Stores: ${named.join('; ')}.`,
    `Requests: ${count(requests.list)} listings, ${count(requests.head)} looks, ${count(requests.get)} reads; ${bytesIn(readBytes)} read.`,
    ...onlyIf(report.pending, 'changed while they were looked at, or just before.'),
    ...onlyIf(report.overBudget, 'were due and left unread for the budget.'),
    ...onlyIf(report.archived, 'lie in an archive, and were not read.'),
    ...unpriced.map(
      ({ store, reason }) => `The prices of ${store} are counted as nothing: ${reason}`,
    ),
  ]
}

function onlyIf(some: number, what: string): string[] {
  return some > 0 ? [`${count(some)} ${some === 1 ? 'object' : 'objects'} ${what}`] : []
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function bytesIn(bytes: number): string {
  const power = Math.max(0, Math.min(4, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)))
  const unit = ['bytes', 'KB', 'MB', 'GB', 'TB'][power]
  return power === 0 ? `${count(bytes)} ${unit}` : `${(bytes / 1000 ** power).toFixed(1)} ${unit}`
}

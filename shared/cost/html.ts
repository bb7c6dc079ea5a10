// A report as one page of HTML for people: sums, charts and tables, with nothing to load. Charts are bars of
// inline SVG with their figures beside them, so that nothing is told by colour alone.

import type { Advice } from './advice/advise.ts'
import type { Elsewhere } from './compare.ts'
import { escape, heading, listOf, pageOf, sumsOf, tableOf } from '#shared/page.ts'
import type { Sheet } from './pages.ts'
import {
  adviceSheet,
  compareSheet,
  dollars,
  payBackIn,
  reportSheets,
  rulesIn,
  stepsIn,
} from './pages.ts'
import type { Plain } from './plain.ts'
import type { PriceLine, Report } from './report.ts'

export interface PageOf {
  report: Plain<Report>
  elsewhere?: readonly Plain<Elsewhere>[] | undefined
  advice?: Plain<Advice> | undefined
}

export function htmlPage({ report, elsewhere, advice }: PageOf): string {
  const title = `What ${report.workspace} costs, ${report.month}`
  return pageOf(title, [
    sums(report),
    ...reportSheets(report).flatMap((sheet) => [named(sheet), chart(sheet), table(sheet)]),
    ...(elsewhere ? [named(compareSheet(elsewhere)), table(compareSheet(elsewhere))] : []),
    ...(advice ? adviceSection(advice) : []),
    listOf('Not in the sums, since nobody knows the price', report.unknown),
    listOf('To be known', [...report.warnings, ...report.coverage]),
    sourcesOf(report.sources),
  ])
}

function sums({ soFar, forecast, objects, bytes, at }: Plain<Report>): string {
  return sumsOf([
    [`$${dollars(soFar.amount)}`, 'this month so far'],
    [`$${dollars(forecast.amount)}`, 'forecast for the month'],
    [objects.toLocaleString('en-US'), 'objects'],
    [`${(bytes / 1e9).toFixed(1)} GB`, `as of ${at.slice(0, 10)}`],
  ])
}

function named({ title }: Sheet): string {
  return heading(title[0] + title.slice(1).toLowerCase())
}

const WIDTH = 640
const LABEL = 200
const BAR = 22
const MAX_BARS = 12

/** The last column of a sheet of sums, drawn. */
function chart({ columns, rows }: Sheet): string {
  const shown = rows.slice(0, MAX_BARS).map((row) => ({
    name: row[0] ?? '',
    text: row.at(-1) ?? '',
    // What is unknown has no bar.
    value: Number.parseFloat((row.at(-1) ?? '').replace('< ', '')) || 0,
  }))
  const most = Math.max(...shown.map(({ value }) => value))
  if (shown.length < 2 || !(most > 0)) return ''
  const bars = shown.map(({ name, text, value }, index) => {
    const [y, width] = [index * BAR, Math.max(1, (value / most) * (WIDTH - LABEL - 90))]
    return [
      `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${escape(name.slice(0, 28))}</text>`,
      `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="${BAR - 6}" rx="2"/>`,
      `<text x="${LABEL + width + 6}" y="${y + 15}">${escape(/^[\d<]/.test(text) ? `$${text}` : text)}</text>`,
    ].join('')
  })
  const label = `${columns.at(-1)?.title ?? ''} by ${columns[0]?.title ?? ''}`.toLowerCase()
  const height = shown.length * BAR
  return `<svg role="img" aria-label="${escape(label)}" viewBox="0 0 ${WIDTH} ${height}" width="100%" style="max-width:${WIDTH}px">${bars.join('')}</svg>`
}

function table({ columns, rows }: Sheet): string {
  return tableOf(columns, rows)
}

function adviceSection(advice: Plain<Advice>): string[] {
  const { saving, months, gapPercent, recommendations, remarks } = advice
  const best =
    gapPercent === 0 ? 'Nothing cheaper is possible' : `At most ${gapPercent.toFixed(2)} % from it`
  return [
    '<h2>Advice</h2>',
    recommendations.length === 0
      ? '<p>Leave all as it is: nothing that fits is cheaper.</p>'
      : `<p>Saves $${dollars(saving)} in ${months} months. ${best} within what is asked for.</p>`,
    recommendations.length > 0 ? table(adviceSheet(advice)) : '',
    ...recommendations.slice(0, 20).map(explained),
    listOf('', remarks),
  ]
}

function explained(one: Plain<Advice>['recommendations'][number]): string {
  const summary = `${one.prefix || '(all)'}: ${stepsIn(one)}, saves $${dollars(one.saving)}, pays back ${payBackIn(one.payBackMonths)}`
  return `<details><summary>${escape(summary)}</summary>${[
    listOf('Risks', one.risks),
    listOf('What would change it', one.wouldChange),
    listOf('As a rule of the provider’s, for new objects too', rulesIn(one)),
    sourcesOf(one.lines),
  ].join('')}</details>`
}

function sourcesOf(lines: readonly PriceLine[]): string {
  return listOf(
    'Prices it rests on',
    lines.map(({ usd, unit, source, asOf, flags, note }) => {
      const doubts = [`as of ${asOf ?? 'an unknown day'}`, ...flags].join(', ')
      return `${usd} ${unit} (${doubts}; ${source})${note === undefined ? '' : `: ${note}`}`
    }),
  )
}

// A report as one page of HTML for people: sums, charts and tables, with nothing to load. Charts are bars of
// inline SVG with their figures beside them, so that nothing is told by colour alone.

import type { Advice } from './advice/advise.ts'
import type { Elsewhere } from './compare.ts'
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

const STYLE = `
:root { color-scheme: light dark; --bar: #2f6f9f; --soft: #8884 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.sums { display: flex; flex-wrap: wrap; gap: 2rem } .sums b { display: block; font-size: 1.8rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem } .wide { overflow-x: auto }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--soft); vertical-align: top }
.right { text-align: right; font-variant-numeric: tabular-nums }
svg text { font: 12px system-ui, sans-serif; fill: currentColor } svg rect { fill: var(--bar) }
li { margin: .2rem 0 } details { margin: .3rem 0 }`

export function htmlPage({ report, elsewhere, advice }: PageOf): string {
  const title = `What ${report.workspace} costs, ${report.month}`
  const body = [
    `<h1>${escape(title)}</h1>`,
    sums(report),
    ...reportSheets(report).flatMap((sheet) => [heading(sheet), chart(sheet), table(sheet)]),
    ...(elsewhere ? [heading(compareSheet(elsewhere)), table(compareSheet(elsewhere))] : []),
    ...(advice ? adviceSection(advice) : []),
    listOf('Not in the sums, since nobody knows the price', report.unknown),
    listOf('To be known', [...report.warnings, ...report.coverage]),
    sourcesOf(report.sources),
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body>
${body.filter((part) => part !== '').join('\n')}
</body></html>
`
}

function sums({ soFar, forecast, objects, bytes, at }: Plain<Report>): string {
  const one = (value: string, label: string) => `<div><b>${escape(value)}</b>${escape(label)}</div>`
  return `<div class="sums">${[
    one(`$${dollars(soFar.amount)}`, 'this month so far'),
    one(`$${dollars(forecast.amount)}`, 'forecast for the month'),
    one(objects.toLocaleString('en-US'), 'objects'),
    one(`${(bytes / 1e9).toFixed(1)} GB`, `as of ${at.slice(0, 10)}`),
  ].join('')}</div>`
}

function heading({ title }: Sheet): string {
  return `<h2>${escape(title[0] + title.slice(1).toLowerCase())}</h2>`
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
  const align = (index: number) => (columns[index]?.right ? ' class="right"' : '')
  const head = columns.map(({ title }, index) => `<th${align(index)}>${escape(title)}</th>`)
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, index) => `<td${align(index)}>${escape(cell)}</td>`).join('')}</tr>`,
  )
  return `<div class="wide"><table><tr>${head.join('')}</tr>${body.join('')}</table></div>`
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

function listOf(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  const head = title === '' ? '' : `<h2>${escape(title)}</h2>`
  return `${head}<ul>${lines.map((line) => `<li>${escape(line)}</li>`).join('')}</ul>`
}

/** Keys are anybody's: nothing of them may become markup. */
export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

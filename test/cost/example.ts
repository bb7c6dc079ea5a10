// The worked example of the documentation: one workspace, the real prices, its bill, what to do, and what that
// saves. The page in shared/cost is made of this, and a test holds that they say the same.

import { readFileSync } from 'node:fs'
import { advise } from '#shared/cost/advice/advise.ts'
import {
  adviceSheet,
  compareSheet,
  dollars,
  payBackIn,
  reportSheets,
  stepsIn,
} from '#shared/cost/pages.ts'
import type { Sheet } from '#shared/cost/pages.ts'
import { compareElsewhere } from '#shared/cost/compare.ts'
import { toPlain } from '#shared/cost/plain.ts'
import { openRegions } from '#shared/cost/regions.ts'
import type { Plain } from '#shared/cost/plain.ts'
import type { PriceLine, Report } from '#shared/cost/report.ts'
import { reportOf } from '#shared/cost/report.ts'
import { monthlyRates } from '#shared/cost/usage.ts'
import { meanSizes } from '#shared/cost/spread.ts'
import { openToday } from '../prices/open.ts'
import { GIB, KIB, MIB, TODAY, inventoryOf, placesAt, usageFrom } from './sample.ts'

const PAGE = new URL('../../shared/cost/example.md', import.meta.url)

/** A primary in Frankfurt, a replica at Backblaze. */
function places() {
  const [primary, replica] = placesAt('s3', 'b2')
  return [
    { ...primary!, name: 'photos', region: 'eu-central-1' },
    { ...replica!, name: 'second', region: 'eu-central-003' },
  ]
}

const both = ['STANDARD', 'STANDARD']

const HEAPS = [
  { prefix: 'photos/2026/', objects: 400_000, objectBytes: 3 * MIB, ageDays: 120, placement: both },
  { prefix: 'photos/2024/', objects: 900_000, objectBytes: 3 * MIB, ageDays: 700, placement: both },
  { prefix: 'thumbs/', objects: 1_300_000, objectBytes: 20 * KIB, ageDays: 400, placement: both },
  { prefix: 'backups/', objects: 60, objectBytes: 40 * GIB, ageDays: 200, placement: both },
]

const READS = [
  { store: 'photos', prefix: 'photos/2026/', counts: { get: 300_000 }, sentBytes: 900_000 * MIB },
  { store: 'photos', prefix: 'photos/2024/', counts: { get: 9000 }, sentBytes: 27_000 * MIB },
  { store: 'photos', prefix: 'thumbs/', counts: { get: 5_000_000 }, sentBytes: 100_000 * MIB },
]

/** Twenty-one of the month's thirty days have passed. */
const SO_FAR = READS.map((row) => ({
  ...row,
  counts: { get: row.counts.get * 0.7 },
  sentBytes: row.sentBytes * 0.7,
}))

export async function examplePage(): Promise<string> {
  const [prices, regions] = [await openToday(), await openRegions()]
  const at = places()
  const inventory = inventoryOf(at, HEAPS)
  const usage = usageFrom(READS, 30)
  const rates = monthlyRates(usage, meanSizes(inventory))
  const shared = { prices, regions, places: at, inventory }
  const report = toPlain(
    reportOf({ ...shared, growth: undefined, usage: usageFrom(SO_FAR, 21), now: TODAY }),
  )
  const elsewhere = toPlain(compareElsewhere({ ...shared, rates, within: ['EU'] }))
  const advice = toPlain(
    advise({ ...shared, rates, constraints: { within: ['EU'], reads: 'cheapest' }, months: 12 }),
  )
  return [
    ...[
      intro(),
      '## The bill',
      `The forecast for ${report.month} is **$${dollars(report.forecast.amount)}**.`,
    ],
    ...reportSheets(report).map(markdown),
    ...[
      'Line by line, each with the numbers of its prices in [the list below](#sources-of-the-bill):',
      markdown(linesSheet(report)),
    ],
    ...['## Elsewhere', 'One copy and all reads, within the EU, the eight cheapest:'],
    markdown({ ...compareSheet(elsewhere), rows: compareSheet(elsewhere).rows.slice(0, 8) }),
    '## Advice',
    `Over ${advice.months} months it saves **$${dollars(advice.saving)}**, for $${dollars(advice.once)} once: a month costs $${dollars(advice.monthAfter)} for what is kept and read, instead of $${dollars(advice.monthNow)}. ${advice.gapPercent === 0 ? 'Nothing that fits is cheaper.' : `The least possible is at most ${advice.gapPercent.toFixed(2)} % below that.`}`,
    markdown(adviceSheet(advice)),
    ...advice.recommendations.flatMap((one) => [
      `### \`${one.prefix}\`: ${stepsIn(one)}`,
      `Saves $${dollars(one.saving)}, for $${dollars(one.once)} once; pays back ${payBackIn(one.payBackMonths)}.`,
      ...[list('Risks', one.risks), list('What would change it', one.wouldChange)],
      list('Prices it rests on', one.lines.map(priced)),
    ]),
    ...['## To be known', list('', [...report.warnings, ...report.coverage, ...advice.remarks])],
    ...['## Sources of the bill', numbered(report.sources.map(priced))],
  ].join('\n\n')
}

function intro(): string {
  return `# A worked example

Made from the catalogue of prices and the code in this folder, and held to both by a test. One workspace: its primary is S3 in Frankfurt, a replica is at
Backblaze B2 in Amsterdam, and everything is in the standard class.

${markdown({
  title: '',
  columns: ['PREFIX', 'OBJECTS', 'SIZE EACH', 'AGE IN DAYS'].map((title) => ({ title })),
  rows: HEAPS.map(({ prefix, objects, objectBytes, ageDays }) => [
    ...[prefix, objects.toLocaleString('en-US'), size(objectBytes), String(ageDays)],
  ]),
})}

In a month some three quarters of the photos of 2026 are read once, one in a hundred of those of 2024, and every thumbnail four times; nobody reads backups. All is read
from the primary, and advice may have it read from wherever that is cheapest.`
}

function size(bytes: number): string {
  if (bytes >= GIB) return `${bytes / GIB} GiB`
  return bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / KIB} KiB`
}

function markdown({ columns, rows }: Sheet): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line(columns.map(({ title }) => title.toLowerCase())),
    line(columns.map(({ right }) => (right ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n')
}

function list(title: string, lines: readonly string[]): string {
  const items = lines.map((one) => `- ${one}`).join('\n')
  return title === '' ? items : `${title}:\n\n${items}`
}

function linesSheet({ lines }: Plain<Report>): Sheet {
  return {
    title: '',
    columns: [
      ...['STORE', 'CLASS', 'CHARGE'].map((title) => ({ title })),
      ...[{ title: 'FORECAST', right: true }, { title: 'PRICES' }],
    ],
    rows: lines.map(({ store, class: name, charge, forecast, sources }) => [
      ...[store, name, charge, dollars(forecast), sources.join(', ')],
    ]),
  }
}

function numbered(lines: readonly string[]): string {
  return lines.map((one, index) => `${index + 1}. ${one}`).join('\n')
}

function priced({ usd, unit, source, asOf, flags }: PriceLine): string {
  const doubts = [`as of ${asOf ?? 'an unknown day'}`, ...flags].join(', ')
  return `${usd} ${unit} (${doubts}): ${source}`
}

export function writtenPage(): string {
  return readFileSync(PAGE, 'utf8')
}

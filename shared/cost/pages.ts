// Reports, comparisons and advice as rows of text: what a table on a terminal and a file of CSV are made of.

import type { Advice } from './advice/advise.ts'
import type { Elsewhere } from './compare.ts'
import type { Plain } from './plain.ts'
import type { Report } from './report.ts'

export interface Sheet {
  title: string
  columns: readonly { title: string; right?: boolean }[]
  rows: readonly (readonly string[])[]
}

const right = (title: string) => ({ title, right: true })

/** Dollars to the cent; what is less, and not nothing, is said to be. */
export function dollars(text: string): string {
  const value = Number(text)
  return value > 0 && value < 0.005 ? '< 0.01' : value.toFixed(2)
}

/** `shown`: how an amount is written; as it is, for a machine. */
export function reportSheets(
  { by, replicas }: Plain<Report>,
  shown: (text: string) => string = dollars,
): Sheet[] {
  const known = (text: string, hasUnknown: boolean) => {
    if (!hasUnknown) return shown(text)
    return Number(text) === 0 ? 'unknown' : `${shown(text)} + unknown`
  }
  const sums = (title: string, rows: Plain<Report>['by']['store']): Sheet => ({
    title,
    columns: [{ title }, right('SO FAR'), right('FORECAST')],
    rows: rows.map(({ name, soFar, forecast, hasUnknown }) => [
      ...[name, known(soFar, hasUnknown), known(forecast, hasUnknown)],
    ]),
  })
  return [
    sums('STORE', by.store),
    sums('CHARGE', by.charge),
    sums('CLASS', by.class),
    sums('PREFIX', by.prefix),
    {
      title: 'REPLICA',
      columns: [{ title: 'REPLICA' }, right('A MONTH')],
      rows: replicas.map(({ store, forecast, hasUnknown }) => [store, known(forecast, hasUnknown)]),
    },
  ].filter(({ rows }) => rows.length > 0)
}

export function compareSheet(
  rows: readonly Plain<Elsewhere>[],
  shown: (text: string) => string = dollars,
): Sheet {
  return {
    title: 'ELSEWHERE',
    columns: [
      ...[{ title: 'PROVIDER' }, { title: 'REGION' }, { title: 'CLASS' }, right('A MONTH')],
      ...[right('STORAGE'), right('REQUESTS'), right('RETRIEVAL'), right('EGRESS')],
      ...[right('STANDING'), { title: 'KNOW' }],
    ],
    rows: rows.map(({ provider, region, class: name, here, month, traits }) => [
      ...[provider, region ?? '', `${name}${here ? ' (here)' : ''}`],
      ...('unknown' in month
        ? ['unknown', '', '', '', '', '', month.unknown]
        : [
            ...[month.total, month.storage, month.requests, month.retrieval].map(shown),
            ...[month.egress, month.standing].map(shown),
            [...traits, ...month.flags].join('; '),
          ]),
    ]),
  }
}

export function adviceSheet(
  { recommendations }: Plain<Advice>,
  shown: (text: string) => string = dollars,
): Sheet {
  return {
    title: 'ADVICE',
    columns: [
      ...[{ title: 'PREFIX' }, { title: 'WHAT' }, right('OBJECTS'), right('BYTES')],
      ...[right('MONTH NOW'), right('AFTER'), right('ONCE'), right('SAVES'), right('PAYS BACK')],
    ],
    rows: recommendations.map((one) => [
      ...[one.prefix || '(all)', stepsIn(one), String(one.objects), String(one.bytes)],
      ...[one.monthNow, one.monthAfter, one.once].map(shown),
      ...[shown(one.saving), payBackIn(one.payBackMonths)],
    ]),
  }
}

type Stepped = Pick<Plain<Advice>['recommendations'][number], 'steps' | 'readFrom' | 'readNow'>

export function stepsIn({ steps, readFrom, readNow }: Stepped): string {
  const changes = steps.map(({ store, from, to }) => {
    if (from === null) return `${store}: a copy in ${to}`
    return to === null ? `${store}: no copy` : `${store}: ${from} → ${to}`
  })
  return [...changes, ...(readFrom === readNow ? [] : [`read from ${readFrom}`])].join(', ')
}

/** Each rule, with what it costs beside copies where both are priced. */
export function rulesIn({ rules, byRule }: Plain<Advice>['recommendations'][number]): string[] {
  return rules.map((text) => {
    const priced = byRule.find(({ store, rule }) => text.includes(`${store}: ${rule}`))
    if (!priced) return text
    const { ruleUsd, copyUsd, fits } = priced
    const says = fits ? 'moves the same objects' : 'does not move just these objects'
    return `${text} ($${dollars(ruleUsd)} instead of $${dollars(copyUsd)}; it ${says})`
  })
}

export function payBackIn(months: number | undefined): string {
  if (months === undefined) return 'never'
  return months === 0 ? 'at once' : months < 0.1 ? 'days' : `${months.toFixed(1)} months`
}

/** Fields that would begin a formula in a spreadsheet are kept from it. */
export function toCsv({ columns, rows }: Sheet): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return [columns.map(({ title }) => title), ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
}

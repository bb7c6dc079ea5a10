// What `config test` found, for people: the checks of every store, then for each what differs from its
// record, what could not be found out, and what is done instead.

import type { Finding } from '#shared/storage/probe.ts'
import { isDifference } from '#shared/storage/probe.ts'
import { table } from '../terminal/table.ts'
import type { ProbeResult, StoreResult } from './config-test.ts'

/** `written`: the file that was changed. */
export function configTestPage(
  results: readonly StoreResult[],
  probing: boolean,
  written: string | undefined,
): string {
  const pages = probing ? results.map((result) => probePage(result, written)) : []
  return [checksTable(results), ...pages].join('\n\n')
}

function checksTable(results: readonly StoreResult[]): string {
  return table(
    [{ title: 'STORE' }, { title: 'CHECK' }, { title: 'RESULT' }, { title: 'WHY' }],
    results.flatMap(({ store, checks }) =>
      checks.map(({ check, outcome, why = '' }) => [store, check, outcome, why]),
    ),
  )
}

function probePage({ store, probe }: StoreResult, written: string | undefined): string {
  if (probe === undefined)
    return `${store}: not probed, for it cannot be written, read and deleted from.`
  const { findings, instead } = probe
  const differing = findings.filter(isDifference)
  const unknown = findings.filter(({ found }) => found === null)
  const count = `${findings.length - unknown.length} capabilities`
  const paragraphs = [
    differing.length === 0
      ? `${store}: ${count} as recorded.`
      : differences(store, differing, count),
    unknown.length > 0 && unclear(unknown),
    instead !== undefined && `What is done instead: ${instead}`,
    keeping(store, probe, written),
  ]
  return paragraphs.filter(Boolean).join('\n\n')
}

function differences(store: string, findings: readonly Finding[], count: string): string {
  const rows = findings.map(({ cell, recorded, found, how }) => [
    cell,
    shown(recorded),
    shown(found),
    how,
  ])
  const columns = ['CAPABILITY', 'RECORDED', 'FOUND', 'HOW'].map((title) => ({ title }))
  return `${store}: of ${count} ${findings.length} are not as recorded.\n${table(columns, rows)}`
}

function unclear(findings: readonly Finding[]): string {
  const rows = findings.map(({ cell, recorded, how }) => [cell, shown(recorded), how])
  const columns = ['CAPABILITY', 'RECORDED', 'WHY'].map((title) => ({ title }))
  return `Not found out, so the record stands:\n${table(columns, rows)}`
}

function shown(value: Finding['found']): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value)
}

function keeping(
  store: string,
  { settings }: ProbeResult,
  written: string | undefined,
): string | false {
  if (settings.length === 0) return false
  if (written !== undefined)
    return `What was found is kept in ${written}, as stores.${store}.capabilities.`
  return 'Skein goes on by the record; --write keeps what was found for this store.'
}

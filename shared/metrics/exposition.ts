// The page that Prometheus reads: each family with its help and type, then its series.
// https://prometheus.io/docs/instrumenting/exposition_formats/

import { FAMILIES } from './families.ts'

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** `series` by name and labels, of any families; those of none are left out. */
export function exposition(series: ReadonlyMap<string, number>): string {
  const byFamily = Map.groupBy(series, ([name]) => familyOf(name))
  const parts = Object.values(FAMILIES).flatMap(({ name, type, help }) => {
    const lines = (byFamily.get(name) ?? []).map(([one, value]) => `${one} ${value}`)
    return lines.length > 0 ? [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines] : []
  })
  return parts.map((line) => `${line}\n`).join('')
}

function familyOf(series: string): string {
  return series.replace(/\{.*$/s, '').replace(/_(bucket|sum|count)$/, '')
}

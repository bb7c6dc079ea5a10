// What a benchmark hands back: figures, and checks of them against the bounds that the project holds itself to.

export interface Check {
  name: string
  value: number
  bound: string
  holds: boolean
}

/** One row of figures; the first column names it. */
export type Result = Record<string, string | number>

export interface Outcome {
  checks: Check[]
  results: Result[]
}

/** Says how far it is by `tell`; prints nothing itself. */
export type Benchmark = (tell: (line: string) => void) => Promise<Outcome>

export function atLeast(name: string, value: number, bound: number): Check {
  return { name, value: round(value), bound: `>= ${bound}`, holds: value >= bound }
}

export function atMost(name: string, value: number, bound: number): Check {
  return { name, value: round(value), bound: `<= ${bound}`, holds: value <= bound }
}

export function below(name: string, value: number, bound: number): Check {
  return { name, value: round(value), bound: `< ${bound}`, holds: value < bound }
}

export function round(value: number): number {
  return Number(value.toPrecision(4))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The smallest value that so many percent do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN
}

export function resultsTable(results: readonly Result[]): string {
  const columns = [...new Set(results.flatMap((result) => Object.keys(result)))]
  const rows = results.map((result) => columns.map((column) => String(result[column] ?? '–')))
  return table([columns, ...rows])
}

export function checksTable(checks: readonly Check[]): string {
  return table(
    checks.map(({ name, value, bound, holds }) => [
      holds ? 'ok' : 'FAILS',
      name,
      String(value),
      bound,
    ]),
  )
}

function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  const line = (row: readonly string[]) =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

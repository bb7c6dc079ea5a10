// Columns that line up, and pages of labelled facts. No lines and no boxes: a table can be piped.

import { styleText } from 'node:util'
import { printable } from './format.ts'

export interface Column {
  title: string
  right?: boolean
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable))
  const widths = columns.map(({ title }, i) => {
    return cells.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), title.length)
  })
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (columns[i]!.right ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [styleText('bold', line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n')
}

/** One fact a line, the labels in a column of their own. */
export function facts(
  pairs: readonly (readonly [label: string, value: string | undefined])[],
): string {
  const width = Math.max(...pairs.map(([label]) => label.length))
  return pairs
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `${styleText('dim', label.padEnd(width))}  ${printable(value!)}`)
    .join('\n')
}

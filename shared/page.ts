// Pages of HTML for people, with nothing to load: sums, tables and lists, in one look for every report.

export interface Column {
  title: string
  right?: boolean | undefined
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

/** Of parts that are HTML already; empty ones are left out. */
export function pageOf(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body>
${[`<h1>${escape(title)}</h1>`, ...parts].filter((part) => part !== '').join('\n')}
</body></html>
`
}

/** A few large figures side by side. */
export function sumsOf(sums: readonly (readonly [value: string, label: string])[]): string {
  const each = sums.map(([value, label]) => `<div><b>${escape(value)}</b>${escape(label)}</div>`)
  return `<div class="sums">${each.join('')}</div>`
}

export function heading(text: string): string {
  return `<h2>${escape(text)}</h2>`
}

export function paragraph(text: string): string {
  return `<p>${escape(text)}</p>`
}

export function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const align = (index: number) => (columns[index]?.right ? ' class="right"' : '')
  const head = columns.map(({ title }, index) => `<th${align(index)}>${escape(title)}</th>`)
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, index) => `<td${align(index)}>${escape(cell)}</td>`).join('')}</tr>`,
  )
  return `<div class="wide"><table><tr>${head.join('')}</tr>${body.join('')}</table></div>`
}

/** Nothing where there are no lines. */
export function listOf(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  const head = title === '' ? '' : heading(title)
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

// The compatibility matrix: the providers' rows, as data for `/capabilities` and as a page for people.
// Nothing is written down twice; what the rows do not say, the matrix does not either.

import type { Capabilities } from './capabilities.ts'
import type { Evidence, ProviderRow } from './compatibility.ts'
import { PROVIDERS } from './compatibility.ts'

export interface MatrixRow {
  id: string
  title: string
  scheme: string
  example: string
  evidence: Evidence
  unsure: readonly string[]
  instead: string | undefined
  quirks: Readonly<Record<string, string>>
  capabilities: Capabilities
}

export function capabilityMatrix(rows: readonly ProviderRow[] = PROVIDERS): {
  providers: MatrixRow[]
} {
  return {
    providers: rows.map(
      ({ id, title, scheme, example, evidence, unsure, instead, quirks, capabilities }) => ({
        ...{ id, title, scheme, example, evidence, unsure: unsure ?? [], instead },
        quirks: { ...quirks },
        capabilities,
      }),
    ),
  }
}

interface Line {
  label: string
  /** The cells it rests on, as `group.field`; an unsure one is marked. */
  cells: readonly string[]
  show: (capabilities: Capabilities) => string
}

const LINES: readonly Line[] = [
  { label: 'Largest object', cells: ['maxObjectBytes'], show: (c) => bytes(c.maxObjectBytes) },
  { label: 'Largest single write', cells: ['put.maxBytes'], show: (c) => bytes(c.put.maxBytes) },
  { label: 'Write only if absent', cells: ['put.create'], show: (c) => yes(c.put.create) },
  { label: 'Write only if unchanged', cells: ['put.match'], show: (c) => yes(c.put.match) },
  { label: 'Delete only if unchanged', cells: ['delete.match'], show: (c) => yes(c.delete.match) },
  {
    label: 'Digests checked on a write',
    cells: ['put.checksums'],
    show: (c) => list(c.put.checksums),
  },
  {
    label: 'Stream of unknown length in one write',
    cells: ['put.unknownLength'],
    show: (c) => yes(c.put.unknownLength),
  },
  { label: 'Parts', cells: ['multipart'], show: (c) => partsText(c) },
  {
    label: 'Parts of one size',
    cells: ['multipart.equalParts'],
    show: (c) => yes(c.multipart?.equalParts),
  },
  {
    label: 'Commit of parts under a condition',
    cells: ['multipart.create', 'multipart.match'],
    show: (c) => yes(c.multipart?.create),
  },
  {
    label: 'Copy at the provider',
    cells: ['copy'],
    show: (c) => (c.copy ? `to ${bytes(c.copy.maxBytes)}` : 'no'),
  },
  {
    label: 'Copy only if the source is unchanged',
    cells: ['copy.sourceMatch'],
    show: (c) => yes(c.copy?.sourceMatch),
  },
  { label: 'Signed requests', cells: ['presign.actions'], show: (c) => list(c.presign?.actions) },
  {
    label: 'A signed upload enforces',
    cells: ['presign.enforces'],
    show: (c) => list(c.presign?.enforces),
  },
  {
    label: 'Digests under a signature',
    cells: ['presign.checksums'],
    show: (c) => list(c.presign?.checksums),
  },
  {
    label: 'Longest life of a signed URL',
    cells: ['presign.maxSeconds'],
    show: (c) => days(c.presign?.maxSeconds),
  },
  {
    label: 'Metadata',
    cells: ['metadata'],
    show: (c) => `${bytes(c.metadata.maxBytes)}, ${c.metadata.maxPairs} pairs`,
  },
  { label: 'Classes', cells: ['classes'], show: (c) => list(c.classes, 'one') },
  { label: 'Tags', cells: ['tags'], show: (c) => (c.tags ? String(c.tags.max) : 'no') },
  { label: 'Versions', cells: ['versions'], show: (c) => yes(c.versions) },
  { label: 'Locks', cells: ['retention'], show: (c) => yes(c.retention) },
  { label: 'Keys a page', cells: ['list.maxKeys'], show: (c) => String(c.list.maxKeys) },
  { label: 'Keys a delete', cells: ['delete.batch'], show: (c) => String(c.delete.batch) },
  { label: 'Setup: CORS', cells: ['setup.cors'], show: (c) => yes(c.setup.cors) },
  { label: 'Setup: encryption', cells: ['setup.encryption'], show: (c) => encryptionText(c) },
  { label: 'Setup: versioning', cells: ['setup.versioning'], show: (c) => yes(c.setup.versioning) },
  { label: 'Setup: lifecycle', cells: ['setup.lifecycle'], show: (c) => list(c.setup.lifecycle) },
]

/** The page of the docs; a `?` marks a cell that nobody has confirmed. */
export function matrixPage(rows: readonly ProviderRow[] = PROVIDERS): string {
  const shown = rows.filter((row) => row.wire !== 'memory')
  const table = [
    ['', ...shown.map((row) => row.title)],
    ['', ...shown.map(() => '')].map(() => '---'),
    ['Scheme', ...shown.map((row) => `\`${row.scheme}:\``)],
    ['Evidence', ...shown.map((row) => row.evidence)],
    ...LINES.map((line) => [line.label, ...shown.map((row) => cell(line, row))]),
  ]
  const notes = shown
    .filter((row) => row.instead)
    .map((row) => `- **${row.title}**: ${row.instead}`)
  const quirks = shown.flatMap((row) =>
    Object.entries(row.quirks ?? {}).map(
      ([name, reason]) => `- **${row.title}** \`${name}\`: ${reason}.`,
    ),
  )
  return [
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    'What is done instead:',
    '',
    ...notes,
    '',
    'Quirks, each with its reason:',
    '',
    ...quirks,
    '',
  ].join('\n')
}

function cell(line: Line, row: ProviderRow): string {
  const unsure = (row.unsure ?? []).some((name) =>
    line.cells.some((c) => c === name || c === name.split('.')[0]),
  )
  return line.show(row.capabilities) + (unsure ? ' ?' : '')
}

function partsText({ multipart }: Capabilities): string {
  if (multipart === null) return 'no'
  return `${bytes(multipart.minPartBytes)} to ${bytes(multipart.maxPartBytes)}, ${multipart.maxParts}`
}

function encryptionText({ setup }: Capabilities): string {
  return setup.encryption === 'always' ? 'always on' : yes(setup.encryption)
}

function yes(value: boolean | undefined): string {
  return value ? 'yes' : 'no'
}

function list(values: readonly string[] | undefined, none = 'none'): string {
  return values === undefined || values.length === 0 ? none : values.join(' ')
}

function days(seconds: number | undefined): string {
  return seconds === undefined ? 'none' : `${seconds / 86_400} days`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function bytes(count: number): string {
  if (count >= Number.MAX_SAFE_INTEGER) return 'no limit'
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10))
  const amount = count / 1024 ** power
  return `${Number(amount.toFixed(amount < 10 ? 1 : 0))} ${UNITS[power]}`
}

// A store's URI, taken apart. The scheme picks the provider's row, the rest says which bucket there:
// changing clouds is changing this one string. Every fault of a URI is told here, before any request.

import type { ProviderRow } from './compatibility.ts'
import { PROVIDERS } from './compatibility.ts'
import { StorageError } from './errors.ts'
import { checkKey } from './keys.ts'

export interface StoreAddress {
  row: ProviderRow
  /** Bucket or container; the path of a folder; the name of a memory. */
  bucket: string
  /** Azure's and R2's. */
  account?: string | undefined
  /** Empty, or ending in a slash. */
  prefix: string
  parameters: Readonly<Record<string, string>>
  /** The URI without its query: how messages name a store that has no name of its own. */
  label: string
}

/** What may follow the `?`, by wire. */
const PARAMETERS: Record<ProviderRow['wire'], readonly string[]> = {
  s3: ['region', 'endpoint', 'path_style', 'profile', 'jurisdiction', 'binding'],
  gcs: ['endpoint', 'project'],
  azure: ['endpoint'],
  file: [],
  memory: [],
}

export function parseStoreUri(uri: string, rows: readonly ProviderRow[] = PROVIDERS): StoreAddress {
  const colon = uri.indexOf(':')
  const scheme = colon < 0 ? '' : uri.slice(0, colon).toLowerCase()
  const candidates = rows.filter((row) => row.scheme === scheme)
  if (candidates.length === 0) throw unknownScheme(uri, scheme, rows)

  const { path, parameters, label } = splitQuery(uri)
  // A scheme with two rows is S3's own: with an endpoint it is some other S3.
  const row =
    candidates.find((r) => (r.id === 's3-compatible') === 'endpoint' in parameters) ??
    candidates[0]!
  checkParameters(label, parameters, row)
  const rest = path.slice(colon + 1)
  if (row.wire === 'file' || row.wire === 'memory')
    return localAddress(row, rest, label, parameters)
  return cloudAddress(row, rest, label, parameters)
}

function splitQuery(uri: string): {
  path: string
  parameters: Record<string, string>
  label: string
} {
  const mark = uri.indexOf('?')
  const path = mark < 0 ? uri : uri.slice(0, mark)
  const parameters = Object.fromEntries(new URLSearchParams(mark < 0 ? '' : uri.slice(mark + 1)))
  // Somebody may have put keys where a web address has them; a label goes into messages.
  const label = path.includes('@') ? path.replace(/(:\/\/)[^/@]*@/, '$1…@') : path
  return { path, parameters, label }
}

function cloudAddress(
  row: ProviderRow,
  rest: string,
  label: string,
  parameters: Record<string, string>,
): StoreAddress {
  const segments = (rest.startsWith('//') ? rest.slice(2) : rest).split('/')
  if (segments[0]?.includes('@')) {
    throw invalid(
      label,
      `The store "${label}" has something before an @; keys do not belong into a URI: set them in the environment or the configuration.`,
    )
  }
  const withAccount = row.example.includes('://account/')
  const account = withAccount ? segments.shift() : undefined
  const bucket = segments.shift()
  if ((withAccount && !account) || !bucket || !rest.startsWith('//')) {
    throw invalid(
      label,
      `The store "${label}" does not name its ${withAccount ? 'account and ' : ''}bucket; write it as ${row.example}.`,
    )
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(bucket)) {
    throw invalid(
      label,
      `The store "${label}" names the bucket "${bucket}", which no provider allows: 3 to 63 letters, digits, dots and hyphens.`,
    )
  }
  return {
    row,
    bucket,
    account,
    prefix: folderPrefix(segments.join('/'), label),
    parameters,
    label,
  }
}

function localAddress(
  row: ProviderRow,
  rest: string,
  label: string,
  parameters: Record<string, string>,
): StoreAddress {
  const bucket = rest.replace(/^\/\/(?=\/)/, '')
  if (bucket === '' || bucket.startsWith('//')) {
    throw invalid(label, `The store "${label}" does not say where; write it as ${row.example}.`)
  }
  return { row, bucket: decode(bucket, label), prefix: '', parameters, label }
}

function folderPrefix(raw: string, label: string): string {
  const prefix = decode(raw, label).replace(/\/+$/, '')
  if (prefix === '') return ''
  checkKey(prefix, label, undefined, true)
  return `${prefix}/`
}

function decode(text: string, label: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(
      label,
      `The store "${label}" holds a % that begins no escape; write a literal % as %25.`,
    )
  }
}

function checkParameters(
  label: string,
  parameters: Record<string, string>,
  row: ProviderRow,
): void {
  const allowed = PARAMETERS[row.wire]
  for (const name of Object.keys(parameters)) {
    if (!allowed.includes(name)) {
      const known = allowed.length > 0 ? `it takes ${allowed.join(', ')}` : 'it takes none'
      throw invalid(
        label,
        `The store "${label}" has the parameter "${name}", which ${row.title} does not know; ${known}.`,
      )
    }
  }
}

function unknownScheme(uri: string, scheme: string, rows: readonly ProviderRow[]): StorageError {
  const known = [...new Set(rows.map((row) => `${row.scheme}:`))].join(' ')
  const label = splitQuery(uri).label
  return invalid(
    label,
    scheme === ''
      ? `"${label}" is not a store: it has no scheme; write for example s3://bucket?region=eu-central-1 or file:./data.`
      : `The scheme "${scheme}:" of "${label}" is not known; use one of ${known}.`,
  )
}

function invalid(store: string, message: string): StorageError {
  return new StorageError('invalid', message, { store })
}

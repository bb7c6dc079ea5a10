// A store spelt out in fields, as its URI. One of the two forms is enough; fields beside a URI fill in what
// it does not say, and never contradict it.

import type { ProviderRow } from '#shared/storage/compatibility.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import type { StoreEntry } from '#shared/storage/schema.ts'
import type { Problem } from './problems.ts'
import { nearest } from './spelling.ts'

type Outcome = { uri: string } | { problems: Problem[] }

const PARAMETERS = {
  region: 'region',
  endpoint: 'endpoint',
  project: 'project',
  pathStyle: 'path_style',
  jurisdiction: 'jurisdiction',
  binding: 'binding',
  profile: 'profile',
} as const

export function storeUri(entry: StoreEntry): Outcome {
  if (entry.uri !== undefined) return beside(entry, entry.uri)
  if (entry.provider === undefined) {
    return fault([], 'says neither where it is (uri:) nor which cloud (provider:)')
  }
  const row = PROVIDERS.find((candidate) => candidate.id === entry.provider)
  if (row === undefined) return unknownProvider(entry.provider)
  const place = placeOf(row, entry)
  return 'problems' in place ? place : withParameters(place.uri, entry)
}

function beside(entry: StoreEntry, uri: string): Outcome {
  const clash = (['provider', 'bucket', 'container', 'prefix', 'account', 'path'] as const).find(
    (field) => entry[field] !== undefined,
  )
  if (clash !== undefined) return fault([clash], 'stands in the uri already; give one of the two')
  return withParameters(uri, entry)
}

function placeOf(row: ProviderRow, entry: StoreEntry): Outcome {
  if (row.wire === 'file' || row.wire === 'memory') {
    if (entry.path === undefined) return fault(['path'], `is missing: a ${row.id} store needs it`)
    return { uri: `${row.scheme}:${escape(entry.path)}` }
  }
  const bucket = entry.bucket ?? entry.container
  if (bucket === undefined) return fault(['bucket'], 'is missing')
  const needsAccount = row.example.includes('://account/')
  if (needsAccount && entry.account === undefined)
    return fault(['account'], `is missing: ${row.title} needs it`)
  // Without it an `s3-compatible` store's URI would read as Amazon's own.
  if (row.endpoint === undefined && entry.endpoint === undefined)
    return fault(['endpoint'], `is missing: ${row.title} needs it`)
  const folder = (entry.prefix ?? '').replace(/^\/+|\/+$/g, '')
  const segments = [...(needsAccount ? [entry.account!] : []), bucket, ...(folder ? [folder] : [])]
  return { uri: `${row.scheme}://${segments.map(escape).join('/')}` }
}

function withParameters(uri: string, entry: StoreEntry): Outcome {
  const query = new URLSearchParams(uri.includes('?') ? uri.slice(uri.indexOf('?') + 1) : '')
  for (const [field, parameter] of Object.entries(PARAMETERS) as [
    keyof typeof PARAMETERS,
    string,
  ][]) {
    const value = entry[field]
    if (value === undefined) continue
    const said = query.get(parameter)
    if (said !== null && said !== String(value))
      return fault([field], `stands in the uri already, as "${said}"; give one of the two`)
    query.set(parameter, String(value))
  }
  const text = query.toString()
  const path = uri.split('?', 1)[0]!
  return { uri: text === '' ? path : `${path}?${text}` }
}

function unknownProvider(provider: string): Outcome {
  const ids = PROVIDERS.map((row) => row.id)
  const hint = nearest(provider, ids)
  return fault(
    ['provider'],
    `"${provider}" is not one of ${ids.join(', ')}${hint ? `; did you mean "${hint}"?` : ''}`,
  )
}

function escape(text: string): string {
  return text.replace(/[%?#]/g, encodeURIComponent)
}

function fault(path: PropertyKey[], message: string): Outcome {
  return { problems: [{ path, message }] }
}

// A user's own prices, laid over the catalogue: the same shape, as much of it as he knows. What he wrote
// carries his file as its source, field by field; what he did not stays as it was.

import { isGroup } from '#shared/shape/group.ts'
import type { Issue } from '#shared/shape/issue.ts'
import * as z from '#shared/shape/shape.ts'
import type { CatalogueSource, ProviderPrices } from './catalogue.ts'
import { provider, source } from './catalogue.ts'
import { CONFIGURED } from './figure.ts'

const file = z.strictObject({
  /** When these prices were right; without it they never count as stale. */
  asOf: z.optional(source.shape.asOf),
  /** Sources of his own, that figures may name. */
  sources: z.optional(z.record(z.string(), source)),
  providers: z.record(z.string(), provider),
})

export interface Overrides {
  sources: Readonly<Record<string, CatalogueSource>>
  providers: Readonly<Record<string, ProviderPrices>>
}

/** Names every fault with its path. */
export class PricesError extends Error {
  constructor(from: string, problems: readonly string[]) {
    super(
      [`The prices in ${from} cannot be used:`, ...problems.map((one) => `  ${one}`)].join('\n'),
    )
    this.name = 'PricesError'
  }
}

export function readOverrides(data: unknown, from: string): Overrides {
  const read = file.safeParse(data)
  if (!read.success) throw new PricesError(from, read.error.issues.flatMap(sentences))
  const { asOf = null, sources = {}, providers } = read.data
  const own: Record<string, CatalogueSource> = {
    ...sources,
    [CONFIGURED]: { from, asOf, trust: 'configured' },
  }
  const strange = namedSources(providers).filter((name) => !(name in own))
  if (strange.length > 0) {
    const problems = strange.map((name) => `sources: there is none of the name "${name}"`)
    throw new PricesError(from, problems)
  }
  return { sources: own, providers }
}

function sentences(issue: Issue): string[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${[...path, key].join('.')}: no such field`)
  return [`${path.join('.') || '(top)'}: ${complaint(issue)}`]
}

function complaint(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'record' || issue.expected === 'object'
        ? 'is missing or no group of fields'
        : `is not of type ${issue.expected}`
    case 'too_small':
      return `is not ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
    case 'invalid_key':
      return 'is not a name that is known there'
    case 'invalid_union':
      return 'fits none of the forms that it may have'
    case 'custom':
      return `is not ${issue.message}`
    default:
      return 'is not what belongs there'
  }
}

/** Every source that a figure names, in whatever group it stands. */
function namedSources(value: unknown): string[] {
  if (!isGroup(value)) return []
  const inside = Object.entries(value).flatMap(([key, one]) =>
    key === 'sources' || key === 'confirmed' ? namesIn(one) : namedSources(one),
  )
  return typeof value['source'] === 'string' ? [value['source'], ...inside] : inside
}

function namesIn(names: unknown): string[] {
  return isGroup(names) ? Object.values(names).filter((name) => typeof name === 'string') : []
}

export function withOverrides(
  base: ProviderPrices | undefined,
  own: ProviderPrices,
): ProviderPrices {
  if (base === undefined) return own
  const rules = [...(own.egress?.between ?? []), ...(base.egress?.between ?? [])]
  const merged = provider.parse(overlay(base, own))
  return merged.egress ? { ...merged, egress: { ...merged.egress, between: rules } } : merged
}

/** A group that names its source keeps it, and says of each field laid over it that it is the user's. */
function overlay(base: unknown, own: unknown): unknown {
  if (!isGroup(base) || !isGroup(own)) return own
  const { source: ownSource, sources: ownSources, ...fields } = own
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(fields)) merged[key] = overlay(base[key], value)
  if (typeof base['source'] !== 'string') return merged
  const named = typeof ownSource === 'string' ? ownSource : CONFIGURED
  const touched = Object.entries(fields).flatMap(([key, value]) => fieldsOf(key, value, base[key]))
  const confirmed = isGroup(base['confirmed']) ? base['confirmed'] : {}
  return {
    ...merged,
    sources: {
      ...group(base['sources']),
      ...Object.fromEntries(touched.map((field) => [field, named])),
      ...group(ownSources),
    },
    confirmed: Object.fromEntries(
      Object.entries(confirmed).flatMap(([key, id]) => stillConfirmed(key, id, fields)),
    ),
  }
}

function group(value: unknown): Record<string, unknown> {
  return isGroup(value) ? value : {}
}

/** `requests.put` for a figure in a map, the field's name for one that stands alone; groups name their own. */
function fieldsOf(key: string, value: unknown, base: unknown): string[] {
  if (!isGroup(value)) return [key]
  const groups = [base, ...Object.values(value)].filter(isGroup)
  const isMap = groups.every((one) => one === base && !('source' in one))
  return isMap ? Object.keys(value).map((name) => `${key}.${name}`) : []
}

/** An old reading confirms nothing that the user has changed. */
function stillConfirmed(key: string, id: unknown, fields: Record<string, unknown>) {
  return fields[key] === undefined ? [[key, id] as const] : []
}

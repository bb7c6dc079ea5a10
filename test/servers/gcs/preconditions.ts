/**
 * Generation and metageneration preconditions, from the JSON API's query or the XML API's
 * headers. A false one is 412, or 304 where a read said "not match".
 * https://cloud.google.com/storage/docs/request-preconditions
 */
import type { Call } from './call.ts'
import { conditionNotMet, invalid, notModified } from './errors.ts'
import { xmlEtag } from './object-resource.ts'
import type { ObjectVersion } from './state.ts'

export interface Preconditions {
  readonly generationMatch?: number
  readonly generationNotMatch?: number
  readonly metagenerationMatch?: number
  readonly metagenerationNotMatch?: number
}

export function queryPreconditions(query: URLSearchParams, prefix = 'if'): Preconditions {
  return collect((name) => query.get(`${prefix}${name}`))
}

/** The XML API knows only the two that say "match". */
export function headerPreconditions(call: Call, prefix = 'x-goog-'): Preconditions {
  return collect((name) => {
    if (name === 'GenerationMatch') return call.headers[`${prefix}if-generation-match`]
    if (name === 'MetagenerationMatch') return call.headers[`${prefix}if-metageneration-match`]
    return undefined
  })
}

function collect(read: (name: string) => string | null | undefined): Preconditions {
  const found: Record<string, number> = {}
  const names = {
    GenerationMatch: 'generationMatch',
    GenerationNotMatch: 'generationNotMatch',
    MetagenerationMatch: 'metagenerationMatch',
    MetagenerationNotMatch: 'metagenerationNotMatch',
  }
  for (const [name, field] of Object.entries(names)) {
    const text = read(name)
    if (text === null || text === undefined) continue
    if (!/^\d{1,19}$/.test(text)) throw invalid(`Invalid value for the ${field} precondition.`)
    found[field] = Number(text)
  }
  return found
}

export function isEmpty(conditions: Preconditions): boolean {
  return Object.keys(conditions).length === 0
}

/** For a write: every condition must hold; generation 0 means that there is no live object. */
export function requireConditions(
  conditions: Preconditions,
  live: { generation: number; metageneration: number } | undefined,
): void {
  const failed = failedMatch(conditions, live) ?? failedNotMatch(conditions, live)
  if (failed) throw conditionNotMet(failed)
}

/** For a read: a false "not match" is 304. */
export function requireReadConditions(
  conditions: Preconditions,
  version: { generation: number; metageneration: number },
  headers: Record<string, string>,
): void {
  const failed = failedMatch(conditions, version)
  if (failed) throw conditionNotMet(failed)
  if (failedNotMatch(conditions, version)) throw notModified(headers)
}

type Numbers = { generation: number; metageneration: number } | undefined

function failedMatch(conditions: Preconditions, live: Numbers): string | undefined {
  const { generationMatch, metagenerationMatch } = conditions
  if (generationMatch !== undefined && generationMatch !== (live?.generation ?? 0)) {
    return 'ifGenerationMatch'
  }
  if (metagenerationMatch !== undefined && metagenerationMatch !== live?.metageneration) {
    return 'ifMetagenerationMatch'
  }
  return undefined
}

function failedNotMatch(conditions: Preconditions, live: Numbers): string | undefined {
  const { generationNotMatch, metagenerationNotMatch } = conditions
  if (generationNotMatch !== undefined && generationNotMatch === (live?.generation ?? 0)) {
    return 'ifGenerationNotMatch'
  }
  if (metagenerationNotMatch !== undefined && metagenerationNotMatch === live?.metageneration) {
    return 'ifMetagenerationNotMatch'
  }
  return undefined
}

/** The HTTP conditions (etags and dates) of a read through the XML API. */
export function requireHttpConditions(call: Call, version: ObjectVersion): void {
  const etag = xmlEtag(version)
  const ifMatch = call.headers['if-match']
  const ifNoneMatch = call.headers['if-none-match']
  if (ifMatch !== undefined && !listsEtag(ifMatch, etag)) throw conditionNotMet('If-Match')
  if (ifNoneMatch !== undefined) {
    if (listsEtag(ifNoneMatch, etag)) throw notModified({ etag })
    return
  }
  const seconds = Math.floor(version.updatedAtMs / 1000) * 1000
  const unmodifiedSince = Date.parse(call.headers['if-unmodified-since'] ?? '')
  if (ifMatch === undefined && seconds > unmodifiedSince) {
    throw conditionNotMet('If-Unmodified-Since')
  }
  if (seconds <= Date.parse(call.headers['if-modified-since'] ?? '')) throw notModified({ etag })
}

function listsEtag(header: string, etag: string): boolean {
  const listed = header.split(',').map((one) => one.trim().replace(/^W\//, ''))
  return listed.includes('*') || listed.includes(etag)
}

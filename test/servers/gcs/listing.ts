/**
 * Listings of objects: in the order of their names' UTF-8 bytes, cut by prefix, delimiter,
 * offsets and page. Both APIs list through here.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/list
 */
import { invalid } from './errors.ts'
import type { Bucket, ObjectVersion } from './state.ts'

export interface ListQuery {
  readonly prefix: string
  readonly delimiter: string
  readonly includeTrailingDelimiter: boolean
  readonly startOffset: string
  readonly endOffset: string
  /** Strictly after this name, or this name and generation. */
  readonly after: Position | undefined
  readonly maxResults: number
  readonly versions: boolean
}

export interface Position {
  readonly name: string
  readonly generation: number
}

export interface Page {
  readonly versions: readonly ObjectVersion[]
  readonly prefixes: readonly string[]
  /** Where the next page begins, if there is one. */
  readonly next: Position | undefined
}

export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above every other UTF-16 unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

export function listVersions(bucket: Bucket, query: ListQuery): Page {
  const versions: ObjectVersion[] = []
  const prefixes: string[] = []
  let last: Position | undefined
  for (const version of candidates(bucket, query)) {
    const prefix = commonPrefix(version.name, query)
    const seen = prefix !== undefined && (prefix === prefixes.at(-1) || isBehind(prefix, query))
    const shown = prefix === undefined || showsToo(version.name, prefix, query)
    if (seen && !shown) {
      if (last && prefix === prefixes.at(-1)) last = positionOf(version)
      continue
    }
    if (versions.length + prefixes.length >= query.maxResults)
      return { versions, prefixes, next: last }
    if (prefix !== undefined && !seen) prefixes.push(prefix)
    if (shown) versions.push(version)
    last = positionOf(version)
  }
  return { versions, prefixes, next: undefined }
}

function positionOf(version: ObjectVersion): Position {
  return { name: version.name, generation: version.generation }
}

/** A marker that is itself a common prefix has already shown what is under it. */
function isBehind(prefix: string, query: ListQuery): boolean {
  return query.after !== undefined && query.after.name.startsWith(prefix)
}

function commonPrefix(name: string, { prefix, delimiter }: ListQuery): string | undefined {
  if (delimiter === '') return undefined
  const at = name.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : name.slice(0, at + delimiter.length)
}

function showsToo(name: string, prefix: string, query: ListQuery): boolean {
  return query.includeTrailingDelimiter && name === prefix
}

function* candidates(bucket: Bucket, query: ListQuery): Generator<ObjectVersion> {
  const names = sortedNames(bucket)
  const from =
    [query.prefix, query.startOffset, query.after?.name ?? ''].toSorted(compareUtf8)[2] ?? ''
  for (let at = lowerBound(names, from); at < names.length; at++) {
    const name = names[at] ?? ''
    if (!name.startsWith(query.prefix)) return
    if (query.endOffset !== '' && compareUtf8(name, query.endOffset) >= 0) return
    yield* wanted(bucket.versions.get(name) ?? [], query)
  }
}

function wanted(versions: readonly ObjectVersion[], { after, versions: all }: ListQuery) {
  const shown = all ? versions : versions.filter((version) => version.deletedAtMs === undefined)
  if (!after || shown[0]?.name !== after.name) return shown
  return all ? shown.filter((version) => version.generation > after.generation) : []
}

function sortedNames(bucket: Bucket): string[] {
  bucket.sortedNames ??= [...bucket.versions.keys()].toSorted(compareUtf8)
  return bucket.sortedNames
}

function lowerBound(names: readonly string[], wantedName: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareUtf8(names[middle] ?? '', wantedName) < 0) low = middle + 1
    else high = middle
  }
  return low
}

export function encodeToken(position: Position): string {
  return Buffer.from(JSON.stringify([position.name, position.generation])).toString('base64url')
}

export function decodeToken(token: string | null): Position | undefined {
  if (token === null || token === '') return undefined
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'number') {
      return { name: parsed[0], generation: parsed[1] }
    }
  } catch {
    // Falls to the refusal below: not a token of ours.
  }
  throw invalid('Invalid page token.')
}

// Walking a bucket's keys in order, as every listing does: from a position, under a prefix, with what
// lies behind a delimiter rolled up to one entry that counts like a key.

import type { Bucket, Version } from './state.ts'

export type Entry =
  | { kind: 'key'; key: string; versions: readonly Version[] }
  | { kind: 'prefix'; prefix: string }

export type Walk = {
  prefix: string
  delimiter: string
  /** Keys strictly after this one; where it rolls up to a prefix, all beneath that is passed. */
  after: string
  /** Count keys whose newest version is a delete marker. */
  withMarkers: boolean
}

export function* walk(bucket: Bucket, options: Walk): Generator<Entry> {
  const { prefix, delimiter, withMarkers } = options
  const { keys, objects } = bucket
  let position = startOf(bucket, options)
  for (;;) {
    const key = keys.at(position)
    if (key === undefined || !key.startsWith(prefix)) return
    const rolled = rollUp(key, prefix, delimiter)
    const end = rolled === undefined ? position + 1 : keys.seekPast(rolled, position)
    if (withMarkers || hasVisible(bucket, position, end)) {
      if (rolled === undefined) yield { kind: 'key', key, versions: objects.get(key) ?? [] }
      else yield { kind: 'prefix', prefix: rolled }
    }
    position = end
  }
}

function hasVisible({ keys, objects }: Bucket, from: number, end: number): boolean {
  for (let i = from; i < end; i += 1) {
    if (objects.get(keys.at(i) ?? '')?.[0]?.isMarker === false) return true
  }
  return false
}

function startOf({ keys }: Bucket, { prefix, delimiter, after }: Walk): number {
  const first = keys.seek(prefix)
  if (after === '') return first
  const position = keys.seek(after)
  const rolled = rollUp(after, prefix, delimiter)
  if (rolled !== undefined) return Math.max(first, keys.seekPast(rolled, position))
  return Math.max(first, keys.at(position) === after ? position + 1 : position)
}

/** The common prefix a key falls under, through the first delimiter past the prefix. */
function rollUp(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}

// Which segments count after some keys' records were replaced: the new ones for those keys, the old ones for the
// rest. A segment that is replaced in part stays, and only a slice of it counts.

import type { Compare } from './key-order.ts'

/** Keys after one and up to another; both may be open. */
export interface Bounds {
  after?: string | undefined
  upTo?: string | undefined
}

export interface Segment {
  name: string
  first: string
  last: string
  records: number
  /** What of it counts. */
  slice: Bounds
}

export function isWithin(key: string, { after, upTo }: Bounds, compare: Compare): boolean {
  if (after !== undefined && compare(key, after) <= 0) return false
  return upTo === undefined || compare(key, upTo) <= 0
}

export function splice(
  segments: readonly Segment[],
  { after, upTo }: Bounds,
  written: readonly Segment[],
  compare: Compare,
): Segment[] {
  const before =
    after === undefined
      ? []
      : segments.flatMap((one) => narrowed(one, { upTo: after }, compare) ?? [])
  const behind =
    upTo === undefined
      ? []
      : segments.flatMap((one) => narrowed(one, { after: upTo }, compare) ?? [])
  return [...before, ...written, ...behind]
}

/** Undefined where nothing of it is left. */
function narrowed(segment: Segment, to: Bounds, compare: Compare): Segment | undefined {
  const after = further(segment.slice.after, to.after, (a, b) => compare(a, b))
  const upTo = further(segment.slice.upTo, to.upTo, (a, b) => compare(b, a))
  if (upTo !== undefined && compare(segment.first, upTo) > 0) return undefined
  if (after !== undefined && compare(segment.last, after) <= 0) return undefined
  if (after !== undefined && upTo !== undefined && compare(after, upTo) >= 0) return undefined
  return { ...segment, slice: { after, upTo } }
}

function further(a: string | undefined, b: string | undefined, compare: Compare) {
  if (a === undefined || b === undefined) return a ?? b
  return compare(a, b) >= 0 ? a : b
}

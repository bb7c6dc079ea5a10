// A figure of the catalogue with its evidence, or the sentence that says why there is none. What is unknown
// is never zero: whoever compares prices has to say what an unknown one means to him.

import type { Money } from './money.ts'
import { compareMoney, times } from './money.ts'

/** The source of every figure that a user wrote and gave no other source for. */
export const CONFIGURED = 'configured'

/** How a figure came to be known. */
export type Trust =
  | 'api-derived'
  | 'vendor'
  | 'vendor-page-transcription'
  | 'secondary'
  | 'unverified'
  | typeof CONFIGURED

/**
 * What weakens a figure. `stale`: read more than a year ago, or nobody knows when. `…-assumed`: the price of
 * another region, of another kind of request or of LRS stands in, as the note says.
 */
export type Flag =
  | 'unverified'
  | 'stale'
  | 'region-assumed'
  | 'meter-assumed'
  | 'redundancy-assumed'

export interface Source {
  /** An address, or where else it was read. */
  from: string
  /** The day, month or year of the figures there. */
  asOf: string | undefined
}

export interface Figure<Value = Money> {
  value: Value
  /** `USD per GB (1073741824 bytes) and month`. */
  unit: string
  /** How many bytes, requests or objects the unit holds: GiB and GB are 7 % apart. */
  unitSize: number
  source: Source
  trust: Trust
  flags: readonly Flag[]
  /** What a reader must know to use it, where there is something. */
  note?: string
}

export interface Unknown {
  reason: string
}

export function isKnown<Known extends object>(answer: Known | Unknown): answer is Known {
  return !('reason' in answer)
}

/** Orders prices of bytes, whatever their units. */
export function compareRates(a: Figure, b: Figure): number {
  return compareMoney(perOne(a), perOne(b))
}

function perOne({ value, unitSize }: Figure): Money {
  return times(value, 1n, unitSize)
}

export function weakened(figure: Figure, flags: readonly Flag[], note?: string): Figure {
  const notes = [figure.note, note].filter((one) => one !== undefined)
  return {
    ...figure,
    flags: [...new Set([...figure.flags, ...flags])],
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  }
}

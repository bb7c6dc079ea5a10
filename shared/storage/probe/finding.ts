// What was found of one cell of the record, and how. A refusal is an answer; a store that gave no answer, or
// that the credentials may not ask, leaves the cell open, and then the record stands.

import type { Capabilities } from '../capabilities.ts'
import type { ErrorKind } from '../errors.ts'
import { StorageError } from '../errors.ts'

export interface Finding {
  /** As the configuration names it; the item of a list comes last: `put.checksums.md5`. */
  cell: string
  recorded: Value
  /** Null: could not be found out. */
  found: Value | null
  how: string
}

type Value = boolean | number | Capabilities['list']['order']

export interface Verdict<Found extends Value = boolean> {
  found: Found | null
  how: string
}

export const yes = (how: string): Verdict => ({ found: true, how })
export const no = (how: string): Verdict => ({ found: false, how })
export const open = (how: string): Verdict<never> => ({ found: null, how })

export function isDifference({ recorded, found }: Finding): boolean {
  return found !== null && found !== recorded
}

/** Kinds that say nothing of what the server can do. */
const NO_ANSWER: ReadonlySet<ErrorKind> = new Set([
  ...(['denied', 'unauthenticated', 'throttled', 'unavailable', 'internal'] as const),
])

/** A lawful use that was refused is a no. */
export async function verdictOf(trial: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await trial()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return NO_ANSWER.has(error.kind) ? open(error.message) : no(refusalText(error))
  }
}

/** The server's refusals by their status; a driver's own has none and speaks for itself. */
function refusalText({ status, message }: StorageError): string {
  return status === undefined ? message : `it was refused with status ${status}`
}

export interface Violation {
  /** What must be refused. */
  act: () => Promise<unknown>
  /** Whether what was stored before still stands: the proof, whatever was answered. */
  stands: () => Promise<boolean>
  /** In a few words, what happens where the rule is not kept. */
  broken: string
  held: string
}

/** A rule is kept when what breaks it is refused and leaves no trace. */
export async function holds({ act, stands, broken, held }: Violation): Promise<Verdict> {
  let refusal: StorageError | undefined
  try {
    await act()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    refusal = error
  }
  if (refusal === undefined || !(await stands())) return no(broken)
  return NO_ANSWER.has(refusal.kind) && refusal.kind !== 'denied'
    ? open(refusal.message)
    : yes(held)
}

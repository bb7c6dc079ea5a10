// Long work: what a job is, what each kind of job has to say of itself, and what is kept of it. A job is a row
// of phases; a phase is cut into parts that many functions work on side by side; a part goes on in bounded
// steps from the cursor that the last one left. All of it lies in the ledger, so a job goes on wherever
// somebody takes it up.

import type { Task } from '#shared/platform.ts'
import * as z from '#shared/shape/shape.ts'
import type { Ledger } from './ledger.ts'

/**
 * `ready`: it has done what it may by itself, and waits for a command. `paused`: somebody, or a failure that
 * would meet every further step, has stopped it; it goes on from there.
 */
export type JobState = 'running' | 'paused' | 'ready' | 'done' | 'cancelled'

/** Counts by name, which parts add up to the job's: objects, bytes, millionths of a dollar. */
export type Tally = Readonly<Record<string, number>>

export interface Phase {
  name: string
  /** How many parts it is cut into. */
  parts: number
  /** Those that are through. */
  ended: readonly number[]
  began: string
  /** Set when all are. */
  tally?: Tally
}

/** As the ledger keeps it; one record, changed by compare-and-set alone. */
export interface JobRecord {
  id: string
  kind: string
  /** The kind's own; small. */
  input: unknown
  state: JobState
  /** Why it is paused or what it is ready for: a sentence. */
  why?: string
  /** In order; the last one is under way. */
  phases: readonly Phase[]
  created: string
  changed: string
  by?: string | undefined
  /** A command that has not yet begun its phase. */
  asked?: string
  /** What came of it: small; a report of any size is a record of its own. */
  result?: unknown
}

/** What a kind is given: the job it works on. */
export interface Job<Input = unknown> {
  id: string
  input: Input
  phases: readonly Phase[]
  ledger: Ledger
  now: () => number
  /** The ledger's name for a record of this job's own. */
  own(name: string): string
  /** How an earlier phase was cut. */
  partsOf(phase: number): Promise<readonly unknown[]>
}

/** What a step works on. */
export interface Part<Of = unknown, Cursor = unknown> {
  phase: string
  number: number
  /** As the phase cut it. */
  of: Of
  /** As the last step left it; undefined at the beginning. */
  cursor: Cursor | undefined
  /** What this part has counted so far. */
  tally: Tally
  /** Asked often: false when the step should leave its cursor and return. */
  mayGoOn: () => boolean
  /** Keeps an item for the list of this name, such as a finding; kept together with the step's cursor. */
  note: (list: string, item: unknown) => void
  signal: AbortSignal
}

export interface Step<Cursor = unknown> {
  /** Where to go on; absent: the part is through. */
  cursor?: Cursor | undefined
  /** Counts of this step alone. */
  tally?: Tally
  /** Not before then: a budget of requests, bytes or money is used up. */
  delaySeconds?: number | undefined
}

export type Next<Of = unknown> =
  | { phase: string; parts: readonly Of[] }
  | { ready: string; result?: unknown }
  | { done: true; result?: unknown }

export interface JobKind<Input = unknown, Of = unknown, Cursor = unknown> {
  name: string
  input: z.Shape<Input>
  /** Phases that people begin: `cutover`, `rollback`. Asked for while the job rests, or `rollback` at any time. */
  commands?: readonly string[]
  /**
   * The next phase. `ended` is what was last, undefined at the start; `command` is what was asked for. Called
   * again after a crash: the first answer that was kept counts.
   */
  next(job: Job<Input>, ended: Phase | undefined, command?: string): Promise<Next<Of>>
  /** One bounded step. May be done twice: what it does has to bear that. */
  step(job: Job<Input>, part: Part<Of, Cursor>): Promise<Step<Cursor>>
}

/** What a message of the queue says of a step. */
export const jobFields = z.object({
  workspace: z.string(),
  job: z.string(),
  phase: z.int(),
  part: z.int(),
  /** How many steps the part had behind it. */
  step: z.int(),
  /** The holder that was seen at work on it: who is still the same after a term is dead. */
  seen: z.optional(z.string()),
})

export type JobFields = z.infer<typeof jobFields>

export function jobTask(fields: JobFields): Task {
  return { v: 1, kind: 'job', ...fields }
}

export const isAtWork = ({ state }: Pick<JobRecord, 'state'>): boolean => state === 'running'

export const hasEnded = ({ state }: Pick<JobRecord, 'state'>): boolean =>
  state === 'done' || state === 'cancelled'

/** Records of a job that is not over lie where they are found without reading those of all that are. */
export const names = {
  job: (id: string) => `jobs/${id}`,
  active: (id: string) => `jobs-active/${id}`,
  own: (id: string, name: string) => `job/${id}/${name}`,
  plan: (id: string, phase: number) => `job/${id}/phases/${phase}`,
  part: (id: string, phase: number, part: number) => `job/${id}/parts/${phase}-${part}`,
  notes: (id: string, list: string) => `job/${id}/notes/${list}/`,
}

export function addTallies(tallies: Iterable<Tally>): Tally {
  const sum: Record<string, number> = {}
  for (const tally of tallies) {
    for (const [name, count] of Object.entries(tally)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}

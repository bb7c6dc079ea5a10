// Why a job cannot be begun, or told what it was told.

import type { Issue } from '#shared/shape/issue.ts'
import * as z from '#shared/shape/shape.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { JobKind, JobRecord } from './job.ts'

/** What a job was asked for is not what its kind takes; the issues are for whoever can point at fields. */
export class InvalidInput extends StorageError {
  readonly issues: readonly Issue[]

  constructor(kind: string, issues: readonly Issue[]) {
    const wrong = new Set(issues.flatMap(namesIn))
    super('invalid', `A job "${kind}" cannot begin so: look at ${[...wrong].join(', ')}.`)
    this.issues = issues
  }
}

function namesIn(issue: Issue): string[] {
  const path = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return [`"${path.join('.')}"`]
  return issue.keys.map(
    (key) => `"${[...path, key.slice(0, 60)].join('.')}", which it does not know`,
  )
}

/** Throws what is not the kind's own. */
export function readInput(kind: JobKind, input: unknown): unknown {
  const parsed = z.safeParse(kind.input, input)
  if (parsed.success) return parsed.data
  throw new InvalidInput(kind.name, parsed.error.issues)
}

export function over({ id, state }: JobRecord): StorageError {
  return new StorageError('precondition', `The job ${id} is ${state}; begin another.`)
}

export function resting(id: string): StorageError {
  return new StorageError('precondition', `The job ${id} is at rest and waits for a command.`)
}

export function atWork({ id }: JobRecord, command: string): StorageError {
  const message = `The job ${id} is running; pause it, or let it come to rest, before ${command}.`
  return new StorageError('precondition', message)
}

export function unknownCommand(
  { id, kind }: JobRecord,
  command: string,
  commands: readonly string[],
): StorageError {
  const known = ['pause', 'resume', 'cancel', ...commands].join(', ')
  const message = `Jobs "${kind}" know no ${command.slice(0, 40)}, only ${known}; ${id} stays as it is.`
  return new StorageError('invalid', message)
}

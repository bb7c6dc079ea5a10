// What is wrong with a request, all of it together: each finding points at its field and says what belongs
// there. Values are never repeated, since nobody knows what was pasted where.

import type { Issue } from '#shared/shape/issue.ts'
import { StorageError } from '#shared/storage/errors.ts'

export interface Finding {
  /** Into the body as a JSON pointer, `/uploads/3/size`; a parameter of the query as `?size`. */
  pointer: string
  detail: string
}

export class InvalidRequest extends StorageError {
  readonly errors: readonly Finding[]

  constructor(errors: readonly Finding[]) {
    super('invalid', `The request cannot be right: ${errors.map(inWords).join('; ')}.`)
    this.name = 'InvalidRequest'
    this.errors = errors
  }
}

const MOST_SHOWN = 20

function inWords({ pointer, detail }: Finding): string {
  return pointer === '' ? detail : `${pointer} ${detail}`
}

type Point = (path: readonly PropertyKey[]) => string

export function invalidBody(issues: readonly Issue[]): InvalidRequest {
  return invalid(issues, (path) => path.map((step) => `/${escapeStep(String(step))}`).join(''))
}

export function invalidQuery(issues: readonly Issue[]): InvalidRequest {
  return invalid(issues, (path) => `?${path.map(String).join('.')}`)
}

function invalid(issues: readonly Issue[], point: Point): InvalidRequest {
  return new InvalidRequest(issues.flatMap((issue) => findings(issue, point)).slice(0, MOST_SHOWN))
}

function findings(issue: Issue, point: Point): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    const detail = 'is not a field of this request'
    return issue.keys.map((name) => ({ pointer: point([...issue.path, shorten(name)]), detail }))
  }
  const pointer = point(issue.path)
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [{ pointer, detail: `must be given: ${expected(issue)}` }]
  }
  return [{ pointer, detail: `must be ${expected(issue)}` }]
}

function expected(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'too_small':
      return sized(issue.origin, `at least ${issue.minimum}`, issue.inclusive ? '' : ' and more')
    case 'too_big':
      return sized(issue.origin, `at most ${issue.maximum}`, '')
    case 'invalid_format':
      return issue.message
    default:
      return 'something else'
  }
}

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

const UNITS: Record<string, string> = { string: ' characters long', array: ' long' }

function sized(origin: string, bound: string, more: string): string {
  return `${bound}${more}${UNITS[origin] ?? ''}`
}

function escapeStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name
}

// What is wrong with a configuration, all of it together: each line names the path, the value and what was
// expected there. Values of secret fields are never shown.

import type { Issue } from '#shared/shape/issue.ts'
import { isSecretField, redact } from './redact.ts'

export interface Problem {
  path: readonly PropertyKey[]
  message: string
}

export class ConfigError extends Error {
  readonly problems: readonly Problem[]
  readonly source: string

  constructor(source: string, problems: readonly Problem[]) {
    const lines = problems.map(({ path, message }) => `  ${pathText(path)}: ${message}`)
    super([`The configuration ${source} cannot be used:`, ...lines].join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.source = source
  }
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '(top)' : path.map(String).join('.')
}

/** The validator's findings in our words. */
export function problemsOf(issues: readonly Issue[], data: unknown): Problem[] {
  return issues.flatMap((issue) => explain(issue, data, []))
}

function explain(issue: Issue, data: unknown, base: readonly PropertyKey[]): Problem[] {
  const path = [...base, ...issue.path]
  if (issue.code === 'invalid_union') return explainUnion(issue, data, path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: 'no such setting' }))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `${JSON.stringify(path.at(-1))} is not ${expected(issue)}` }]
  }
  return [{ path, message: mismatch(path, data, expected(issue)) }]
}

/** Of several shapes the one that came nearest: the one whose findings lie deepest. */
function explainUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  data: unknown,
  path: readonly PropertyKey[],
): Problem[] {
  const options = issue.errors.filter((errors) => errors.length > 0)
  const fitting = options.filter(
    (errors) => !errors.every((e) => e.code === 'invalid_type' && e.path.length === 0),
  )
  const nearest = fitting.toSorted((a, b) => depth(b) - depth(a))[0]
  if (nearest === undefined) {
    const wanted = options.map((errors) => expected(errors[0]!)).join(', or ')
    return [{ path, message: mismatch(path, data, wanted) }]
  }
  return nearest.flatMap((error) => explain(error, data, path))
}

function depth(issues: readonly Issue[]): number {
  return Math.max(...issues.map(({ path }) => path.length))
}

function expected(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? `of type ${issue.expected}`
    case 'invalid_value':
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `long enough: at least ${issue.minimum}`
        : `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
    case 'too_big':
      return `at most ${issue.maximum}`
    case 'invalid_key':
      return issue.issues[0] ? expected(issue.issues[0]) : 'a name that can be used'
    case 'invalid_format':
      return issue.message
    case 'custom':
      return issue.message
    default:
      return 'what belongs there'
  }
}

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a group of settings',
  record: 'a group of settings',
  array: 'a list',
  null: 'null',
}

function mismatch(path: readonly PropertyKey[], data: unknown, wanted: string): string {
  const value = valueAt(data, path)
  if (value === undefined) return `is missing; it is ${wanted}`
  if (path.some((step) => typeof step === 'string' && isSecretField(step)))
    return `the value (not shown) is not ${wanted}`
  const text = JSON.stringify(redact(value)) ?? typeof value
  return `${text.length > 80 ? `${text.slice(0, 77)}…` : text} is not ${wanted}`
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    data,
  )
}

// `${NAME}` and `${NAME:-default}` in a configuration's text values, so that secrets stay in the
// environment. A variable that is not set is a problem, told with all the others.

import type { Problem } from './problems.ts'

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

export function substitute(
  data: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { data: unknown; problems: Problem[] } {
  const problems: Problem[] = []
  const walk = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === 'string') {
      return value.replace(REFERENCE, (_, name: string, fallback: string | undefined) => {
        const found = env[name] ?? fallback
        if (found !== undefined) return found
        problems.push({ path, message: `the environment variable ${name} is not set` })
        return ''
      })
    }
    if (Array.isArray(value)) return value.map((inner, index) => walk(inner, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, walk(inner, [...path, name])]),
    )
  }
  return { data: walk(data, []), problems }
}

// `name=value` options.

import { UsageError } from './command.ts'

export function readPairs(
  given: readonly string[] | undefined,
  flag: string,
): Record<string, string> | undefined {
  if (given === undefined) return undefined
  return Object.fromEntries(
    given.map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1) throw new UsageError(`${flag} takes name=value, not "${text}".`)
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

// A request's query as typed values. Each parameter stands once, is known, and is valid UTF-8: a key that
// were repaired on the way would be another key.

import * as z from '#shared/shape/shape.ts'
import { InvalidRequest, invalidQuery } from './invalid.ts'

type Convert = (text: string) => unknown

const asText: Convert = (text) => text
/** What does not look like the type stays text, and the schema says what belongs there. */
const asNumber: Convert = (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text)
const asBoolean: Convert = (text) => (text === 'true' ? true : text === 'false' ? false : text)

/** A reader of queries by this schema, made once for a route. */
export function queryReader<Query>(
  schema: z.Shape<Query> & { readonly shape: z.Fields },
): (url: string) => Query {
  const converts = new Map(
    Object.entries(schema.shape).map(([name, field]) => [name, convertOf(field)]),
  )
  let needsNone: boolean | undefined
  return (url) => {
    needsNone ??= z.safeParse(schema, {}).success
    // Nothing asked, nothing wrong: what has no query has no fields to it.
    if (needsNone && !url.includes('?')) return {} as Query
    const given: Record<string, unknown> = Object.create(null)
    for (const [name, text] of pairsOf(url)) {
      if (name in given) throw wrong(name, 'stands twice')
      given[name] = (converts.get(name) ?? asText)(text)
    }
    const parsed = z.safeParse(schema, { ...given })
    if (!parsed.success) throw invalidQuery(parsed.error.issues)
    return parsed.data
  }
}

function convertOf({ is }: z.Shape): Convert {
  if (is.kind === 'optional') return convertOf(is.inner)
  if (is.kind === 'number' || is.kind === 'int') return asNumber
  return is.kind === 'boolean' ? asBoolean : asText
}

function pairsOf(url: string): [string, string][] {
  const mark = url.indexOf('?')
  if (mark < 0) return []
  const end = url.indexOf('#', mark)
  return url
    .slice(mark + 1, end < 0 ? undefined : end)
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 0) return [decode(pair), '']
      return [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
    })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw wrong('', 'is not valid percent-encoded UTF-8')
  }
}

function wrong(name: string, detail: string): InvalidRequest {
  return new InvalidRequest([{ pointer: `?${name.slice(0, 60)}`, detail }])
}

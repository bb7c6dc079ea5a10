/**
 * The JSON API's `fields` parameter: `items(name,size),nextPageToken`, `a/b`, `*`.
 * https://cloud.google.com/storage/docs/json_api#partial-response
 */
import { isObject } from './call.ts'
import { invalid } from './errors.ts'

type Selection = Map<string, Selection>

export function selectFields(value: object, fields: string | null): object {
  if (fields === null || fields === '') return value
  const parser = { text: fields, at: 0 }
  const selection = parseList(parser)
  if (parser.at < fields.length) throw invalid('Invalid field selection.')
  const selected = pick(value, selection)
  return isObject(selected) ? selected : {}
}

function parseList(parser: { text: string; at: number }): Selection {
  const selection: Selection = new Map()
  for (;;) {
    const name = /^[\w*$.-]+/.exec(parser.text.slice(parser.at))?.[0]
    if (!name) throw invalid('Invalid field selection.')
    parser.at += name.length
    selection.set(name, parseInner(parser))
    if (parser.text[parser.at] !== ',') return selection
    parser.at += 1
  }
}

function parseInner(parser: { text: string; at: number }): Selection {
  const next = parser.text[parser.at]
  if (next === '(') {
    parser.at += 1
    const inner = parseList(parser)
    if (parser.text[parser.at] !== ')') throw invalid('Invalid field selection.')
    parser.at += 1
    return inner
  }
  if (next !== '/') return new Map()
  parser.at += 1
  const name = /^[\w*$.-]+/.exec(parser.text.slice(parser.at))?.[0]
  if (!name) throw invalid('Invalid field selection.')
  parser.at += name.length
  return new Map([[name, parseInner(parser)]])
}

function pick(value: unknown, selection: Selection): unknown {
  if (selection.size === 0) return value
  if (Array.isArray(value)) return value.map((item: unknown) => pick(item, selection))
  if (!isObject(value)) return value
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    const chosen = selection.get(name) ?? selection.get('*')
    return chosen ? [[name, pick(inner, chosen)] as const] : []
  })
  return Object.fromEntries(entries)
}

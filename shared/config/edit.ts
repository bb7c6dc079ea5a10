// Settings changed in a configuration's text, its comments and its order kept.

import type { Document } from 'yaml'
import { ConfigError } from './problems.ts'
import { firstLine, parseText } from './config.ts'

/** One setting: the names that lead to it, and its value as data. */
export interface Edit {
  path: readonly string[]
  value: unknown
}

export interface Edited {
  text: string
  data: unknown
}

/** `path` is dotted; `value` is read as YAML, so that numbers and lists are what they look like. */
export async function editConfig(
  text: string,
  source: string,
  path: string,
  value: string,
): Promise<Edited> {
  const { parseDocument } = await import('./yaml.ts')
  const steps = path.split('.')
  if (steps.includes(''))
    throw new ConfigError(source, [
      { path: [path], message: 'not a path such as stores.photos.region' },
    ])
  const document = parseDocument(value)
  const [error] = document.errors
  if (error) throw new ConfigError(source, [{ path: steps, message: firstLine(error.message) }])
  return setInConfig(text, source, [{ path: steps, value: document.toJS() as unknown }])
}

/** Several settings at once: all of them, or none. */
export async function setInConfig(
  text: string,
  source: string,
  edits: readonly Edit[],
): Promise<Edited> {
  const { parseDocument } = await import('./yaml.ts')
  const isJson = text.trimStart().startsWith('{')
  const json = isJson ? JSON.stringify(await parseText(text, source)) : undefined
  const document = parseDocument(json ?? (text === '' ? '{}' : text))
  if (document.errors.length > 0) await parseText(text, source)
  if (text === '') document.contents = document.createNode({}) as typeof document.contents
  for (const edit of edits) set(document, edit)
  const data: unknown = document.toJS()
  return { text: isJson ? `${JSON.stringify(data, null, 2)}\n` : document.toString(), data }
}

function set(document: Document, { path, value }: Edit): void {
  const steps = path.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  for (let depth = 1; depth < steps.length; depth++) makeGroup(document, steps.slice(0, depth))
  document.setIn(steps, document.createNode(value))
}

/** A setting inside a store that is written as its URI alone, or inside a group that is switched off. */
function makeGroup(document: Document, steps: readonly (string | number)[]): void {
  const held: unknown = document.getIn(steps)
  if (held === null && document.hasIn(steps)) document.setIn(steps, document.createNode({}))
  const isStore = steps.length === 2 && steps[0] === 'stores'
  if (isStore && typeof held === 'string') document.setIn(steps, document.createNode({ uri: held }))
}

// One setting changed in a configuration's text, its comments and its order kept.

import { ConfigError } from './problems.ts'
import { parseText } from './config.ts'

/** `path` is dotted; `value` is read as YAML, so that numbers and lists are what they look like. */
export async function editConfig(
  text: string,
  source: string,
  path: string,
  value: string,
): Promise<{ text: string; data: unknown }> {
  const { parse, parseDocument } = await import('yaml')
  const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  if (steps.includes(''))
    throw new ConfigError(source, [
      { path: [path], message: 'not a path such as stores.photos.region' },
    ])
  const parsed: unknown = parse(value)
  if (text.trimStart().startsWith('{')) {
    const data = (await parseText(text, source)) as object
    const edited = parseDocument(JSON.stringify(data))
    edited.setIn(steps, parsed)
    return { text: `${JSON.stringify(edited.toJS(), null, 2)}\n`, data: edited.toJS() }
  }
  const document = parseDocument(text === '' ? '{}' : text)
  if (document.errors.length > 0) await parseText(text, source)
  if (text === '') document.contents = document.createNode({}) as typeof document.contents
  document.setIn(steps, document.createNode(parsed))
  return { text: document.toString(), data: document.toJS() }
}

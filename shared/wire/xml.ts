// The little XML that stores speak: elements found by name, their text read and written as it is meant. No
// element holds another of its own name; what an element holds besides elements and text is not looked at.

/** The text of the first element of that name. */
export function textOf(xml: string, name: string): string | undefined {
  const inside = patternOf(name).exec(xml)
  return inside ? unescapeXml(inside[2] ?? '') : undefined
}

/** The insides of all elements of that name. */
export function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(patternOf(name, 'g'))].map((match) => match[2] ?? '')
}

/** The same of several names, in the order in which they stand. */
export function elementsAmong(xml: string, names: readonly string[]): Named[] {
  const pattern = new RegExp(`<(${names.join('|')})(?:\\s[^>]*?)?(?:/>|>(.*?)</\\1\\s*>)`, 'gs')
  return [...xml.matchAll(pattern)].map(([, name = '', inside = '']) => ({ name, inside }))
}

export interface Named {
  name: string
  inside: string
}

/** The name of the outermost element; undefined where this is no XML, and for a web page that says so. */
export function rootOf(xml: string): string | undefined {
  return /^\s*(?:<\?.*?\?>\s*)?<([\w:-]+)[\s/>]/s.exec(xml)?.[1]
}

/** The attributes of the first element of that name, as they are written. */
export function attributesOf(xml: string, name: string): string {
  return patternOf(name).exec(xml)?.[1] ?? ''
}

const patterns = new Map<string, RegExp>()

/** Names are the project's own, and few. */
function patternOf(name: string, flags = ''): RegExp {
  const kept = patterns.get(name + flags)
  if (kept) return kept
  const pattern = new RegExp(`<${name}(\\s[^>]*?)?(?:/>|>(.*?)</${name}\\s*>)`, `s${flags}`)
  patterns.set(name + flags, pattern)
  return pattern
}

const ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name) return ENTITIES.get(name) ?? whole
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole
  })
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader takes one that is written as it is for a line feed.
  '\r': '&#13;',
  '\u0085': '&#133;',
  '\u2028': '&#8232;',
}

/** For text and for attributes in double quotes. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r\u0085\u2028]/g, (character) => ESCAPES[character] ?? character)
}

/** A piece of finished XML, told apart from text that is still to be escaped. */
export interface Xml {
  readonly xml: string
}

type Inside = Xml | string | undefined | readonly Inside[]

/** Absent for content that is undefined. */
export function element(name: string, inside: Inside): Xml {
  return { xml: inside === undefined ? '' : `<${name}>${writeInside(inside)}</${name}>` }
}

/** A whole document, whose root names the vocabulary that it is in. */
export function documentOf(name: string, namespace: string, inside: Inside): string {
  const root = `<${name} xmlns="${escapeXml(namespace)}">${writeInside(inside)}</${name}>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`
}

function writeInside(inside: Inside): string {
  if (inside === undefined) return ''
  if (typeof inside === 'string') return escapeXml(inside)
  return 'xml' in inside ? inside.xml : inside.map(writeInside).join('')
}

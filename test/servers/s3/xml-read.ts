// Reading the XML of requests. What is not well-formed, or has another root than the operation's, is
// MalformedXML; the spaces of a text are kept, since keys may begin or end with them.

import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { refuse } from './errors.ts'
import { element } from './xml.ts'
import type { Xml } from './xml.ts'

/** One element as read: its text (children's text apart) and its children in order. */
export type Node = { name: string; text: string; children: Node[] }

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  htmlEntities: true,
})

/** Reads a document whose root must be `root`; anything else is MalformedXML. */
export function readXml(text: string, root: string): Node {
  if (XMLValidator.validate(text) !== true) throw refuse('MalformedXML')
  const parsed: unknown = parser.parse(text)
  const nodes = toNodes(parsed).filter((node) => node.name !== '#text')
  const [found] = nodes
  if (nodes.length !== 1 || found?.name !== root) throw refuse('MalformedXML')
  return found
}

function toNodes(parsed: unknown): Node[] {
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return []
    return Object.entries(entry).map(([name, value]) => toNode(name, value))
  })
}

function toNode(name: string, value: unknown): Node {
  if (name === '#text') return { name, text: String(value), children: [] }
  const inner = toNodes(value)
  const text = inner.flatMap((node) => (node.name === '#text' ? [node.text] : [])).join('')
  return { name, text, children: inner.filter((node) => node.name !== '#text') }
}

export function childrenOf(node: Node, name: string): Node[] {
  return node.children.filter((child) => child.name === name)
}

export function childOf(node: Node, name: string): Node | undefined {
  return node.children.find((child) => child.name === name)
}

export function textOf(node: Node, name: string): string | undefined {
  return childOf(node, name)?.text
}

/** The text of a child that the schema demands. */
export function requireText(node: Node, name: string): string {
  const text = textOf(node, name)
  if (text === undefined || text === '') throw refuse('MalformedXML')
  return text
}

/** Writes a node back as it was read. */
export function writeNode(node: Node): Xml {
  if (node.children.length === 0) return element(node.name, node.text)
  return element(node.name, node.children.map(writeNode))
}

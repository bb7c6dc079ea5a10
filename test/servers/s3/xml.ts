// Writing the XML of S3's answers. Every text is escaped on the way, control characters too, as S3 does.

/** A piece of finished XML, told apart from text that is still to be escaped. */
export type Xml = { readonly xml: string }
type Content = Xml | string | number | boolean | undefined | readonly Content[]

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

export function element(name: string, ...content: Content[]): Xml {
  return { xml: `<${name}>${content.map(render).join('')}</${name}>` }
}

/** The element, or nothing at all where there is no value. */
export function optional(name: string, content: string | number | boolean | undefined): Content {
  return content === undefined ? [] : element(name, content)
}

export function document(root: Xml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.xml}`
}

/** A document whose root carries S3's namespace. */
export function s3Document(name: string, ...content: Content[]): string {
  const body = content.map(render).join('')
  return document({ xml: `<${name} xmlns="${namespace}">${body}</${name}>` })
}

function render(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'object') {
    return 'xml' in content ? content.xml : content.map(render).join('')
  }
  return escapeText(String(content))
}

const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- S3 writes control characters as references
  return text.replace(/[&<>"\u0000-\u001f\u007f]/g, (c) => {
    return named[c] ?? `&#x${c.charCodeAt(0).toString(16)};`
  })
}

// An answer for people: what a handler gives back instead of data where a browser asked for a page.

export class HtmlPage {
  readonly html: string

  constructor(html: string) {
    this.html = html
  }
}

/** Nothing is loaded by it, and nothing in it can run, whatever the names of keys would have it do. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  vary: 'accept',
} as const

/** A browser asks for HTML; a program that takes JSON as well is given that. */
export function wantsPage({ headers }: Request): boolean {
  const accept = headers.get('accept') ?? ''
  return accept.includes('text/html') && !accept.includes('json')
}

// A document of XML as the body of a request.

import type { Xml } from '#shared/wire/xml.ts'

export interface XmlBody {
  headers: Record<string, string>
  content: { bytes: Uint8Array }
}

export function xmlBody({ xml }: Xml): XmlBody {
  return {
    headers: { 'content-type': 'application/xml; charset=utf-8' },
    content: { bytes: new TextEncoder().encode(`<?xml version="1.0" encoding="utf-8"?>${xml}`) },
  }
}

// The XML that S3 is sent. It goes with a digest of its bytes in the signature, and where S3 demands one
// besides with its MD5, which look-alikes know that know no newer digest.

import { hash } from 'node:crypto'
import { digestOf } from '#shared/wire/digest.ts'
import type { Xml } from '#shared/wire/xml.ts'
import { documentOf } from '#shared/wire/xml.ts'
import { PAYLOAD_HASH } from './request-signer.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

export interface SentDocument {
  headers: Record<string, string>
  content: { bytes: Uint8Array }
}

export function sentDocument(root: string, inside: Xml | readonly Xml[]): SentDocument {
  const bytes = new TextEncoder().encode(documentOf(root, NAMESPACE, inside))
  const headers = {
    'content-type': 'application/xml',
    [PAYLOAD_HASH]: hash('sha256', bytes, 'hex'),
  }
  return { headers, content: { bytes } }
}

/** For deletes, tags and locks. */
export function checkedDocument(root: string, inside: Xml | readonly Xml[]): SentDocument {
  const { headers, content } = sentDocument(root, inside)
  return { headers: { ...headers, 'content-md5': digestOf('md5', content.bytes) }, content }
}

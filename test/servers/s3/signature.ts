// AWS Signature Version 4 as a server computes it: the canonical request from what was received, the
// string to sign, the signature. S3's rules: the path encoded once and never normalised.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const algorithmName = 'AWS4-HMAC-SHA256'
export const emptySha256 = sha256('')

export type Scope = { date: string; region: string; service: string }

export type CanonicalParts = {
  method: string
  /** Decoded; it is encoded again here, so that clients may escape more or less than S3 does. */
  path: string
  query: readonly (readonly [name: string, value: string])[]
  headers: readonly (readonly [name: string, value: string])[]
  signedHeaders: readonly string[]
  payloadHash: string
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/** RFC 3986: everything but the unreserved characters, as its UTF-8 bytes. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

export function canonicalRequest(parts: CanonicalParts): string {
  return [
    parts.method,
    parts.path.split('/').map(encodeRfc3986).join('/'),
    canonicalQuery(parts.query),
    ...parts.signedHeaders.map((name) => `${name}:${canonicalValue(parts.headers, name)}`),
    '',
    parts.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n')
}

function canonicalQuery(query: CanonicalParts['query']): string {
  return query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function canonicalValue(headers: CanonicalParts['headers'], name: string): string {
  return headers
    .filter(([one]) => one === name)
    .map(([, value]) => value.trim().replace(/\s+/g, ' '))
    .join(',')
}

export function scopeText(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`
}

export function stringToSign(amzDate: string, scope: Scope, canonical: string): string {
  return [algorithmName, amzDate, scopeText(scope), sha256(canonical)].join('\n')
}

export function signingKey(secretAccessKey: string, scope: Scope): Buffer {
  const day = hmac(`AWS4${secretAccessKey}`, scope.date)
  return hmac(hmac(hmac(day, scope.region), scope.service), 'aws4_request')
}

export function sign(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex')
}

/** What chunk signatures are chained from. */
export type Chain = { key: Buffer; amzDate: string; scope: Scope; seed: string }

export function chunkSignature(chain: Chain, previous: string, dataHash: string): string {
  const head = [`${algorithmName}-PAYLOAD`, chain.amzDate, scopeText(chain.scope)]
  return sign(chain.key, [...head, previous, emptySha256, dataHash].join('\n'))
}

export function trailerSignature(chain: Chain, previous: string, trailerHash: string): string {
  const head = [`${algorithmName}-TRAILER`, chain.amzDate, scopeText(chain.scope)]
  return sign(chain.key, [...head, previous, trailerHash].join('\n'))
}

export function equalSignatures(a: string, b: string): boolean {
  const x = Buffer.from(a)
  const y = Buffer.from(b)
  return x.length === y.length && timingSafeEqual(x, y)
}

/** `20130524T000000Z` in epoch milliseconds; undefined for anything else. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const parsed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(parsed) ? undefined : parsed
}

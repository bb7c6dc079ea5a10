// Google's V4 signing process over what it signs: a request's URL, or a form's policy.
// https://cloud.google.com/storage/docs/authentication/signatures

import { Buffer } from 'node:buffer'
import type { Signable } from '#shared/wire/sigv4.ts'
import { queryToSign, scopePath, timestamp, withSignature } from '#shared/wire/sigv4.ts'
import type { SigningKey } from './signing-key.ts'

export interface UrlToSign extends Omit<Signable, 'host'> {
  /** Scheme, host and port. */
  origin: string
  expiresInSeconds: number
  nowMs: number
}

/** The URL with its signature; every header given must be sent along. */
export async function signUrl(key: SigningKey, request: UrlToSign): Promise<string> {
  const { origin, path, expiresInSeconds } = request
  const { scope, id } = key
  const at = timestamp(request.nowMs)
  const { query, stringToSign } = queryToSign(
    { scope, keyId: id, at },
    { ...request, host: hostOf(origin) },
    expiresInSeconds,
  )
  const signature = await key.sign(stringToSign, at)
  return `${origin}${path}?${withSignature(scope.scheme, query, signature)}`
}

/** Without its port, as Google's own clients and conformance suite sign it. */
function hostOf(origin: string): string {
  const host = origin.slice(origin.indexOf('//') + 2)
  const port = host.lastIndexOf(':')
  return port < 0 || host.endsWith(']') ? host : host.slice(0, port)
}

export interface PolicyToSign {
  bucket: string
  key: string
  /** What the form carries and the policy demands exactly. */
  fields: Readonly<Record<string, string>>
  /** What else the policy demands, as it stands there. */
  conditions: readonly (readonly (string | number)[])[]
  expiresInSeconds: number
  nowMs: number
}

/** The form's fields in the order in which they may be sent; the file comes after them. */
export async function signPolicy(
  key: SigningKey,
  policy: PolicyToSign,
): Promise<Record<string, string>> {
  const at = timestamp(policy.nowMs)
  const signed = {
    key: policy.key,
    'x-goog-date': at.second,
    'x-goog-credential': `${key.id}/${scopePath(key.scope, at)}`,
    'x-goog-algorithm': key.scope.scheme.algorithm,
  }
  const exact = { ...policy.fields, bucket: policy.bucket, ...signed }
  const conditions = [
    ...policy.conditions,
    ...Object.entries(exact).map(([name, value]) => ({ [name]: value })),
  ]
  const end = new Date(policy.nowMs + policy.expiresInSeconds * 1000).toISOString()
  const json = asciiJson({ conditions, expiration: `${end.slice(0, 19)}Z` })
  const encoded = Buffer.from(json).toString('base64')
  const signature = await key.sign(encoded, at)
  return { ...policy.fields, ...signed, policy: encoded, 'x-goog-signature': signature }
}

/** Cloud Storage signs policies whose non-ASCII text is escaped. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

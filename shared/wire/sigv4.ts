// Signature Version 4: Amazon's, and Google's V4, which is the same scheme by other names. It signs what it
// is given, byte for byte: a path is encoded once and never normalised, as object stores want it.
// It is the hot path of every signed URL: synchronous, and a key's derivation once a day.

import { Buffer } from 'node:buffer'
import { rememberLast } from './remember-last.ts'
import type { HmacKey } from './sha256.ts'
import { hmac, hmacKey, sha256 } from './sha256.ts'

export interface Scheme {
  algorithm: string
  /** Goes before the secret in the first step of the key. */
  secretPrefix: string
  terminator: string
  /** Begins the names of the query's own parameters. */
  parameterPrefix: string
}

export const AWS4: Scheme = {
  algorithm: 'AWS4-HMAC-SHA256',
  secretPrefix: 'AWS4',
  terminator: 'aws4_request',
  parameterPrefix: 'X-Amz-',
}

export const GOOG4_HMAC: Scheme = {
  algorithm: 'GOOG4-HMAC-SHA256',
  secretPrefix: 'GOOG4',
  terminator: 'goog4_request',
  parameterPrefix: 'X-Goog-',
}

/** Signed by whoever holds the private key: only the string to sign is made here. */
export const GOOG4_RSA: Scheme = { ...GOOG4_HMAC, algorithm: 'GOOG4-RSA-SHA256', secretPrefix: '' }

/** Where a signature holds. */
export interface Scope {
  scheme: Scheme
  region: string
  service: string
}

/** Who signs, where, and at which moment. */
export interface Signing {
  scope: Scope
  keyId: string
  sessionToken?: string | undefined
  at: Timestamp
}

export interface Timestamp {
  /** `20130524` */
  day: string
  /** `20130524T000000Z` */
  second: string
}

export type Pair = readonly [name: string, value: string]

export interface Signable {
  method: string
  /** As the Host header will be, with the port where it is not the scheme's own. */
  host: string
  /** Encoded already, and signed as it stands. */
  path: string
  /** Not yet encoded; a parameter without a value has an empty one. */
  query?: readonly Pair[] | undefined
  /** All are signed. Names in lower case, `host` not among them. */
  headers: Readonly<Record<string, string>>
  payloadHash?: string | undefined
}

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'

/** The query of a signed URL, all but its signature, and what the signature is made over. */
export function queryToSign(
  signing: Signing,
  request: Signable,
  expiresInSeconds: number,
): { query: string; stringToSign: string } {
  const { lines, names } = canonicalHeaders(request.host, request.headers)
  const query = canonicalQuery(signing, request.query, names, expiresInSeconds)
  return {
    query,
    stringToSign: stringToSign(signing, canonicalRequest(request, query, lines, names)),
  }
}

/** The signed query whole. */
export function withSignature(scheme: Scheme, query: string, signature: string): string {
  return `${query}&${scheme.parameterPrefix}Signature=${signature}`
}

/** For the Authorization header; the request carries its own date, token and payload hash as headers. */
export function headersToSign(
  signing: Signing,
  request: Signable,
): { signedHeaders: string; stringToSign: string } {
  const { lines, names } = canonicalHeaders(request.host, request.headers)
  const query = (request.query ?? [])
    .map(encodePair)
    .toSorted(byNameThenValue)
    .map(joinPair)
    .join('&')
  return {
    signedHeaders: names,
    stringToSign: stringToSign(signing, canonicalRequest(request, query, lines, names)),
  }
}

export function authorization(signing: Signing, signedHeaders: string, signature: string): string {
  const { algorithm } = signing.scope.scheme
  const credential = `${signing.keyId}/${scopePath(signing.scope, signing.at)}`
  return `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`
}

/** The HMAC in hexadecimal: a URL's, a header's or a form policy's signature. */
export function sign(key: HmacKey, text: string): string {
  return hmac(key, text, 'hex')
}

/** The day's key for a secret; the last one is kept. */
export function signingKeys(scope: Scope): (secret: string, at: Timestamp) => HmacKey {
  let last: { secret: string; day: string; key: HmacKey } | undefined
  return (secret, { day }) => {
    if (last?.secret !== secret || last.day !== day) {
      last = { secret, day, key: deriveKey(scope, secret, day) }
    }
    return last.key
  }
}

function deriveKey({ scheme, region, service }: Scope, secret: string, day: string): HmacKey {
  let key = hmacKey(scheme.secretPrefix + secret)
  for (const step of [day, region, service, scheme.terminator]) {
    key = hmacKey(Buffer.from(hmac(key, step, 'hex'), 'hex'))
  }
  return key
}

/** `20130524/us-east-1/s3/aws4_request` */
export function scopePath({ scheme, region, service }: Scope, { day }: Timestamp): string {
  return `${day}/${region}/${service}/${scheme.terminator}`
}

export const timestamp: (milliseconds: number) => Timestamp = (() => {
  const ofSecond = rememberLast((seconds: number): Timestamp => {
    const [date = '', time = ''] = new Date(seconds * 1000).toISOString().split('T')
    const day = date.replaceAll('-', '')
    return { day, second: `${day}T${time.slice(0, 8).replaceAll(':', '')}Z` }
  })
  return (milliseconds) => ofSecond(Math.floor(milliseconds / 1000))
})()

function stringToSign(signing: Signing, request: string): string {
  return constantsOf(signing).preamble + sha256(request, 'hex')
}

function canonicalRequest(request: Signable, query: string, lines: string, names: string): string {
  const payload = request.payloadHash ?? UNSIGNED_PAYLOAD
  return `${request.method}\n${request.path}\n${query}\n${lines}\n${names}\n${payload}`
}

function canonicalHeaders(
  host: string,
  headers: Readonly<Record<string, string>>,
): { lines: string; names: string } {
  const { sorted, names } = namesInOrder(Object.keys(headers).join(';'))
  let lines = ''
  for (const name of sorted) lines += `${name}:${canonicalValue(headers[name] ?? host)}\n`
  return { lines, names }
}

/** With `host` among them. The same headers are signed again and again. */
const namesInOrder = rememberLast((given: string) => {
  const sorted = given === '' ? ['host'] : [...given.split(';'), 'host'].toSorted()
  return { sorted, names: sorted.join(';') }
})

function canonicalValue(value: string): string {
  const trimmed = value.trim()
  return trimmed.includes('  ') ? trimmed.replace(/ {2,}/g, ' ') : trimmed
}

function canonicalQuery(
  signing: Signing,
  own: readonly Pair[] | undefined,
  signedHeaders: string,
  expiresInSeconds: number,
): string {
  const { beforeExpiry, beforeHeaders } = constantsOf(signing)
  const query = beforeExpiry + expiresInSeconds + beforeHeaders + encodeNames(signedHeaders)
  if (!own || own.length === 0) return query
  const pairs = query.split('&').map(splitPair)
  for (const pair of own) pairs.push(encodePair(pair))
  return pairs.toSorted(byNameThenValue).map(joinPair).join('&')
}

/** What all signatures of one key in one second have in common. */
interface Constants {
  signing: Signing
  /** Of the query, in its canonical order: up to the value of Expires, and on to the value of SignedHeaders. */
  beforeExpiry: string
  beforeHeaders: string
  /** Of the string to sign: up to the digest. */
  preamble: string
}

const constants = new WeakMap<Scope, Constants>()

function constantsOf(signing: Signing): Constants {
  const last = constants.get(signing.scope)
  if (last && sameMoment(last.signing, signing)) return last
  const made = makeConstants(signing)
  constants.set(signing.scope, made)
  return made
}

function sameMoment(a: Signing, b: Signing): boolean {
  return (
    a === b ||
    (a.at.second === b.at.second && a.keyId === b.keyId && a.sessionToken === b.sessionToken)
  )
}

function makeConstants(signing: Signing): Constants {
  const { scope, keyId, sessionToken, at } = signing
  const { algorithm, parameterPrefix: prefix } = scope.scheme
  const credential = encodeUri(`${keyId}/${scopePath(scope, at)}`)
  const token = sessionToken ? `&${prefix}Security-Token=${encodeUri(sessionToken)}` : ''
  return {
    signing,
    beforeExpiry: `${prefix}Algorithm=${algorithm}&${prefix}Credential=${credential}&${prefix}Date=${at.second}&${prefix}Expires=`,
    beforeHeaders: `${token}&${prefix}SignedHeaders=`,
    preamble: `${algorithm}\n${at.second}\n${scopePath(scope, at)}\n`,
  }
}

function encodePair([name, value]: Pair): Pair {
  return [encodeUri(name), encodeUri(value)]
}

function splitPair(pair: string): Pair {
  const equals = pair.indexOf('=')
  return [pair.slice(0, equals), pair.slice(equals + 1)]
}

function joinPair([name, value]: Pair): string {
  return `${name}=${value}`
}

function byNameThenValue(a: Pair, b: Pair): number {
  return compare(a[0], b[0]) || compare(a[1], b[1])
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const PLAIN = /^[\w.~-]*$/
const PLAIN_PATH = /^[\w.~/-]*$/

/** By RFC 3986: all but letters, digits and `-._~` as %XX of their UTF-8. */
export function encodeUri(text: string): string {
  if (PLAIN.test(text)) return text
  return encodeURIComponent(text).replace(/[!'()*]/g, percentEncode)
}

/** The same, with the slashes left standing. */
export function encodePath(path: string): string {
  if (PLAIN_PATH.test(path)) return path
  return encodeUri(path).replaceAll('%2F', '/')
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

const encodeNames = rememberLast(encodeUri)

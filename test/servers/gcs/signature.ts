/**
 * V4 signatures over requests to the XML API, checked from the documentation: RSA and HMAC
 * keys, in the query (signed URLs) or the Authorization header, Google's names or Amazon's.
 * https://cloud.google.com/storage/docs/authentication/signatures
 * https://cloud.google.com/storage/docs/authentication/canonical-requests
 */
import { createHash, createHmac, timingSafeEqual, verify } from 'node:crypto'
import type { Call } from './call.ts'
import { denied, GcsError, invalid, malformedSecurityHeader } from './errors.ts'
import type { State } from './state.ts'

const MAX_EXPIRY_SECONDS = 604_800
const CLOCK_SKEW_MS = 15 * 60 * 1000
const ALGORITHMS = ['GOOG4-RSA-SHA256', 'GOOG4-HMAC-SHA256', 'AWS4-HMAC-SHA256']

export interface SignedRequest {
  readonly algorithm: string
  /** key id, date, location, service, request type */
  readonly credential: string
  readonly date: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly inQuery: boolean
}

/** What of the server's state a signature is checked against. */
export type KeyRing = Pick<State, 'now' | 'accounts' | 'hmacKeys'>

export interface Verified {
  readonly identity: string
  /** What the SHA-256 of the body must be, where the request says. */
  readonly bodySha256?: string
}

/** The signature that a request carries, or undefined where it carries none. */
export function findSignature(call: Call): SignedRequest | undefined {
  const vendor = call.query.has('X-Amz-Signature') ? 'X-Amz' : 'X-Goog'
  if (call.query.has(`${vendor}-Signature`)) return fromQuery(call, vendor)
  const header = call.headers['authorization'] ?? ''
  const algorithm = header.split(' ', 1)[0] ?? ''
  if (!ALGORITHMS.includes(algorithm)) return undefined
  return fromHeader(call, algorithm, header.slice(algorithm.length + 1))
}

function fromQuery(call: Call, vendor: 'X-Amz' | 'X-Goog'): SignedRequest {
  const read = (name: string) => {
    const values = call.query.getAll(`${vendor}-${name}`)
    if (values.length === 1 && values[0]) return values[0]
    throw malformedSecurityHeader(
      `${vendor}-${name}`.toLowerCase(),
      'Missing or repeated parameter.',
    )
  }
  const algorithm = read('Algorithm')
  if (algorithm.startsWith('AWS4') !== (vendor === 'X-Amz')) {
    throw malformedSecurityHeader('algorithm', 'The algorithm is not one of this parameter set.')
  }
  return {
    algorithm,
    credential: read('Credential'),
    date: read('Date'),
    signedHeaders: read('SignedHeaders').split(';'),
    signature: read('Signature'),
    inQuery: true,
  }
}

function fromHeader(call: Call, algorithm: string, fields: string): SignedRequest {
  const parts = new Map(
    fields.split(',').map((field): [string, string] => {
      const [name = '', ...value] = field.trim().split('=')
      return [name.toLowerCase(), value.join('=')]
    }),
  )
  const read = (name: string) => {
    const value = parts.get(name)
    if (value) return value
    throw malformedSecurityHeader('authorization', `The field ${name} is missing.`)
  }
  return {
    algorithm,
    credential: read('credential'),
    date: call.headers['x-goog-date'] ?? call.headers['x-amz-date'] ?? '',
    signedHeaders: read('signedheaders').split(';'),
    signature: read('signature'),
    inQuery: false,
  }
}

/** Checks time, scope, headers and signature; throws what Cloud Storage answers. */
export function verifySignature(state: KeyRing, call: Call, signed: SignedRequest): Verified {
  const scope = readScope(signed)
  checkTime(state, call, signed)
  checkSignedHeaders(call, signed)
  const payload = payloadHash(call, signed)
  const genuine = [...canonicalRequests(call, signed, payload)].some((request) =>
    signatureMatches(state, signed, scope, request),
  )
  if (!genuine) throw mismatch()
  const given = /^[0-9a-f]+$/i.test(payload) ? { bodySha256: payload.toLowerCase() } : {}
  return { identity: scope.keyId, ...given }
}

interface Scope {
  readonly keyId: string
  readonly day: string
  readonly location: string
  readonly service: string
  readonly type: string
}

export function readScope(signed: { algorithm: string; credential: string; date: string }): Scope {
  const parts = signed.credential.split('/')
  const [type, service, location, day] = parts.slice(-4).toReversed()
  const keyId = parts.slice(0, -4).join('/')
  const amazon = signed.algorithm === 'AWS4-HMAC-SHA256'
  const expectedService = amazon ? 's3' : 'storage'
  const expectedType = amazon ? 'aws4_request' : 'goog4_request'
  if (!keyId || !location || service !== expectedService || type !== expectedType) {
    throw malformedSecurityHeader('credential', 'The credential scope is not valid.')
  }
  if (day !== signed.date.slice(0, 8)) {
    throw malformedSecurityHeader('credential', 'The date of the scope is not that of the request.')
  }
  return { keyId, day, location, service, type }
}

export function parseDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) throw malformedSecurityHeader('date', 'The date is not in ISO 8601 basic format.')
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}

function checkTime(state: KeyRing, call: Call, signed: SignedRequest): void {
  const signedAt = parseDate(signed.date)
  if (!signed.inQuery) {
    if (Math.abs(state.now() - signedAt) <= CLOCK_SKEW_MS) return
    const text = "The difference between the request time and the server's time is too large."
    throw denied(text, 'RequestTimeTooSkewed')
  }
  const expires = call.query.get('X-Goog-Expires') ?? call.query.get('X-Amz-Expires') ?? ''
  const seconds = /^\d+$/.test(expires) ? Number(expires) : 0
  if (seconds < 1 || seconds > MAX_EXPIRY_SECONDS) {
    throw invalid(`The expiry must be a number of seconds from 1 to ${MAX_EXPIRY_SECONDS}.`)
  }
  if (signedAt > state.now() + CLOCK_SKEW_MS) {
    throw denied('Request is not yet valid.', 'AccessDenied')
  }
  if (state.now() > signedAt + seconds * 1000) throw expired(signedAt + seconds * 1000)
}

export function expired(atMs: number): GcsError {
  const when = new Date(atMs).toISOString().replace('.000Z', '+00:00')
  return new GcsError({
    status: 400,
    reason: 'invalid',
    code: 'ExpiredToken',
    message: 'Invalid argument.',
    details: `The provided token has expired. Request signature expired at: ${when}`,
  })
}

/** Every signed header must have come, and every extension header must be signed. */
function checkSignedHeaders(call: Call, signed: SignedRequest): void {
  const names = signed.signedHeaders
  if (!names.includes('host')) {
    throw malformedSecurityHeader('host', 'The host header must be signed.')
  }
  for (const name of names) {
    if (call.headers[name] !== undefined) continue
    throw malformedSecurityHeader(
      name,
      'Header was included in signedheaders, but not in the request.',
    )
  }
  const free = ['x-goog-api-client', 'x-amz-user-agent']
  const unsigned = Object.keys(call.headers).find(
    (name) => /^x-(goog|amz)-/.test(name) && !names.includes(name) && !free.includes(name),
  )
  if (unsigned === undefined) return
  throw malformedSecurityHeader(
    unsigned,
    'Header was included in the request, but not in signedheaders.',
  )
}

function payloadHash(call: Call, signed: SignedRequest): string {
  const given = call.headers['x-goog-content-sha256'] ?? call.headers['x-amz-content-sha256']
  if (given === undefined) {
    if (signed.inQuery) return 'UNSIGNED-PAYLOAD'
    throw malformedSecurityHeader('x-goog-content-sha256', 'The header is required.')
  }
  if (given === 'UNSIGNED-PAYLOAD' || /^[0-9a-f]+$/i.test(given)) return given
  throw malformedSecurityHeader('x-goog-content-sha256', 'Not the SHA-256 of a payload in hex.')
}

/**
 * The forms that a correct client may have signed: the official clients sign the host
 * without its port, others with it; the path with or without sub-delims encoded.
 */
function* canonicalRequests(call: Call, signed: SignedRequest, payload: string): Generator<string> {
  const host = call.headers['host'] ?? ''
  const hosts = new Set([host, host.replace(/:\d+$/, '')])
  const paths = new Set([encodePath(call.path), call.path])
  const query = canonicalQuery(call.query)
  const names = signed.signedHeaders.join(';')
  for (const hostForm of hosts) {
    const headers = signed.signedHeaders
      .map((name) => `${name}:${canonicalValue(name === 'host' ? hostForm : call.headers[name])}\n`)
      .join('')
    for (const path of paths) {
      yield [call.method, path, query, headers, names, payload].join('\n')
    }
  }
}

function canonicalValue(value: string | undefined): string {
  return (value ?? '').trim().replaceAll(/\s{2,}/g, ' ')
}

function encodePath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeStrictly(decodeURIComponent(segment)))
    .join('/')
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Goog-Signature' && name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .toSorted(([a, aValue], [b, bValue]) => compare(a, b) || compare(aValue, bValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, percentEncode)
}

function signatureMatches(
  state: KeyRing,
  signed: SignedRequest,
  scope: Scope,
  canonicalRequest: string,
): boolean {
  const hash = createHash('sha256').update(canonicalRequest).digest('hex')
  const scopeText = [scope.day, scope.location, scope.service, scope.type].join('/')
  const text = [signed.algorithm, signed.date, scopeText, hash].join('\n')
  return verifyText(state, signed.algorithm, scope, text, signed.signature)
}

/** Whether `signature` (hex) is the key's over `text`; also for POST policies. */
export function verifyText(
  state: KeyRing,
  algorithm: string,
  scope: Scope,
  text: string,
  signature: string,
): boolean {
  const given = Buffer.from(signature, 'hex')
  if (algorithm === 'GOOG4-RSA-SHA256') {
    const account = state.accounts.get(scope.keyId)
    if (!account) throw unknownKey()
    return verify('RSA-SHA256', Buffer.from(text), account.publicKey, given)
  }
  if (!ALGORITHMS.includes(algorithm)) {
    throw malformedSecurityHeader('algorithm', 'The signing algorithm is not known.')
  }
  const key = state.hmacKeys.get(scope.keyId)
  if (!key) throw unknownKey()
  const expected = hmac(signingKey(algorithm, key.secret, scope), text)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function signingKey(algorithm: string, secret: string, scope: Scope): Buffer {
  const prefix = algorithm === 'AWS4-HMAC-SHA256' ? 'AWS4' : 'GOOG4'
  return [scope.day, scope.location, scope.service, scope.type].reduce<Buffer>(
    (key, text) => hmac(key, text),
    Buffer.from(`${prefix}${secret}`),
  )
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function unknownKey(): GcsError {
  return denied('The provided security credentials are not valid.', 'InvalidSecurity')
}

function mismatch(): GcsError {
  return new GcsError({
    status: 403,
    reason: 'forbidden',
    code: 'SignatureDoesNotMatch',
    message: 'Access denied.',
    details:
      'The request signature we calculated does not match the signature you provided. ' +
      'Check your Google secret key and signing method.',
  })
}

function percentEncode(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`
}

// Who sent a request, and may they? Header and presigned authentication, checked as S3 does: form first,
// then the key, the token, the scope, the clock, the signature, and last what was left unsigned.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

import { refuse } from './errors.ts'
import {
  algorithmName,
  canonicalRequest,
  equalSignatures,
  parseAmzDate,
  sign,
  signingKey,
  stringToSign,
} from './signature.ts'
import type { Chain, Scope } from './signature.ts'
import { clockOf } from './state.ts'
import type { Credential, State } from './state.ts'
import type { Target } from './target.ts'

/** How the signature covers the body. */
export type Payload =
  | { kind: 'unsigned' }
  | { kind: 'whole'; sha256: string }
  | { kind: 'chunked'; chain: Chain | undefined; trailer: boolean }

export type Identity = { accessKeyId: string; via: 'header' | 'presigned'; payload: Payload }

type Claimed = {
  accessKeyId: string
  scope: Scope
  amzDate: string
  dateMs: number
  signedHeaders: string[]
  signature: string
  token: string | undefined
  payloadHash: string
}

const maxSkewMs = 15 * 60_000
const maxExpirySeconds = 604_800

export function authorize(state: State, target: Target, regions: readonly string[]): Identity {
  refuseOldSignature(target)
  if (target.query.has('X-Amz-Algorithm') || target.query.has('X-Amz-Signature')) {
    return authorizePresigned(state, target, regions)
  }
  const authorization = target.headers.get('authorization')
  if (authorization === undefined) throw refuse('AccessDenied')
  return authorizeHeader(state, target, regions, authorization)
}

/** Version 2 is served in no region opened since 2014. */
function refuseOldSignature(target: Target): void {
  const inHeader = target.headers.get('authorization')?.startsWith('AWS ') ?? false
  if (!inHeader && !(target.query.has('AWSAccessKeyId') && target.query.has('Signature'))) return
  throw refuse(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  )
}

function authorizeHeader(
  state: State,
  target: Target,
  regions: readonly string[],
  authorization: string,
): Identity {
  const claimed = readHeaderClaim(target, authorization)
  const credential = requireCredential(state, claimed)
  requireScope(claimed, regions, 'AuthorizationHeaderMalformed')
  requireClock(state, claimed)
  const chain = verify(target, claimed, credential)
  return admit(credential, 'header', readPayload(claimed.payloadHash, chain))
}

function readHeaderClaim(target: Target, authorization: string): Claimed {
  const fields = new Map(
    authorization
      .slice(algorithmName.length)
      .split(',')
      .map((field) => field.trim().split('=', 2))
      .map(([name = '', value = '']) => [name, value]),
  )
  const signature = fields.get('Signature')
  const signedHeaders = fields.get('SignedHeaders')
  const credential = fields.get('Credential')
  if (
    !authorization.startsWith(`${algorithmName} `) ||
    !signature ||
    !signedHeaders ||
    !credential
  ) {
    if (authorization.startsWith('AWS4')) throw refuse('AuthorizationHeaderMalformed')
    throw refuse('InvalidArgument', 'Unsupported Authorization Type')
  }
  const payloadHash = target.headers.get('x-amz-content-sha256')
  if (payloadHash === undefined) {
    throw refuse('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  }
  const { amzDate, dateMs } = readHeaderDate(target)
  return {
    ...readCredential(credential, amzDate, 'AuthorizationHeaderMalformed'),
    amzDate,
    dateMs,
    signedHeaders: signedHeaders.split(';'),
    signature,
    token: target.headers.get('x-amz-security-token'),
    payloadHash,
  }
}

function readHeaderDate(target: Target): { amzDate: string; dateMs: number } {
  const amzDate = target.headers.get('x-amz-date')
  const dateMs =
    amzDate === undefined ? Date.parse(target.headers.get('date') ?? '') : parseAmzDate(amzDate)
  if (dateMs === undefined || Number.isNaN(dateMs)) {
    throw refuse('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  }
  return { amzDate: amzDate ?? new Date(dateMs).toISOString().replace(/[-:]|\.\d+/g, ''), dateMs }
}

type Malformed = 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError'

function readCredential(
  credential: string,
  amzDate: string,
  malformed: Malformed,
): { accessKeyId: string; scope: Scope } {
  // An access key id may have slashes in principle; the scope's four fields are the last ones.
  const fields = credential.split('/')
  const [date, region, service, terminator] = fields.slice(-4)
  const accessKeyId = fields.slice(0, -4).join('/')
  const isScope = date !== undefined && region !== undefined && terminator === 'aws4_request'
  if (!isScope || service !== 's3' || accessKeyId === '') {
    throw refuse(
      malformed,
      'The Credential is malformed; expecting "<KEY>/YYYYMMDD/REGION/s3/aws4_request".',
    )
  }
  if (date !== amzDate.slice(0, 8)) {
    throw refuse(
      malformed,
      'The date in the credential scope does not match the date of the request.',
    )
  }
  return { accessKeyId, scope: { date, region, service } }
}

function authorizePresigned(state: State, target: Target, regions: readonly string[]): Identity {
  const { claimed, expiresInSeconds } = readQueryClaim(target)
  const credential = requireCredential(state, claimed)
  requireScope(claimed, regions, 'AuthorizationQueryParametersError')
  requireUnexpired(state, claimed, expiresInSeconds)
  const chain = verify(target, claimed, credential)
  return admit(credential, 'presigned', readPayload(claimed.payloadHash, chain))
}

function readQueryClaim(target: Target): { claimed: Claimed; expiresInSeconds: number } {
  if (target.headers.has('authorization')) {
    throw refuse(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    )
  }
  const algorithm = requireParameter(target, 'X-Amz-Algorithm')
  const credential = requireParameter(target, 'X-Amz-Credential')
  const signature = requireParameter(target, 'X-Amz-Signature')
  const amzDate = requireParameter(target, 'X-Amz-Date')
  const signedHeaders = requireParameter(target, 'X-Amz-SignedHeaders')
  const expires = requireParameter(target, 'X-Amz-Expires')
  if (algorithm !== algorithmName) {
    throw malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  }
  const dateMs = parseAmzDate(amzDate)
  if (dateMs === undefined) {
    throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  }
  const claimed = {
    ...readCredential(credential, amzDate, 'AuthorizationQueryParametersError'),
    amzDate,
    dateMs,
    signedHeaders: signedHeaders.split(';'),
    signature,
    token: target.query.get('X-Amz-Security-Token'),
    payloadHash:
      target.headers.get('x-amz-content-sha256') ??
      target.query.get('X-Amz-Content-Sha256') ??
      'UNSIGNED-PAYLOAD',
  }
  return { claimed, expiresInSeconds: readExpiry(expires) }
}

function requireParameter(target: Target, name: string): string {
  const value = target.query.get(name)
  if (value === undefined || value === '') {
    throw malformedQuery(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  return value
}

function readExpiry(text: string): number {
  if (!/^-?\d+$/.test(text)) throw malformedQuery('X-Amz-Expires should be a number')
  const seconds = Number(text)
  if (seconds < 1) throw malformedQuery('X-Amz-Expires must be non-negative')
  if (seconds > maxExpirySeconds) {
    throw malformedQuery(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  return seconds
}

function malformedQuery(message: string) {
  return refuse('AuthorizationQueryParametersError', message)
}

type Claimant = Pick<Claimed, 'accessKeyId' | 'token'>

/** The credential, when key and session token fit together. */
export function requireCredential(state: State, claimed: Claimant): Credential {
  const credential = state.credentials.get(claimed.accessKeyId)
  const details = { AWSAccessKeyId: claimed.accessKeyId }
  if (!credential) throw refuse('InvalidAccessKeyId', undefined, { details })
  if (credential.sessionToken === claimed.token) {
    const { expiresAtMs = Infinity } = credential
    if (clockOf(state, claimed.accessKeyId) >= expiresAtMs) throw refuse('ExpiredToken')
    return credential
  }
  // Without its token, a temporary key is one that AWS does not know.
  if (claimed.token === undefined) throw refuse('InvalidAccessKeyId', undefined, { details })
  throw refuse('InvalidToken')
}

function requireScope(claimed: Claimed, regions: readonly string[], code: Malformed): void {
  const { region } = claimed.scope
  if (regions.includes(region)) return
  const expected = regions[0] ?? ''
  const what =
    code === 'AuthorizationHeaderMalformed'
      ? 'The authorization header is malformed'
      : 'Error parsing the X-Amz-Credential parameter'
  throw refuse(code, `${what}; the region '${region}' is wrong; expecting '${expected}'`, {
    details: { Region: expected },
  })
}

function requireClock(state: State, claimed: Claimed): void {
  const now = clockOf(state, claimed.accessKeyId)
  if (Math.abs(now - claimed.dateMs) <= maxSkewMs) return
  throw refuse('RequestTimeTooSkewed', undefined, {
    details: {
      RequestTime: claimed.amzDate,
      ServerTime: new Date(now).toISOString(),
      MaxAllowedSkewMilliseconds: String(maxSkewMs),
    },
  })
}

function requireUnexpired(state: State, claimed: Claimed, expiresInSeconds: number): void {
  const now = clockOf(state, claimed.accessKeyId)
  if (claimed.dateMs > now + maxSkewMs) throw refuse('AccessDenied', 'Request is not yet valid')
  const expiresMs = claimed.dateMs + expiresInSeconds * 1000
  if (now < expiresMs) return
  throw refuse('AccessDenied', 'Request has expired', {
    details: {
      'X-Amz-Expires': String(expiresInSeconds),
      Expires: new Date(expiresMs).toISOString(),
      ServerTime: new Date(now).toISOString(),
    },
  })
}

function verify(target: Target, claimed: Claimed, credential: Credential): Chain {
  requireSignedHeaders(target, claimed.signedHeaders)
  const canonical = canonicalRequest({
    method: target.method,
    path: target.path,
    query: target.queryPairs,
    headers: target.headerPairs,
    signedHeaders: claimed.signedHeaders,
    payloadHash: claimed.payloadHash,
  })
  const toSign = stringToSign(claimed.amzDate, claimed.scope, canonical)
  const key = signingKey(credential.secretAccessKey, claimed.scope)
  if (!equalSignatures(sign(key, toSign), claimed.signature)) {
    throw refuse('SignatureDoesNotMatch', undefined, {
      details: {
        AWSAccessKeyId: claimed.accessKeyId,
        StringToSign: toSign,
        CanonicalRequest: canonical,
      },
    })
  }
  return { key, amzDate: claimed.amzDate, scope: claimed.scope, seed: claimed.signature }
}

/** S3 wants the host and every x-amz-* header that is sent to be among the signed ones. */
function requireSignedHeaders(target: Target, signedHeaders: readonly string[]): void {
  const unsigned = [...target.headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name),
  )
  if (unsigned.length === 0) return
  throw refuse('AccessDenied', 'There were headers present in the request which were not signed', {
    details: { HeadersNotSigned: unsigned.join(', ') },
  })
}

function readPayload(hash: string, chain: Chain): Payload {
  switch (hash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', chain, trailer: false }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', chain, trailer: true }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', chain: undefined, trailer: true }
  }
  if (/^[0-9a-f]{64}$/.test(hash)) return { kind: 'whole', sha256: hash }
  throw refuse(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.',
  )
}

function admit(credential: Credential, via: Identity['via'], payload: Payload): Identity {
  if (credential.denied) throw refuse('AccessDenied')
  return { accessKeyId: credential.accessKeyId, via, payload }
}

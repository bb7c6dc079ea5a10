// What S3 and its look-alikes answer, and what a connection does instead of answering, in the one error
// of storage. By code where there is one, else by status; a HEAD has no body, so it has only a status.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import { textOf } from '#shared/wire/xml.ts'
import type { ErrorKind, Retry } from '../../errors.ts'
import { StorageError } from '../../errors.ts'
import type { PutMode } from '../../contract.ts'
import { quoteKey } from '../../keys.ts'
import { absent, changed, corrupt, taken, unknownUpload } from '../refusals.ts'
import type { S3Settings } from './settings.ts'

/** What was being done when it failed. */
export interface Doing {
  key?: string | undefined
  mode?: PutMode | undefined
}

/** An error answer with everything that is used of it. */
export interface Refused {
  code: string
  message: string
  status: number
  headers: Record<string, string>
  region: string | undefined
}

interface Rule {
  kind: ErrorKind
  retry?: Retry
  ambiguous?: boolean
  /** What to add to "the store refused": the sentence's second half. */
  hint?: string
}

const KEYS = 'check its access key and secret'

const CODES: Record<string, Rule> = {
  NoSuchBucket: { kind: 'not-found' },
  NoSuchKey: { kind: 'not-found' },
  NoSuchVersion: { kind: 'not-found' },
  NoSuchUpload: { kind: 'not-found' },
  PreconditionFailed: { kind: 'precondition' },
  // Another write of the key was under way, and this one did nothing.
  ConditionalRequestConflict: { kind: 'unavailable', retry: 'now', hint: 'try again' },
  OperationAborted: { kind: 'unavailable', hint: 'try again when the other change is through' },
  AccessDenied: { kind: 'denied', hint: 'grant the credentials this permission' },
  AllAccessDisabled: { kind: 'denied', hint: 'its owner has shut it' },
  QuotaExceeded: { kind: 'denied', hint: 'its quota is used up' },
  AccountProblem: { kind: 'denied', hint: 'look at the account' },
  InvalidAccessKeyId: { kind: 'unauthenticated', hint: KEYS },
  SignatureDoesNotMatch: { kind: 'unauthenticated', hint: KEYS },
  Unauthorized: { kind: 'unauthenticated', hint: KEYS },
  InvalidToken: { kind: 'unauthenticated', hint: 'get a new session token' },
  ExpiredToken: { kind: 'unauthenticated', hint: 'get a new session token' },
  TokenRefreshRequired: { kind: 'unauthenticated', hint: 'get a new session token' },
  InvalidObjectState: { kind: 'invalid', hint: 'it is archived: restore it before it is read' },
  InvalidRange: { kind: 'invalid', hint: 'the range begins past its end' },
  InvalidPart: { kind: 'invalid', hint: 'send the part again' },
  InvalidPartOrder: { kind: 'invalid', hint: 'name the parts in order' },
  EntityTooSmall: { kind: 'invalid', hint: 'use larger parts' },
  KeyTooLongError: { kind: 'invalid', hint: 'use a shorter key' },
  EntityTooLarge: { kind: 'too-large', hint: 'send it in parts' },
  MetadataTooLarge: { kind: 'too-large', hint: 'send less metadata' },
  BadDigest: { kind: 'corrupt' },
  XAmzContentSHA256Mismatch: { kind: 'corrupt' },
  XAmzContentChecksumMismatch: { kind: 'corrupt' },
  IncompleteBody: { kind: 'unavailable', retry: 'now', hint: 'the body broke off; try again' },
  RequestTimeout: {
    kind: 'unavailable',
    retry: 'now',
    hint: 'the body came too slowly; try again',
  },
  NotImplemented: { kind: 'unsupported', hint: 'declare the capability off for this store' },
  SlowDown: { kind: 'throttled', hint: 'send fewer requests' },
  Throttling: { kind: 'throttled', hint: 'send fewer requests' },
  ThrottlingException: { kind: 'throttled', hint: 'send fewer requests' },
  RequestLimitExceeded: { kind: 'throttled', hint: 'send fewer requests' },
  TooManyRequests: { kind: 'throttled', hint: 'send fewer requests' },
  TemporaryRedirect: { kind: 'unavailable', hint: 'a new bucket takes a while; try again later' },
  ServiceUnavailable: { kind: 'unavailable', hint: 'try again later' },
  InternalError: { kind: 'unavailable', ambiguous: true, hint: 'try again later' },
}

const STATUSES: Record<number, Rule> = {
  401: { kind: 'unauthenticated', hint: KEYS },
  403: { kind: 'denied', hint: 'check its credentials and their permissions' },
  404: { kind: 'not-found' },
  405: { kind: 'unsupported', hint: 'it knows no such request' },
  409: { kind: 'unavailable', hint: 'try again' },
  412: { kind: 'precondition' },
  413: { kind: 'too-large', hint: 'send it in parts' },
  416: { kind: 'invalid', hint: 'the range begins past its end' },
  429: { kind: 'throttled', hint: 'send fewer requests' },
  501: { kind: 'unsupported', hint: 'declare the capability off for this store' },
}

const BROKEN: Rule = { kind: 'unavailable', ambiguous: true, hint: 'try again later' }
const REFUSED: Rule = { kind: 'invalid', hint: 'change the request' }

/** What an answer of this text refuses. */
export function refusedAnswer(
  { status, headers, text }: { status: number; headers: AnswerHeaders; text: string },
  settings: S3Settings,
  doing: Doing,
): StorageError {
  const answer = {
    code: textOf(text, 'Code') || `Unknown${status}`,
    message: textOf(text, 'Message') ?? '',
    status,
    headers: Object.fromEntries(headers),
    region: headers.get('x-amz-bucket-region') ?? (textOf(text, 'Region') || undefined),
  }
  return refusedBy(answer, settings, doing)
}

export function refusedBy(answer: Refused, settings: S3Settings, doing: Doing): StorageError {
  return configurationError(answer, settings) ?? refusal(answer, settings, doing)
}

function subjectOf(key: string | undefined): string {
  return key === undefined ? 'a request' : `a request for ${quoteKey(key)}`
}

/** The outcome of one key within an answer about many. */
export function keyError(
  code = 'InternalError',
  message = '',
  settings: S3Settings,
  key: string,
): StorageError {
  const answer = { code, message, status: 200, headers: {}, region: undefined }
  return refusal(answer, settings, { key })
}

const CODES_OF_WRONG_REGION = new Set([
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'IllegalLocationConstraintException',
])

/** Faults of how the store was opened, which every request to it would meet: so they name no key. */
function configurationError(answer: Refused, settings: S3Settings): StorageError | undefined {
  const { name, bucket, region } = settings
  const { code, status } = answer
  const elsewhere = answer.region !== undefined && answer.region !== region
  if (elsewhere && (CODES_OF_WRONG_REGION.has(code) || status === 301 || status === 307)) {
    const message = `The bucket "${bucket}" of ${name} is in ${answer.region}, not ${region}; put ?region=${answer.region} in its URI.`
    return fault('invalid', message, answer, settings, {})
  }
  if (code === 'RequestTimeTooSkewed') return wrongClock(answer, settings)
  if (code === 'NoSuchBucket') {
    const message = `${name} names the bucket "${bucket}", and there is none; create it or correct the URI.`
    return fault('not-found', message, answer, settings, {})
  }
  return undefined
}

/** The server's time is taken for ours by then, so the same call made again is right. */
function wrongClock(answer: Refused, settings: S3Settings): StorageError {
  const theirs = Date.parse(answer.headers['date'] ?? '')
  const minutes = Math.round(Math.abs(theirs - settings.now()) / 60_000)
  const off = Number.isNaN(minutes) ? 'more than 15 minutes' : `about ${minutes} minutes`
  const message = `This machine's clock is off by ${off} against that of ${settings.name}; set it.`
  return fault('unauthenticated', message, answer, settings, {}, { retry: 'now' })
}

function refusal(answer: Refused, settings: S3Settings, doing: Doing): StorageError {
  const { code, status } = answer
  const rule =
    raceRule(answer, settings, doing) ??
    CODES[code] ??
    STATUSES[status] ??
    (status >= 500 || status < 400 ? BROKEN : REFUSED)
  const kind = exactKind(rule.kind, answer, doing)
  const message =
    plainSentence(kind, answer, settings, doing) ?? sentence(rule, answer, settings, doing)
  return fault(kind, message, answer, settings, doing, rule)
}

/** Tried again, the write that lost is told so in the usual way. */
function raceRule({ code }: Refused, { row }: S3Settings, { mode }: Doing): Rule | undefined {
  const conditional = mode !== undefined && mode !== 'overwrite'
  const lost = code === 'UnknownError' && conditional && row.quirks?.lostRaceIsUnknown
  return lost ? { kind: 'unavailable', retry: 'now', hint: 'try again' } : undefined
}

/** What the answer means to who asked under a condition. */
function exactKind(kind: ErrorKind, { code, headers }: Refused, { mode }: Doing): ErrorKind {
  if (kind === 'precondition' && mode === 'create') return 'exists'
  const gone = kind === 'not-found' && code !== 'NoSuchUpload'
  if (gone && typeof mode === 'object') return 'precondition'
  // A GET or HEAD that names a delete marker.
  if (kind === 'unsupported' && headers['x-amz-delete-marker'] === 'true') return 'not-found'
  return kind
}

/** Where all stores say the same. */
function plainSentence(
  kind: ErrorKind,
  { code }: Refused,
  { name }: S3Settings,
  { key }: Doing,
): string | undefined {
  if (key === undefined) return undefined
  const refusals = { 'not-found': absent, exists: taken, precondition: changed, corrupt }
  if (code === 'NoSuchUpload') return unknownUpload(name, key).message
  return kind in refusals ? refusals[kind as keyof typeof refusals](name, key).message : undefined
}

function sentence(
  { kind, hint }: Rule,
  answer: Refused,
  { name }: S3Settings,
  { key }: Doing,
): string {
  const named = /^[A-Z]\w+$/.test(answer.code) && !answer.code.startsWith('Unknown')
  const reason = named ? `${answer.status} ${answer.code}` : `${answer.status}`
  const told = kind === 'invalid' && CODES[answer.code] === undefined ? theirWords(answer) : ''
  return `${name} answered ${subjectOf(key)} with ${reason}${told}; ${hint ?? 'look at it again'}.`
}

/** Only of requests that it could not understand: other messages may quote what was signed. */
function theirWords({ message }: Refused): string {
  const line = message.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return line === '' || line.startsWith('Unknown') || line.length > 300 ? '' : ` (${line})`
}

function fault(
  kind: ErrorKind,
  message: string,
  answer: Refused,
  { name }: S3Settings,
  { key }: Doing,
  { retry, ambiguous }: Pick<Rule, 'retry' | 'ambiguous'> = {},
): StorageError {
  return new StorageError(kind, message, {
    store: name,
    key,
    status: answer.status,
    retry,
    ambiguous,
    retryAfterSeconds: retryAfter(answer.headers),
    cause: new Refusal(answer),
  })
}

function retryAfter(headers: Record<string, string>): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined
}

/** Enough to ask the provider about it, and nothing of what was signed. */
class Refusal extends Error {
  readonly code: string

  constructor({ code, status, headers }: Refused) {
    const id = headers['x-amz-request-id']
    super(`${status} ${code}${id ? `, request ${id}` : ''}`)
    this.name = 'Refusal'
    this.code = code
  }
}

/** S3's own word for why it refused. */
export function codeOf({ cause }: StorageError): string | undefined {
  return cause instanceof Refusal ? cause.code : undefined
}

// From what Azure answers, or from no answer at all, to the one error type. The code in the answer
// decides, and the status where there is no code.
// https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes

import type { ErrorKind } from '../../errors.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { absent, changed, corrupt, taken } from '../refusals.ts'
import type { AzureSettings } from './settings.ts'

/** What was asked for, as far as it changes what a refusal means. */
export interface Attempt {
  key?: string | undefined
  signal: AbortSignal
  /** The write was to create. */
  creates?: boolean | undefined
  /** What was to be copied. */
  source?: string | undefined
}

export interface Refusal {
  status: number
  code?: string | undefined
  retryAfter?: string | undefined
  date?: string | undefined
}

export function refusal(settings: AzureSettings, attempt: Attempt, answer: Refusal): StorageError {
  const { key, creates } = attempt
  const kind = KINDS[answer.code ?? ''] ?? kindOfStatus(answer.status)
  if (attempt.source !== undefined && answer.code === 'SourceConditionNotMet') {
    return changed(settings.name, attempt.source)
  }
  if (key !== undefined) {
    if (answer.code === 'BlobArchived' || answer.code === 'BlobBeingRehydrated') {
      return archived(settings.name, key, answer.status)
    }
    // A copy misses nothing but its source.
    if (kind === 'not-found' && answer.code !== 'ContainerNotFound')
      return absent(settings.name, attempt.source ?? key)
    if (kind === 'corrupt') return corrupt(settings.name, key)
    if (kind === 'exists' || (kind === 'precondition' && creates)) return taken(settings.name, key)
    if (kind === 'precondition') return changed(settings.name, key)
  }
  return new StorageError(kind, sentence(settings, kind, key, answer), {
    store: settings.name,
    key: kind === 'not-found' ? undefined : key,
    status: answer.status,
    retryAfterSeconds: seconds(answer.retryAfter),
    // A 503 says that nothing was done; any other failure of the server's may have come too late.
    ambiguous: answer.status >= 500 && answer.status !== 503 && answer.status !== 501,
  })
}

const KINDS: Partial<Record<string, ErrorKind>> = {
  BlobNotFound: 'not-found',
  ContainerNotFound: 'not-found',
  ContainerBeingDeleted: 'not-found',
  ResourceNotFound: 'not-found',
  BlobAlreadyExists: 'exists',
  UnauthorizedBlobOverwrite: 'exists', // a SAS that may only create
  ConditionNotMet: 'precondition',
  SourceConditionNotMet: 'precondition',
  TargetConditionNotMet: 'precondition',
  Md5Mismatch: 'corrupt',
  Crc64Mismatch: 'corrupt',
  AuthenticationFailed: 'unauthenticated',
  InvalidAuthenticationInfo: 'unauthenticated',
  NoAuthenticationInformation: 'unauthenticated',
  AccountIsDisabled: 'denied',
  LeaseIdMissing: 'denied',
  BlobImmutableDueToPolicy: 'denied',
  BlobImmutableDueToLegalHold: 'denied',
  PublicAccessNotPermitted: 'denied',
  RequestBodyTooLarge: 'too-large',
  BlockCountExceedsLimit: 'too-large',
  FeatureNotSupported: 'unsupported',
  ServerBusy: 'throttled',
  AccountLimitExceeded: 'throttled',
  InternalError: 'unavailable',
  OperationTimedOut: 'unavailable',
  PendingCopyOperation: 'unavailable',
}

function kindOfStatus(status: number): ErrorKind {
  if (status === 401) return 'unauthenticated'
  if (status === 403) return 'denied'
  if (status === 404) return 'not-found'
  if (status === 412) return 'precondition'
  if (status === 413) return 'too-large'
  if (status === 429 || status === 503) return 'throttled'
  if (status === 501) return 'unsupported'
  if (status >= 500) return 'unavailable'
  return status >= 400 ? 'invalid' : 'internal'
}

function sentence(
  settings: AzureSettings,
  kind: ErrorKind,
  key: string | undefined,
  answer: Refusal,
): string {
  const { name, account, container } = settings
  const what = key === undefined ? 'the request' : `the request for ${quoteKey(key)}`
  const said = answer.code ? `${answer.status} ${answer.code}` : String(answer.status)
  switch (kind) {
    case 'not-found':
      return `The container "${container}" of ${name} is not in the account "${account}"; create it, or correct the store's URI.`
    case 'unauthenticated':
      return clockSentence(settings, answer) ?? unauthenticatedSentence(settings, said)
    case 'denied':
      if (answer.code === 'AuthorizationFailure') return forbiddenSentence(settings, said)
      return `${name} does not allow ${what} (${said}); give its identity, key or SAS token the right to it.`
    case 'throttled':
      return `${name} is busy and did not take ${what} (${said}); try again later.`
    case 'unavailable':
      return `${name} failed at ${what} (${said}); try again later.`
    case 'unsupported':
      return `${name} cannot do this to its objects (${said}); the kind of account does not have it.`
    default:
      return `${name} refused ${what} (${said}).`
  }
}

function unauthenticatedSentence(
  { name, credential, account }: AzureSettings,
  said: string,
): string {
  const what = {
    key: `the account key; check that it is one of the account "${account}"`,
    sas: 'the SAS token; check that it has not ended and is of this container',
    token: `the token; check its tenant and its identity's role on the account "${account}"`,
  }[credential.kind]
  return `${name} does not accept ${what} (${said}).`
}

function forbiddenSentence({ name, account }: AzureSettings, said: string): string {
  return `${name} does not let this machine in (${said}); check the network rules of the account "${account}", and that its key is right.`
}

const SKEW_MINUTES = 15

/** A signature with a date too far from Azure's own is refused like a wrong one; the answer's date tells. */
function clockSentence(settings: AzureSettings, { date }: Refusal): string | undefined {
  const minutes = Math.round((settings.now() - Date.parse(date ?? '')) / 60_000)
  if (!(Math.abs(minutes) >= SKEW_MINUTES)) return undefined
  const direction = minutes > 0 ? 'ahead' : 'behind'
  return `This machine's clock is ${Math.abs(minutes)} minutes ${direction} of that of ${settings.name}, which refuses its signatures; set it.`
}

function archived(store: string, key: string, status: number): StorageError {
  const message = `${quoteKey(key)} is archived in ${store}; restore it before it is read.`
  return new StorageError('invalid', message, { store, key, status })
}

function seconds(retryAfter: string | undefined): number | undefined {
  const value = Number(retryAfter ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

/** Nothing was sent, so nothing can have been done. */
const UNSENT = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])

/** `code` is Node's, of what became of the connection. */
export function noAnswer(
  settings: AzureSettings,
  code: string,
  { key }: Pick<Attempt, 'key'>,
): StorageError {
  const { name, endpoint, account } = settings
  const { origin, host } = new URL(endpoint)
  const message =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? `The host ${host} of ${name} has no address; check the account's name "${account}" and the network.`
      : UNSENT.has(code)
        ? `Nothing answers at ${origin} for ${name}; check its endpoint and the network.`
        : `The connection to ${origin} for ${name} broke off before an answer came; try again later.`
  return new StorageError('unavailable', message, {
    store: name,
    key,
    cause: code === '' ? undefined : code,
    ambiguous: !UNSENT.has(code),
  })
}

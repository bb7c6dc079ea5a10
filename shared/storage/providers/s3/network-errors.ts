// What goes wrong before there is an answer. What failed before a byte could leave is certain not to have
// happened; of everything later nobody knows.

import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import type { S3Settings } from './settings.ts'

/** Codes of Node's name lookup, sockets and TLS that tell that no request was sent, with what to do. */
const NEVER_SENT: Record<string, string> = {
  ENOTFOUND: 'has no address; check its endpoint and region',
  EAI_AGAIN: 'could not be looked up; check the network and its name servers',
  ECONNREFUSED: 'accepts no connection; check its endpoint, and that its server runs',
  EHOSTUNREACH: 'cannot be reached; check the network',
  ENETUNREACH: 'cannot be reached; check the network',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'has a certificate that it signed itself; trust it by NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN:
    'has a certificate of an unknown authority; trust it by NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'has a certificate of an unknown authority; trust it by NODE_EXTRA_CA_CERTS',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'has a certificate of an unknown authority; trust it by NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'has a certificate of another name; check its endpoint and path_style',
  EPROTO: 'does not speak TLS there; check whether its endpoint is http or https',
}

export function networkError(
  error: unknown,
  { name, endpoint }: S3Settings,
  key: string | undefined,
): StorageError {
  const details = { store: name, key, cause: error }
  const hint = NEVER_SENT[codeOf(error) ?? '']
  if (hint) {
    return new StorageError(
      'unavailable',
      `The host ${new URL(endpoint).host} of ${name} ${hint}.`,
      details,
    )
  }
  if (isOurs(error)) {
    const message = `The S3 client of ${name} failed at ${subject(key)}: ${error.message}.`
    return new StorageError('internal', message, details)
  }
  const message = `The connection to ${name} broke off at ${subject(key)}, so its outcome is not known; try again.`
  return new StorageError('unavailable', message, { ...details, ambiguous: true })
}

function subject(key: string | undefined): string {
  return key === undefined ? 'a request' : `a request for ${quoteKey(key)}`
}

/** A process marks what its sockets did with a code; a Worker throws a plain Error. */
function isOurs(error: unknown): error is Error {
  const slips =
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  return slips && codeOf(error) === undefined
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'cause' in error ? codeOf(error.cause) : undefined
}

// Where the keys of an S3 store come from. Keys that are known are at hand without a promise; those of
// Amazon's own chain (profile, SSO, web identity, instance role) are fetched when first needed, kept until
// shortly before they end, and fetched once however many ask meanwhile.

import { StorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'
import type { CredentialSource } from '../../signer.ts'
import { keepUntilExpiry } from '../expiring.ts'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
  /** Absent with a session token: it ends, and nobody here knows when. */
  expiresAt?: Date | undefined
}

/** Less than the chain's own five minutes, so that asking it gives new ones. */
const REFRESH_BEFORE_END_MS = 4 * 60_000

/** The store's own options first, then its provider's variables, then Amazon's, then Amazon's chain. */
export function s3Credentials(opening: Opening): CredentialSource<S3Credentials> {
  const found = optionKeys(opening) ?? (profileOf(opening) ? undefined : environmentKeys(opening))
  if (found) return () => found
  if (asksChain(opening)) return chainSource(opening)
  const missing = missingKeys(opening)
  // A binding needs no keys but to sign, and not everybody signs.
  if (opening.address.parameters['binding'] === undefined) throw missing
  return () => {
    throw missing
  }
}

function optionKeys(opening: Opening): S3Credentials | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = opening.options.credentials ?? {}
  if (!accessKeyId && !secretAccessKey) return undefined
  return wholePair(opening, accessKeyId, secretAccessKey, sessionToken, 'options', [
    'accessKeyId',
    'secretAccessKey',
  ])
}

const AWS_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const

function environmentKeys(opening: Opening): S3Credentials | undefined {
  const { row } = opening.address
  const own = row.keyVariables && variableKeys(opening, row.keyVariables)
  const token = opening.platform.env['AWS_SESSION_TOKEN']
  return own ?? variableKeys(opening, AWS_VARIABLES, token)
}

function variableKeys(
  opening: Opening,
  names: readonly [string, string],
  sessionToken?: string,
): S3Credentials | undefined {
  const { env } = opening.platform
  const [accessKeyId, secretAccessKey] = [env[names[0]], env[names[1]]]
  if (!accessKeyId && !secretAccessKey) return undefined
  return wholePair(opening, accessKeyId, secretAccessKey, sessionToken, 'environment', names)
}

/** In no key or token of anybody, and a line break could not be sent. */
const UNFIT = /[^\x21-\x7e]/

/** Half a pair is a mistake to tell, not a reason to look for keys elsewhere. */
function wholePair(
  opening: Opening,
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
  place: string,
  names: readonly [string, string],
): S3Credentials {
  if (accessKeyId && secretAccessKey) {
    if (UNFIT.test(accessKeyId + secretAccessKey + (sessionToken ?? ''))) {
      throw unauthenticated(
        opening,
        `has a space, a line break or the like among the credentials in its ${place}; copy them again`,
      )
    }
    return sessionToken
      ? { accessKeyId, secretAccessKey, sessionToken }
      : { accessKeyId, secretAccessKey }
  }
  const [there, lacking] = accessKeyId ? names : [names[1], names[0]]
  throw unauthenticated(
    opening,
    `has ${there} in its ${place} but not ${lacking}; set both or neither`,
  )
}

function profileOf(opening: Opening): string | undefined {
  return opening.address.parameters['profile'] || opening.options.credentials?.profile
}

/** The chain reads files and asks the machine: only a process can, and only Amazon's keys come out of it. */
function asksChain(opening: Opening): boolean {
  if (!opening.platform.fileSystem) return false
  return opening.address.row.id === 's3' || profileOf(opening) !== undefined
}

function chainSource(opening: Opening): CredentialSource<S3Credentials> {
  const profile = profileOf(opening)
  let chain: (() => Promise<S3Credentials>) | undefined
  return keepUntilExpiry(
    async () => {
      try {
        chain ??= await openChain(profile)
        return await chain()
      } catch (cause) {
        throw missingKeys(opening, cause)
      }
    },
    {
      endOf: ({ expiresAt }) => expiresAt?.getTime(),
      now: opening.platform.now,
      marginMilliseconds: REFRESH_BEFORE_END_MS,
    },
  )
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html */
async function openChain(profile: string | undefined): Promise<() => Promise<S3Credentials>> {
  const { defaultProvider } = await import('./credential-chain.ts')
  const provide = defaultProvider(profile === undefined ? {} : { profile })
  return async () => {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provide()
    return { accessKeyId, secretAccessKey, sessionToken, expiresAt: expiration }
  }
}

function missingKeys(opening: Opening, cause?: unknown): StorageError {
  const { keyVariables } = opening.address.row
  const pairs = [...(keyVariables ? [keyVariables] : []), AWS_VARIABLES]
  const variables = pairs.map((pair) => pair.join(' and ')).join(', or ')
  const profile = profileOf(opening)
  const problem = profile
    ? `finds no credentials in the profile "${profile}"; log in to it or correct its name`
    : `has no credentials; set ${variables}, or give it accessKeyId and secretAccessKey`
  return unauthenticated(opening, problem, cause)
}

function unauthenticated(opening: Opening, problem: string, cause?: unknown): StorageError {
  return new StorageError('unauthenticated', `The store "${opening.name}" ${problem}.`, {
    store: opening.name,
    cause,
  })
}

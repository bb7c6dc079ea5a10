// Tokens that a provider's notifications bring. Issuer, audience and the one algorithm are pinned; keys are
// fetched from the issuer at the first need. A token that does not hold is no error but undefined; keys that
// cannot be had are, since then nothing is known of the token.

import { StorageError } from '#shared/storage/errors.ts'
import type * as JoseModule from '#shared/wire/jose.ts'
import { isTokenFault } from '#shared/wire/token-fault.ts'
import type { Outside } from './outside.ts'

type Jose = typeof JoseModule
type Keys = ReturnType<Jose['createRemoteJWKSet']>

export type Claims = Readonly<Record<string, unknown>>
export type VerifyToken = (token: string) => Promise<Claims | undefined>

export interface TokenTerms {
  issuers: readonly string[]
  audience: string
  /** Where the issuer's keys are. */
  jwks: string
  /** A token older than this is not taken, however long it says that it holds. */
  maxAgeSeconds: number
}

const CLOCK_SKEW_SECONDS = 60

export function createTokenVerifier(terms: TokenTerms, { now, fetch }: Outside): VerifyToken {
  let keys: Keys | undefined

  return async (token) => {
    const jose = await import('#shared/wire/jose.ts')
    keys ??= jose.createRemoteJWKSet(new URL(terms.jwks), {
      [jose.customFetch]: (url, init) => fetch(url, init),
    })
    try {
      const { payload } = await jose.jwtVerify(token, keys, {
        issuer: [...terms.issuers],
        audience: terms.audience,
        algorithms: ['RS256'],
        clockTolerance: CLOCK_SKEW_SECONDS,
        maxTokenAge: terms.maxAgeSeconds,
        currentDate: new Date(now()),
        requiredClaims: ['exp'],
      })
      return payload
    } catch (error) {
      if (isTokenFault(jose, error)) return undefined
      const message = `The keys of ${new URL(terms.jwks).host} cannot be had at the moment; try again.`
      throw new StorageError('unavailable', message, { cause: error })
    }
  }
}

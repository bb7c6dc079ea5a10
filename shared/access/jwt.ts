// JWTs of issuers that the configuration knows. The issuer's rule pins algorithms, audience and the keys or
// where they are; `none` and shared secrets are no algorithms here. Keys are fetched at the first need, kept
// ten minutes, and asked for again, at most twice a minute, when a token names one that is not among them. A
// token that held is remembered as long, so that the requests of one user verify it once.

import { Buffer } from 'node:buffer'
import { StorageError } from '#shared/storage/errors.ts'
import type * as JoseModule from '#shared/wire/jose.ts'
import { isTokenFault } from '#shared/wire/token-fault.ts'
import { createAdmissions } from './admissions.ts'
import { principalOf } from './claims.ts'
import type { Principal } from './principal.ts'
import { AccessError } from './refusals.ts'
import type { IssuerRule } from './rules.ts'

type Jose = typeof JoseModule
type Keys = ReturnType<Jose['createRemoteJWKSet']> | ReturnType<Jose['createLocalJWKSet']>

export type VerifyJwt = (token: string) => Principal | Promise<Principal>

/** A principal, until when in milliseconds since the epoch. */
type Verified = [principal: Principal, endsAt: number]

export function createJwtVerifier(rules: readonly IssuerRule[], now: () => number): VerifyJwt {
  const keys = new Map<IssuerRule, Keys>()
  const admissions = createAdmissions(now)

  async function admit(token: string): Promise<Principal> {
    const [principal, endsAt] = await verifyByIssuer(token)
    admissions.keep(token, principal, endsAt)
    return principal
  }

  async function verifyByIssuer(token: string): Promise<Verified> {
    const issuer = claimedIssuer(token)
    const own = rules.filter((rule) => rule.issuer === issuer)
    if (own.length === 0)
      throw new AccessError('Your token is of an issuer that is not known here.')
    const jose = await import('#shared/wire/jose.ts')
    let failure: unknown
    // One issuer may have a rule for each audience.
    for (const rule of own) {
      try {
        const found = keys.get(rule) ?? keysOf(jose, rule)
        keys.set(rule, found)
        return await verify(jose, token, rule, found, now())
      } catch (error) {
        failure = error
        if (!isWrongAudience(error)) break
      }
    }
    throw failure instanceof StorageError ? failure : refusal(jose, failure)
  }

  return (token) => admissions.find(token) ?? admit(token)
}

async function verify(
  { jwtVerify }: Jose,
  token: string,
  rule: IssuerRule,
  keys: Keys,
  nowMs: number,
): Promise<Verified> {
  const { payload } = await jwtVerify(token, keys, {
    issuer: rule.issuer,
    audience: rule.audience,
    algorithms: [...rule.algorithms],
    clockTolerance: rule.clockSkewSeconds,
    currentDate: new Date(nowMs),
    requiredClaims: ['exp'],
  })
  const { exp = 0 } = payload
  return [principalOf(payload, rule), (exp + rule.clockSkewSeconds) * 1000]
}

function keysOf({ createLocalJWKSet, createRemoteJWKSet }: Jose, rule: IssuerRule): Keys {
  if (rule.jwks !== undefined) return createRemoteJWKSet(new URL(rule.jwks))
  return createLocalJWKSet({
    keys: (rule.keys ?? []).map((key) => ({ ...key, kty: String(key['kty']) })),
  })
}

/** Read before anything is verified, to choose the rule that verifies it. */
function claimedIssuer(token: string): unknown {
  const [, payload = ''] = token.split('.')
  try {
    const read: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof read === 'object' && read !== null && 'iss' in read ? read.iss : undefined
  } catch {
    throw new AccessError('Your token is not one.')
  }
}

function isWrongAudience(error: unknown): boolean {
  return error instanceof Error && 'claim' in error && error.claim === 'aud'
}

function refusal(jose: Jose, error: unknown): StorageError {
  const { errors } = jose
  if (error instanceof errors.JWTExpired) return new AccessError('Your token has expired.')
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new AccessError(`Your token's claim \`${error.claim}\` does not hold here.`)
  }
  if (error instanceof errors.JWKSTimeout || !isTokenFault(jose, error)) {
    return new StorageError(
      'unavailable',
      "The keys of your token's issuer cannot be had at the moment; try again.",
      { cause: error },
    )
  }
  return new AccessError("Your token's signature does not hold here.")
}

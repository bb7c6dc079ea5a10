// From an Authorization header to who asks. Closed by default: no header, no token that the configuration
// knows, no entry. A token of Skein's own is found at once, with no promise, and so is a JWT that held a while
// ago; the first JWT loads its library.

import { createJwtVerifier } from './jwt.ts'
import type { Principal } from './principal.ts'
import { AccessError } from './refusals.ts'
import type { AccessRules } from './rules.ts'
import { createTokens } from './tokens.ts'

export type Authenticate = (
  authorization: string | null | undefined,
) => Principal | Promise<Principal>

const SCHEME = 'bearer '
/** Longer than any honest token, and short enough to hash without a thought. */
const LONGEST_TOKEN = 8192

export function createAuthenticate(rules: AccessRules, now: () => number): Authenticate {
  const find = createTokens(rules.tokens)
  const verify = createJwtVerifier(rules.issuers, now)

  return (authorization) => {
    const token = bearer(authorization)
    const found = find(token)
    if (found === undefined) {
      if (rules.issuers.length > 0 && isJwt(token)) return verify(token)
      throw new AccessError('Your token is not known here.')
    }
    if (now() >= found.expiresAt) throw new AccessError('Your token has expired.')
    return found.principal
  }
}

function bearer(authorization: string | null | undefined): string {
  if (authorization === null || authorization === undefined) {
    throw new AccessError('This takes a token: send `Authorization: Bearer …`.', false)
  }
  if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    throw new AccessError('This takes `Authorization: Bearer …`, and no other kind.', false)
  }
  const token = authorization.slice(SCHEME.length).trim()
  if (token === '' || token.length > LONGEST_TOKEN) {
    throw new AccessError('Your token is not known here.')
  }
  return token
}

function isJwt(token: string): boolean {
  return token.split('.', 4).length === 3
}
